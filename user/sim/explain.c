// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim explain: what a figure of a run means. */
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "sim/commands.h"
#include "sim/explain_uses.h"
#include "sim/figures.h"

/**
 * struct explain_args - the command line
 */
struct explain_args {
	const char *name;
	struct system_files files;
};

static const struct argp_option options[] = {
	{ "tiers", 't', "TIERS", 0, "Tier file, or its name (" SYSTEM_TIERS ")", 0 },
	{ "prices", 'p', "PRICES", 0, "File of prices, or its name (" SYSTEM_PRICES ")", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct explain_args *args = state->input;

	if (key == 't')
		args->files.tiers = arg;
	else if (key == 'p')
		args->files.prices = arg;
	if (key == 't' || key == 'p')
		return 0;
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (args->name)
		argp_error(state, "'%s' is one too many: give one figure", arg);
	args->name = arg;
	return 0;
}

static const struct argp argp = {
	options, parse, "[METRIC]",
	"Say how a figure of 'terrace-sim run' is computed; without METRIC, list them all.",
	NULL, NULL, NULL
};

static int unknown(const char *name)
{
	const char *names[FIGURES_N], *nearest;
	size_t i;

	for (i = 0; i < FIGURES_N; i++)
		names[i] = figures[i].name;
	nearest = engine_nearest(name, names, i);
	if (nearest)
		return command_refused("no figure '%s'; did you mean '%s'?", name, nearest);
	return command_refused("no figure '%s'; 'terrace-sim explain' lists all", name);
}

static int explain(const struct figure *f, const struct system_files *files)
{
	static struct sim_system system;
	struct engine_error e = { 0 };

	if (system_read(files, &system, &e))
		return command_refused("%s", e.text);
	printf("%s (%s)\n%s\n", f->name, f->unit, f->formula);
	if (explain_uses(f->name, &system, &e))
		return command_refused("%s", e.text);
	return STATUS_DONE;
}

int cmd_explain(int argc, char **argv)
{
	struct explain_args args = { .files.devices = 1 };
	const char *name;
	size_t i;

	command_parse(&argp, argc, argv, &args);
	name = args.name;
	for (i = 0; i < FIGURES_N; i++) {
		const struct figure *f = &figures[i];

		if (!name)
			printf("%-32s %-10s  %s\n", f->name, f->unit, f->formula);
		else if (!strcmp(f->name, name))
			return explain(f, &args.files);
	}
	return name ? unknown(name) : STATUS_DONE;
}
