// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim fit: does a model fit devices, what lies where, and what would hold it? */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/commands.h"
#include "sim/fit_report.h"
#include "sim/run_options.h"

/**
 * struct arguments - the command line
 */
struct arguments {
	struct fit_case *fit;
	bool near;
	enum run_format format;
};

enum { KEY_CSV = 256, KEY_CONTEXT, KEY_BATCH, KEY_NEAR };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What has to fit beside the weights:", 5 },
	{ "context", KEY_CONTEXT, "TOKENS", 0, "Prompt and answer of a request (8192)", 5 },
	{ "batch", KEY_BATCH, "N", 0, "Requests at a time, of all groups (1)", 5 },
	{ NULL, 0, NULL, 0, "What is told:", 6 },
	{ "near", KEY_NEAR, NULL, 0,
	  "Modules near memory of 16 and 32 GB that hold the weights, banks of 32 and 64 MB", 6 },
	{ "json", 'j', NULL, 0, "Print JSON instead of text", 6 },
	{ "csv", KEY_CSV, NULL, 0, "Print a line for each number", 6 },
	{ 0 }
};

static uint64_t count(const char *name, const char *text, uint64_t most,
		      struct argp_state *state)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || !n || n > most)
		argp_error(state, "--%s is \"%s\"; give a number from 1 to %" PRIu64, name, text,
			   most);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const enum run_text needed[] = { RUN_MODEL };
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->fit->run.args;
		return 0;
	case KEY_CONTEXT:
		a->fit->context = count("context", arg, FIT_CONTEXT_MAX, state);
		return 0;
	case KEY_BATCH:
		a->fit->batch = count("batch", arg, FIT_BATCH_MAX, state);
		return 0;
	case KEY_NEAR:
		a->near = true;
		return 0;
	case 'j':
		a->format = RUN_JSON;
		return 0;
	case KEY_CSV:
		a->format = RUN_CSV;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", arg);
		return 0;
	case ARGP_KEY_END:
		run_options_need(&a->fit->run.args, needed, 1, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &run_options_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	options, parse, NULL,
	"Say whether a model and its requests fit devices, what lies where, and what would hold "
	"them.\v"
	"The options of a run lay it out as the run would; those that only serving needs are not "
	"looked at. Exit status: 0 it fits, 1 it does not, 2 an option or a file is wrong.",
	children, NULL, NULL
};

static int tell(const struct fit_case *f, const struct arguments *a)
{
	int status = fit_report(f, a->near, a->format);
	char explained[512];

	if (status != STATUS_DONE || !fit_lack(f))
		return status;
	fit_explain(f, explained, sizeof(explained));
	return command_failed("%s", explained);
}

int cmd_fit(int argc, char **argv)
{
	struct fit_case *f = calloc(1, sizeof(*f));
	struct arguments a = { .fit = f };
	struct engine_error e;
	int status, err;

	if (!f)
		return command_failed("no memory: free some and try again");
	command_parse(&argp, argc, argv, &a);
	err = fit_case(f, &e);
	if (!err)
		status = tell(f, &a);
	else
		status = err == -EINVAL || err == -EXDEV ? command_refused("%s", e.text) :
							   command_failed("%s", e.text);
	fit_case_free(f);
	free(f);
	return status;
}
