// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim run: serve the requests of a trace on devices that need not exist. */
#include <errno.h>
#include <stdlib.h>

#include "sim/commands.h"
#include "sim/run_options.h"
#include "sim/run_report.h"

/**
 * struct arguments - the command line
 */
struct arguments {
	struct run_case *run;
	enum run_format format;
	bool says_progress;
};

enum { KEY_CSV = 256, KEY_PROGRESS };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What is told:", 5 },
	{ "json", 'j', NULL, 0, "Print JSON instead of text", 5 },
	{ "csv", KEY_CSV, NULL, 0, "Print a line for each figure", 5 },
	{ "progress", KEY_PROGRESS, NULL, 0, "Say on standard error how far it is", 5 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const enum run_text needed[] = { RUN_MODEL };
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->run->args;
		return 0;
	case 'j':
		a->format = RUN_JSON;
		return 0;
	case KEY_CSV:
		a->format = RUN_CSV;
		return 0;
	case KEY_PROGRESS:
		a->says_progress = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", arg);
		return 0;
	case ARGP_KEY_END:
		run_options_need(&a->run->args, needed, 1, state);
		run_options_need_requests(&a->run->args, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &run_options_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	options, parse, NULL,
	"Serve the requests of a trace on devices that need not exist, and say what it takes.\v"
	"Everything has a default that the report states. One sentence says what to change: exit "
	"status 2 when an option or a file is wrong, 1 when the devices do not hold the model.",
	children, NULL, NULL
};

int cmd_run(int argc, char **argv)
{
	struct run_case *r = calloc(1, sizeof(*r));
	struct arguments a = { .run = r };
	struct progress progress;
	struct engine_error e;
	int status, err;

	if (!r)
		return command_failed("no memory: free some and try again");
	command_parse(&argp, argc, argv, &a);
	progress_begin(&progress, a.says_progress);
	r->progress = &progress;
	err = run_case(r, &e);
	progress_end(&progress);
	if (!err)
		status = run_report(r, a.format);
	else
		status = err == -EINVAL || err == -EXDEV ? command_refused("%s", e.text) :
							   command_failed("%s", e.text);
	run_case_free(r);
	free(r);
	return status;
}
