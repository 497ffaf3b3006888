// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim table: published figures beside those of the project's profiles and formulas. */
#include "sim/table.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "sim/commands.h"
#include "sim/data_path.h"

static const struct table_definition *const definitions[] = {
	&table_memories, &table_bottlenecks, &table_near, &table_h3, &table_sandisk,
};

#define DEFINITIONS	(sizeof(definitions) / sizeof(definitions[0]))

/**
 * struct table_args - the command line
 * @inputs: NULL = those that come with the program
 */
struct table_args {
	const char *name;
	const char *inputs;
	enum table_format format;
	bool list;
};

enum { OPTION_CSV = 256, OPTION_LIST };

static const struct argp_option options[] = {
	{ "inputs", 'i', "FILE", 0, "Inputs of the table, or their name (the table's)", 0 },
	{ "csv", OPTION_CSV, NULL, 0, "Print CSV instead of text", 0 },
	{ "list", OPTION_LIST, NULL, 0, "List the tables", 0 },
	OPTION_JSON,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct table_args *a = state->input;

	switch (key) {
	case 'i':
		a->inputs = arg;
		return 0;
	case 'j':
		a->format = TABLE_FORMAT_JSON;
		return 0;
	case OPTION_CSV:
		a->format = TABLE_FORMAT_CSV;
		return 0;
	case OPTION_LIST:
		a->list = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->name)
			argp_error(state, "'%s' is one too many: give one table", arg);
		a->name = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->name && !a->list)
			argp_error(state, "the table is missing; --list names all");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, "TABLE\n--list",
	"Print published figures beside those that the project's profiles and formulas give.\v"
	"A figure 'agrees' when it is equal in the digits that are published, or within what is "
	"published; otherwise the difference is told. What cannot be computed is 'quoted'.",
	NULL, NULL, NULL
};

static int read_inputs(const struct table_definition *d, const char *given, struct table *t,
		       struct engine_error *e)
{
	char path[PATH_MAX];

	return sim_data_path("tables", "TERRACE_TABLES", ".ini", given ?: d->name, path, e) ?:
	       table_inputs_read(path, d->groups, &t->in, e);
}

static int tell(const struct table_definition *d, const struct table_args *a)
{
	struct table *t = calloc(1, sizeof(*t));
	struct engine_error e = { 0 };
	int err, status;

	if (!t)
		return command_failed("no memory: free some and try again");
	err = read_inputs(d, a->inputs, t, &e) ?: d->compute(t, &e);
	status = err ? command_refused("%s", e.text) : table_print(d->name, t, a->format);
	free(t);
	return err == -EINVAL ? STATUS_USAGE : status;
}

static int list(void)
{
	struct table *t = calloc(1, sizeof(*t));
	struct engine_error e = { 0 };
	int status = t ? STATUS_DONE : command_failed("no memory: free some and try again");
	size_t i;

	for (i = 0; status == STATUS_DONE && i < DEFINITIONS; i++) {
		if (read_inputs(definitions[i], NULL, t, &e))
			status = command_refused("%s", e.text);
		else
			printf("%-12s  %s\n", definitions[i]->name, t->in.description);
	}
	free(t);
	return status;
}

static int unknown(const char *name)
{
	const char *names[DEFINITIONS];
	size_t i;

	for (i = 0; i < DEFINITIONS; i++)
		names[i] = definitions[i]->name;
	return command_refused("there is no table '%s'; the nearest one is '%s'", name,
			      engine_nearest(name, names, DEFINITIONS) ?: names[0]);
}

int cmd_table(int argc, char **argv)
{
	struct table_args args = { 0 };
	size_t i;

	command_parse(&argp, argc, argv, &args);
	if (args.list)
		return list();
	for (i = 0; i < DEFINITIONS; i++)
		if (!strcmp(definitions[i]->name, args.name))
			return tell(definitions[i], &args);
	return unknown(args.name);
}
