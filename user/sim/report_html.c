// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim report: the JSON of runs and points as a page of HTML. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/commands.h"
#include "sim/report_documents.h"
#include "sim/report_page.h"
#include "sim/report_points.h"

#define OUT	"report.html"

enum { X, Y, AXES };
static const char *const axis_options[AXES] = { "--x", "--y" };
enum { KEY_X = 256, KEY_Y };

/**
 * struct arguments - the command line
 * @axes: names of numbers; NULL = the usual ones
 * @files: @n of them
 */
struct arguments {
	const char *out;
	const char *axes[AXES];
	char **files;
	int n;
};

/**
 * struct report - what has been read
 * @runs: [{"file", "line", "report"}]
 * @points: [{"file", "line", "run", "numbers", "texts"}]; of a run its index among them, else null
 */
struct report {
	json_t *runs;
	json_t *points;
};

static const struct argp_option options[] = {
	{ "out", 'o', "FILE", 0, "File to write (" OUT "), - for standard output", 0 },
	{ "x", KEY_X, "NAME", 0, "Number on the Pareto front's x axis (a latency)", 0 },
	{ "y", KEY_Y, "NAME", 0, "Number on its y axis (tokens per second)", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'o':
		a->out = arg;
		return 0;
	case KEY_X:
	case KEY_Y:
		a->axes[key - KEY_X] = arg;
		return 0;
	case ARGP_KEY_ARGS:
		a->files = state->argv + state->next;
		a->n = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "give a file of JSON, or - for standard input");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, "FILE...",
	"Make one page of HTML, which needs no other file and no network, of JSON.\v"
	"FILE holds what `terrace-sim run --json` prints, or JSON lines of points of a search, whose "
	"numbers span the Pareto front; - is standard input.",
	NULL, NULL, NULL
};

static bool is_run(json_t *object)
{
	json_t *tiers = json_object_get(object, "tier"), *tier;
	size_t i;

	json_array_foreach(tiers, i, tier)
		if (!json_is_object(json_object_get(tier, "figures")))
			return false;
	return json_is_object(json_object_get(object, "settings")) &&
	       json_is_object(json_object_get(object, "figures")) && json_is_array(tiers);
}

/* JSON is UTF-8, which names of files need not be. */
static json_t *json_name(const char *file)
{
	return json_string(file) ?: json_string("a file");
}

static int take(void *ctx, const char *file, size_t line, json_t *object, struct engine_error *e)
{
	struct report *r = ctx;
	json_t *point = report_point(object), *run = json_null();

	if (!json_object_size(json_object_get(point, "numbers"))) {
		engine_error_set(e, "%s:%zu: no run and no number: give what `terrace-sim run --json` "
				 "prints, or JSON lines of points", file, line);
		json_decref(point);
		return -EINVAL;
	}
	if (is_run(object)) {
		run = json_integer((json_int_t)json_array_size(r->runs));
		json_array_append_new(r->runs, json_pack("{s:o, s:I, s:O}", "file", json_name(file),
							 "line", (json_int_t)line, "report",
							 object));
	}
	json_object_set_new(point, "file", json_name(file));
	json_object_set_new(point, "line", json_integer((json_int_t)line));
	json_object_set_new(point, "run", run);
	return json_array_append_new(r->points, point) ? -ENOMEM : 0;
}

static int read_all(struct report *r, const struct arguments *a, struct engine_error *e)
{
	int err = 0, i;

	for (i = 0; i < a->n && !err; i++)
		err = report_documents(a->files[i], take, r, e);
	if (err == -ENOMEM)
		engine_error_set(e, "no memory for %s", a->files[i - 1]);
	if (err || json_array_size(r->points))
		return err;
	engine_error_set(e, "%s holds no run and no point", a->files[0]);
	return -EINVAL;
}

/* What is asked for has to be there; what is usual may be missing. */
static int choose_axes(const struct report *r, struct arguments *a, struct engine_error *e)
{
	const char *usual[AXES];
	int i;

	report_points_axes(r->points, usual);
	for (i = 0; i < AXES; i++) {
		if (a->axes[i] && !report_points_with(r->points, a->axes[i])) {
			engine_error_set(e, "%s: no point has a number '%s'", axis_options[i],
					 a->axes[i]);
			return -EINVAL;
		}
		if (!a->axes[i])
			a->axes[i] = usual[i];
	}
	return 0;
}

static int write_page(const struct report *r, const struct arguments *a, const char *page,
		      struct engine_error *e)
{
	json_t *data = json_pack("{s:s, s:s?, s:s?, s:O, s:O}", "program", argp_program_version, "x",
				 a->axes[X], "y", a->axes[Y], "runs", r->runs, "points", r->points);
	int err = data ? report_page_write(page, data, a->out, e) : -ENOMEM;

	if (!data)
		engine_error_set(e, "no memory for the report: free some and try again");
	json_decref(data);
	return err;
}

static int make(struct report *r, struct arguments *a, struct engine_error *e)
{
	char *page = NULL;
	int err = report_page_read(&page, e);

	/* What is missing of the program is not the input's fault. */
	if (err)
		return err == -EINVAL ? -EIO : err;
	err = read_all(r, a, e);
	if (err)
		err = err == -ENOMEM ? err : -EINVAL;
	else
		err = choose_axes(r, a, e) ?: write_page(r, a, page, e);
	free(page);
	return err;
}

static void say(const struct report *r, const struct arguments *a)
{
	if (strcmp(a->out, "-"))
		printf("%s: %zu runs, %zu points\n", a->out, json_array_size(r->runs),
		       json_array_size(r->points));
}

int cmd_report(int argc, char **argv)
{
	struct report r = { json_array(), json_array() };
	struct arguments a = { .out = OUT };
	struct engine_error e;
	int err;

	command_parse(&argp, argc, argv, &a);
	err = make(&r, &a, &e);
	if (!err)
		say(&r, &a);
	json_decref(r.runs);
	json_decref(r.points);
	if (!err)
		return STATUS_DONE;
	return err == -EINVAL ? command_refused("%s", e.text) : command_failed("%s", e.text);
}
