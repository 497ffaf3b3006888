// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim compare: runs of scenarios beside each other. */
#include <errno.h>
#include <stdlib.h>

#include "cli/output.h"
#include "sim/commands.h"
#include "sim/compare_table.h"
#include "sim/jobs.h"
#include "sim/run_inputs.h"
#include "sim/run_load.h"
#include "sim/run_result.h"
#include "sim/run_scenario.h"

enum format { TEXT, CSV, JSON };

/**
 * struct comparison - all of it
 * @args, @run: @n scenarios, what they ask for and what came out
 */
struct comparison {
	struct run_args args[COMPARE_RUNS_MAX];
	struct compared_run run[COMPARE_RUNS_MAX];
	size_t n;
	enum format format;
	const char *figures;
};

/* ---- the command line ---- */

enum { KEY_CSV = 256 };

static const struct argp_option options[] = {
	{ "figures", 'f', "NAME,...", 0, "Only these, in this order", 1 },
	{ "json", 'j', NULL, 0, "Print JSON instead of text", 1 },
	{ "csv", KEY_CSV, NULL, 0, "Print CSV instead of text", 1 },
	{ 0 }
};

static void add(struct comparison *c, char *scenario, struct argp_state *state)
{
	if (c->n == COMPARE_RUNS_MAX)
		argp_error(state, "'%s' is one too many: give at most %d scenarios", scenario,
			   COMPARE_RUNS_MAX);
	c->run[c->n++].name = scenario;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct comparison *c = state->input;

	switch (key) {
	case 'f':
		c->figures = arg;
		return 0;
	case 'j':
		c->format = JSON;
		return 0;
	case KEY_CSV:
		c->format = CSV;
		return 0;
	case ARGP_KEY_ARG:
		add(c, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (c->n < 2)
			argp_error(state, "give two scenarios or more");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, "A B [C...]",
	"Make the runs of scenario files, or of scenarios that come with the program, and compare "
	"each of the others with the first.",
	NULL, NULL, NULL
};

/* ---- runs ---- */

static int read_scenario(const char *name, struct run_args *args, struct run_inputs *in,
			 struct engine_error *e)
{
	uint64_t key;
	int err = run_scenario_read(args, name, e);

	if (err)
		return err;
	if (run_args_text(args, RUN_MODEL) &&
	    (run_args_text(args, RUN_TRACE) || run_load_given(args)))
		return run_inputs_key(in, args, &key, e);
	engine_error_set(e, "%s lacks %s", name, run_args_text(args, RUN_MODEL) ?
			 "requests: give trace, or requests" : "a model: give one");
	return -EINVAL;
}

static int read_all(struct comparison *c, struct engine_error *e)
{
	struct run_inputs in = { 0 };
	size_t i;
	int err = 0;

	for (i = 0; !err && i < c->n; i++)
		err = read_scenario(c->run[i].name, &c->args[i], &in, e);
	run_inputs_free(&in);
	return err;
}

static char *make(void *ctx, size_t at)
{
	const struct comparison *c = ctx;
	json_t *result = run_result(&c->args[at]);
	char *text = result ? json_dumps(result, JSON_COMPACT) : NULL;

	json_decref(result);
	return text;
}

static int done(void *ctx, size_t at, const char *text, struct engine_error *e)
{
	struct comparison *c = ctx;
	json_t *result = json_loads(text, 0, NULL);

	if (!result) {
		engine_error_set(e, "no memory for what came out of %s", c->run[at].name);
		return -ENOMEM;
	}
	c->run[at].result = result;
	return 0;
}

static int run_all(struct comparison *c, struct engine_error *e)
{
	static const size_t pieces[COMPARE_RUNS_MAX] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	};
	const struct jobs jobs = { pieces, c->n, jobs_processors(), make, done, c };
	int err = jobs_run(&jobs, e);
	size_t i;

	for (i = 0; !err && i < c->n; i++)
		if (run_result_refused(c->run[i].result)) {
			engine_error_set(e, "%s: %s", c->run[i].name,
					 run_result_refused(c->run[i].result));
			err = -EINVAL;
		}
	return err;
}

static int print(const struct comparison *c, json_t *table)
{
	if (c->format == JSON)
		return print_json(table);
	if (c->format == CSV)
		compare_print_csv(table);
	else
		compare_print_text(table);
	json_decref(table);
	return STATUS_DONE;
}

static int compare(struct comparison *c)
{
	struct engine_error e;
	json_t *table;

	if (read_all(c, &e))
		return command_refused("%s", e.text);
	if (run_all(c, &e))
		return command_failed("%s", e.text);
	table = compare_table(c->run, c->n, c->figures, &e);
	return table ? print(c, table) : command_refused("%s", e.text);
}

int cmd_compare(int argc, char **argv)
{
	struct comparison *c = calloc(1, sizeof(*c));
	int status;

	if (!c)
		return command_failed("no memory: free some and try again");
	command_parse(&argp, argc, argv, c);
	status = compare(c);
	while (c->n)
		json_decref(c->run[--c->n].result);
	free(c);
	return status;
}
