// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim explain: what a figure of a run means. */
#include <stdio.h>
#include <string.h>

#include "engine/error.h"
#include "sim/commands.h"
#include "sim/explain_table.h"

#define LINES_MAX	128

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **name = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (*name)
		argp_error(state, "'%s' is one too many: give one figure", arg);
	*name = arg;
	return 0;
}

static const struct argp argp = {
	NULL, parse, "[METRIC]",
	"Say how a figure of 'terrace-sim run' is computed; without METRIC, list them all.",
	NULL, NULL, NULL
};

static int unknown(const char *name)
{
	const char *names[LINES_MAX], *nearest;
	size_t i;

	for (i = 0; i < explain_lines && i < LINES_MAX; i++)
		names[i] = explain_table[i].name;
	nearest = engine_nearest(name, names, i);
	if (nearest)
		return command_failed("no figure '%s'; did you mean '%s'?", name, nearest);
	return command_failed("no figure '%s'; 'terrace-sim explain' lists all", name);
}

int cmd_explain(int argc, char **argv)
{
	const char *name = NULL;
	size_t i;

	command_parse(&argp, argc, argv, &name);
	for (i = 0; i < explain_lines; i++) {
		const struct explain_line *l = &explain_table[i];

		if (!name)
			printf("%-32s %-10s  %s\n", l->name, l->unit, l->formula);
		else if (!strcmp(l->name, name))
			return printf("%s (%s)\n%s\n", l->name, l->unit, l->formula) < 0;
	}
	return name ? unknown(name) : STATUS_DONE;
}
