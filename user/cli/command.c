// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables of commands. */
#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"

#define COMMANDS_MAX	16	/* lines of a table */

struct dispatch {
	const struct command *table;
	int status;
};

static void complain(const char *format, va_list args)
{
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int command_failed(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	return STATUS_FAILED;
}

int command_refused(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	return STATUS_USAGE;
}

void command_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	argp_err_exit_status = STATUS_USAGE;
	argp_parse(argp, argc, argv, 0, NULL, input);
}

const struct argp_option command_json_options[] = { OPTION_JSON, { 0 } };

error_t command_json_parser(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	switch (key) {
	case 'j':
		*json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is too much: the command takes no arguments", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct command *find(const struct command *table, const char *name)
{
	while (table->name && strcmp(table->name, name))
		table++;
	return table->name ? table : NULL;
}

static const char *nearest(const struct command *table, const char *word)
{
	const char *names[COMMANDS_MAX];
	size_t n;

	for (n = 0; n < COMMANDS_MAX && table[n].name; n++)
		names[n] = table[n].name;
	return engine_nearest(word, names, n);
}

static int run(const struct command *c, const char *program, int argc, char **argv)
{
	char name[128];

	snprintf(name, sizeof(name), "%s %s", program, c->name);
	argv[0] = name;
	return c->run(argc, argv);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct dispatch *d = state->input;
	const struct command *c;

	switch (key) {
	case ARGP_KEY_ARG:
		c = find(d->table, arg);
		if (c)
			d->status = run(c, state->name, state->argc - state->next + 1,
					state->argv + state->next - 1);
		else
			argp_error(state, "there is no command '%s', did you mean '%s'?", arg,
				   nearest(d->table, arg));
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a command is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Add the table to the help. */
static char *help(int key, const char *text, void *input)
{
	const struct dispatch *d = input;
	const struct command *c;
	size_t length = 0;
	char *list = NULL;
	FILE *out;

	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	out = open_memstream(&list, &length);
	if (!out)
		return (char *)text;
	fputs("Commands:\n", out);
	for (c = d->table; c->name; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->summary);
	fprintf(out, "\n%s", text ? text : "");
	fclose(out);
	return list;
}

int commands_run(int argc, char **argv, const struct command *table, const char *doc)
{
	const struct argp argp = {
		.parser = parse,
		.args_doc = "COMMAND [ARGUMENT...]",
		.doc = doc,
		.help_filter = help,
	};
	struct dispatch d = { .table = table, .status = STATUS_USAGE };

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &d);
	if (fflush(stdout) || ferror(stdout))
		return command_failed("cannot write the output: is its disk full or its reader gone?");
	return d.status;
}
