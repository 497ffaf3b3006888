// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim report: the JSON of runs and points as a page of HTML. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/commands.h"
#include "sim/report_data.h"
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
	"FILE holds what `terrace-sim run --json` prints, or JSON lines of a search or a sweep, whose "
	"numbers span the Pareto front; - is standard input.",
	NULL, NULL, NULL
};

static int read_all(struct report_data *d, const struct arguments *a, struct engine_error *e)
{
	int err = 0, i;

	for (i = 0; i < a->n && !err; i++)
		err = report_documents(a->files[i], report_data_take, d, e);
	if (err || json_array_size(d->points))
		return err;
	engine_error_set(e, "%s holds no run and no point", a->files[0]);
	return -EINVAL;
}

/* What is asked for has to be there; what is usual may be missing. */
static int choose_axes(const struct report_data *d, struct arguments *a, struct engine_error *e)
{
	const char *usual[AXES];
	int i;

	report_points_axes(d->points, usual);
	for (i = 0; i < AXES; i++) {
		if (a->axes[i] && !report_points_with(d->points, a->axes[i])) {
			engine_error_set(e, "%s: no point has a number '%s'", axis_options[i],
					 a->axes[i]);
			return -EINVAL;
		}
		if (!a->axes[i])
			a->axes[i] = usual[i];
	}
	return 0;
}

static int write_page(const struct report_data *d, const struct arguments *a, const char *page,
		      struct engine_error *e)
{
	json_t *data = report_data_json(d, argp_program_version, a->axes[X], a->axes[Y]);
	int err = data ? report_page_write(page, data, a->out, e) : -ENOMEM;

	if (!data)
		engine_error_set(e, "no memory for the report: free some and try again");
	json_decref(data);
	return err;
}

static int make(struct report_data *d, struct arguments *a, struct engine_error *e)
{
	char *page = NULL;
	int err = report_page_read(&page, e);

	/* What is missing of the program is not the input's fault. */
	if (err)
		return err == -EINVAL ? -EIO : err;
	err = read_all(d, a, e);
	if (err)
		err = err == -ENOMEM ? err : -EINVAL;
	else
		err = choose_axes(d, a, e) ?: write_page(d, a, page, e);
	free(page);
	return err;
}

static void say(const struct report_data *d, const struct arguments *a)
{
	if (strcmp(a->out, "-"))
		printf("%s: %zu runs, %zu points\n", a->out, json_array_size(d->runs),
		       json_array_size(d->points));
}

int cmd_report(int argc, char **argv)
{
	struct arguments a = { .out = OUT };
	struct report_data d;
	struct engine_error e;
	int err;

	command_parse(&argp, argc, argv, &a);
	report_data_init(&d);
	err = make(&d, &a, &e);
	if (!err)
		say(&d, &a);
	report_data_free(&d);
	if (!err)
		return STATUS_DONE;
	return err == -EINVAL ? command_refused("%s", e.text) : command_failed("%s", e.text);
}
