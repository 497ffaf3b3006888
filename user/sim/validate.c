// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim validate: does the simulator agree with what others published? */
#include "sim/validate.h"

#include "cli/output.h"
#include "sim/commands.h"

struct arguments {
	const char *folder;
	const char *traces;
	const char *tables;
	bool json;
};

static const struct argp_option options[] = {
	{ "traces", 't', "DIR", 0, "Request traces (DIR/../traces)", 0 },
	{ "tables", 'k', "DIR", 0, "Tables of measured kernels (DIR)", 0 },
	OPTION_JSON,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 't':
		a->traces = arg;
		return 0;
	case 'k':
		a->tables = arg;
		return 0;
	case 'j':
		a->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->folder)
			argp_error(state, "'%s' is too much: one folder is read at a time", arg);
		a->folder = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the folder with the published tables is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, "DIR",
	"Compare the simulator with the tables in DIR.\v"
	"A line for each check: rows compared, the worst deviation and the median, limits; why rows "
	"were skipped. Checks without a row in DIR are neither passed nor failed ('none'), those "
	"without a limit are told. Exit status 1 when a check fails.",
	NULL, NULL, NULL
};

static int run_checks(const struct validate *v, struct checks *all, struct engine_error *e)
{
	static int (*const checks[])(const struct validate *v, struct checks *all,
				     struct engine_error *e) = {
		validate_son_wear,
		validate_kyung_lifetime,
		validate_son_batch,
		validate_kyung_tpot,
		validate_bounds,
		validate_viewer,
		validate_genz,
		validate_collectives,
		validate_prefix,
		validate_requests,
		validate_reload,
	};
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < sizeof(checks) / sizeof(checks[0]); i++)
		err = checks[i](v, all, e);
	return err;
}

/* What nobody compares is said, so that a misspelt column is seen. */
static void tell_unknown(const struct forms *f)
{
	size_t i;

	for (i = 0; i < f->n_unknown; i++)
		fprintf(stderr, "terrace-sim: %s has the columns of no known table and is left out\n",
			f->unknown[i]);
}

static int tell(const struct checks *all, bool json)
{
	bool good = true;
	size_t i;

	if (!json)
		return checks_print(stdout, all) ? STATUS_DONE : STATUS_FAILED;
	for (i = 0; i < all->n; i++)
		good &= check_verdict(&all->check[i]) != CHECK_FAILED;
	return print_json(checks_json(all)) ?: (good ? STATUS_DONE : STATUS_FAILED);
}

int cmd_validate(int argc, char **argv)
{
	struct arguments a = { 0 };
	struct validate v = { 0 };
	struct checks all = { 0 };
	struct engine_error e;
	char traces[4096];
	int status;

	command_parse(&argp, argc, argv, &a);
	snprintf(traces, sizeof(traces), "%s/../traces", a.folder);
	v.traces = a.traces ?: traces;
	if (forms_read(a.folder, &v.published, &e) ||
	    forms_read(a.tables ?: a.folder, &v.kernels, &e) || run_checks(&v, &all, &e)) {
		status = command_refused("%s", e.text);
	} else {
		tell_unknown(&v.published);
		status = tell(&all, a.json);
	}
	checks_free(&all);
	forms_free(&v.published);
	forms_free(&v.kernels);
	return status;
}
