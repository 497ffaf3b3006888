// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace tier load: all tiers of a file come online, or none. */
#include "cli/bringup.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "engine/tierfile.h"

struct load_args {
	const char *file;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct load_args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (args->file)
			argp_error(state, "one FILE at a time, not '%s' as well", arg);
		args->file = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a FILE is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = { OPTION_JSON, { 0 } };

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Bring the tiers of a tier file online: all of them, or none when one fails. Needs root and "
	       "no tier online before; terrace-tiers(5) describes the file.\v"
	       "Examples:\n"
	       "  terrace tier load tests/data/tiers/hbm.ini\n"
	       "  TERRACE_PROFILES=~/profiles terrace tier load my-machine.ini --json",
};

static int report_json(const struct engine_tierfile *file)
{
	json_t *tiers = json_array();
	__u32 i;

	for (i = 0; i < file->n_tiers; i++)
		json_array_append_new(tiers, json_string(file->tiers[i].name));
	return print_json(json_pack("{s:o, s:o}", "scale", json_amount(file->device.scale),
				    "tiers", tiers));
}

static int report(const struct engine_tierfile *file)
{
	char capacity[UNIT_MAX], real[UNIT_MAX];
	__u32 i;

	for (i = 0; i < file->n_tiers; i++) {
		const struct engine_tier *t = &file->tiers[i];

		format_bytes(capacity, t->profile.capacity_bytes);
		format_bytes(real, t->profile.capacity_bytes >> file->device.scale_shift);
		printf("tier %s is online: %s modelled on %s of %s\n", t->name, capacity, real,
		       t->backing);
	}
	return STATUS_DONE;
}

int cmd_tier_load(int argc, char **argv)
{
	static struct engine_tierfile file;
	struct load_args args = { 0 };
	struct engine_error e;
	int status;

	command_parse(&argp, argc, argv, &args);
	if (engine_tierfile_read(args.file, &file, &e))
		return command_failed("%s", e.text);
	status = bringup_tiers(&file);
	if (status)
		return status;
	return args.json ? report_json(&file) : report(&file);
}
