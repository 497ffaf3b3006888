// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim sweep: make the runs of a grid. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/jobs.h"
#include "sim/progress.h"
#include "sim/run_result.h"
#include "sim/sweep_table.h"

/**
 * struct sweep - all of it
 * @keys: of each cell
 * @todo: @n_todo cells whose results are not there yet
 */
struct sweep {
	const char *grid_path;
	const char *out_path;
	enum sweep_format format;
	unsigned int processes;
	bool says_progress;
	struct sweep_grid grid;
	struct run_inputs inputs;
	struct sweep_journal journal;
	struct progress progress;
	uint64_t *keys;
	size_t *todo;
	size_t n_todo;
	size_t n_done;
};

/* ---- the command line ---- */

enum { KEY_CSV = 256, KEY_PROGRESS };

static const struct argp_option options[] = {
	{ "jobs", 'J', "N", 0, "Processes at a time (one for each processor)", 1 },
	{ "out", 'o', "FILE", 0, "Write to FILE, by way of FILE.part, instead of standard output",
	  1 },
	{ "json", 'j', NULL, 0, "JSON lines instead of CSV", 1 },
	{ "csv", KEY_CSV, NULL, 0, "CSV (the default)", 1 },
	{ "progress", KEY_PROGRESS, NULL, 0, "Say on standard error how far it is", 1 },
	{ 0 }
};

static unsigned int jobs_of(const char *text, struct argp_state *state)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || *text == '-' || !n || n > JOBS_MAX)
		argp_error(state, "--jobs is \"%s\"; give a number from 1 to %d", text, JOBS_MAX);
	return (unsigned int)n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct sweep *s = state->input;

	switch (key) {
	case 'J':
		s->processes = jobs_of(arg, state);
		return 0;
	case 'o':
		if (!*arg)
			argp_error(state, "--out is empty; give a file");
		s->out_path = arg;
		return 0;
	case 'j':
		s->format = SWEEP_JSON;
		return 0;
	case KEY_CSV:
		s->format = SWEEP_CSV;
		return 0;
	case KEY_PROGRESS:
		s->says_progress = true;
		return 0;
	case ARGP_KEY_ARG:
		if (s->grid_path)
			argp_error(state, "'%s' is one too many: give one grid", arg);
		s->grid_path = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a grid is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, "GRID",
	"Make the runs of all combinations of a grid's values: a scenario file whose values may be "
	"lists.\v"
	"What was computed is kept in FILE.part: a sweep that was stopped goes on where it was when it "
	"is begun again. A cell that cannot be is a row with its reason. The output does not depend on "
	"--jobs.",
	NULL, NULL, NULL
};

/* ---- cells ---- */

/* In a process of its own. */
static char *make(void *ctx, size_t cell)
{
	const struct sweep *s = ctx;
	struct run_args args;
	struct engine_error e;
	json_t *result;
	char *text;

	if (sweep_grid_args(&s->grid, cell, &args, &e))
		result = json_pack("{s:s}", "refused", e.text);
	else
		result = run_result(&args);
	text = result ? json_dumps(result, JSON_COMPACT) : NULL;
	json_decref(result);
	return text;
}

static int done(void *ctx, size_t cell, const char *text, struct engine_error *e)
{
	struct sweep *s = ctx;

	s->n_done++;
	if (progress_due(&s->progress))
		progress_say(&s->progress, "%zu of %zu cells", s->n_done, s->grid.cells);
	return sweep_journal_add(&s->journal, s->keys[cell], text, e);
}

static int plan(struct sweep *s, struct engine_error *e)
{
	struct run_args args;
	size_t i;
	int err = 0;

	s->keys = calloc(s->grid.cells, sizeof(*s->keys));
	s->todo = calloc(s->grid.cells, sizeof(*s->todo));
	if (!s->keys || !s->todo) {
		engine_error_set(e, "no memory for %zu cells", s->grid.cells);
		return -ENOMEM;
	}
	for (i = 0; !err && i < s->grid.cells; i++) {
		err = sweep_grid_args(&s->grid, i, &args, e) ?:
		      run_inputs_key(&s->inputs, &args, &s->keys[i], e);
		if (!err && !sweep_journal_has(&s->journal, s->keys[i]))
			s->todo[s->n_todo++] = i;
	}
	s->n_done = s->grid.cells - s->n_todo;
	return err;
}

static int compute(struct sweep *s, struct engine_error *e)
{
	const struct jobs jobs = { s->todo, s->n_todo, s->processes, make, done, s };
	int err;

	progress_begin(&s->progress, s->says_progress);
	if (s->n_done)
		progress_say(&s->progress, "%zu of %zu cells were computed before", s->n_done,
			     s->grid.cells);
	err = jobs_run(&jobs, e);
	progress_end(&s->progress);
	return err;
}

/* ---- output ---- */

static int write_file(struct sweep *s, const char *made, struct engine_error *e)
{
	FILE *out = fopen(made, "we");
	int err = out ? 0 : -errno;

	if (err) {
		engine_error_set(e, "cannot write %s: %s", made, strerror(-err));
		return err;
	}
	err = sweep_table_write(out, s->format, &s->grid, &s->journal, s->keys, e);
	if (!err && fsync(fileno(out)))
		err = -errno;
	if (fclose(out) && !err)
		err = -errno;
	if (!err && rename(made, s->out_path))
		err = -errno;
	if (!err)
		return 0;
	engine_error_set(e, "cannot write %s: %s", s->out_path, strerror(-err));
	unlink(made);
	return err;
}

static int write_out(struct sweep *s, struct engine_error *e)
{
	char *made;
	int err;

	if (!s->out_path)
		return sweep_table_write(stdout, s->format, &s->grid, &s->journal, s->keys, e);
	if (asprintf(&made, "%s.new", s->out_path) < 0) {
		engine_error_set(e, "no memory for the name of the output");
		return -ENOMEM;
	}
	err = write_file(s, made, e);
	free(made);
	return err;
}

static int open_journal(struct sweep *s, char **path, struct engine_error *e)
{
	*path = NULL;
	if (s->out_path && asprintf(path, "%s.part", s->out_path) < 0) {
		*path = NULL;
		engine_error_set(e, "no memory for the name of the journal");
		return -ENOMEM;
	}
	return sweep_journal_open(&s->journal, *path, e);
}

static int sweep(struct sweep *s)
{
	struct engine_error e;
	char *journal = NULL;
	int status = STATUS_DONE, err;

	err = sweep_grid_read(&s->grid, s->grid_path, &s->inputs, &e);
	if (err)
		return err == -ENOMEM ? command_failed("%s", e.text) :
					command_refused("%s", e.text);
	err = open_journal(s, &journal, &e);
	if (!err)
		err = plan(s, &e) ?: compute(s, &e) ?: write_out(s, &e);
	if (err)
		status = command_failed("%s", e.text);
	sweep_journal_close(&s->journal, !err);
	free(journal);
	return status;
}

int cmd_sweep(int argc, char **argv)
{
	struct sweep s = { .processes = jobs_processors() };
	int status;

	command_parse(&argp, argc, argv, &s);
	status = sweep(&s);
	sweep_grid_free(&s.grid);
	run_inputs_free(&s.inputs);
	free(s.keys);
	free(s.todo);
	return status;
}
