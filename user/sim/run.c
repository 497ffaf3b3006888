// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim run: serve the requests of a trace on devices that need not exist. */
#include <errno.h>
#include <stdlib.h>

#include "sim/commands.h"
#include "sim/run_options.h"
#include "sim/run_replay.h"
#include "sim/run_report.h"

/**
 * struct arguments - the command line
 */
struct arguments {
	struct run_case *run;
	enum run_format format;
	bool says_progress;
	bool replay;
	struct replay_choice choice;
};

enum { KEY_CSV = 256, KEY_PROGRESS, KEY_REPLAY };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What is told:", 5 },
	{ "json", 'j', NULL, 0, "Print JSON instead of text", 5 },
	{ "csv", KEY_CSV, NULL, 0, "Print a line for each figure", 5 },
	{ "progress", KEY_PROGRESS, NULL, 0, "Say on standard error how far it is", 5 },
	{ NULL, 0, NULL, 0, "As a device of Terrace would, see terrace-replay(1):", 7 },
	{ "replay", KEY_REPLAY, NULL, 0,
	  "Run what terrace replay runs, without the device, and print its report", 7 },
	{ 0 }
};

/* What a replay, or a run, has no use for is refused, not ignored. */
static void check_replay(const struct arguments *a, struct argp_state *state)
{
	static const enum run_text needed[] = { RUN_TRACE, RUN_TIERS };
	const char *other = a->format == RUN_CSV ? "csv" : run_replay_other(&a->run->args);

	if (!a->replay && a->choice.given)
		argp_error(state, "--%s is for replays: add --replay, or leave it out",
			   a->choice.given);
	if (!a->replay)
		return;
	run_options_need(&a->run->args, needed, 2, state);
	if (other)
		argp_error(state, "--%s does not go with --replay: leave one of them out", other);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const enum run_text needed[] = { RUN_MODEL };
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->run->args;
		state->child_inputs[1] = &a->choice;
		return 0;
	case KEY_REPLAY:
		a->replay = true;
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
		check_replay(a, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The seed is that of a run. */
static const struct argp_child children[] = {
	{ &run_options_argp, 0, NULL, 0 },
	{ &replay_argp, 0, NULL, 7 },
	{ 0 }
};

static const struct argp argp = {
	options, parse, NULL,
	"Serve the requests of a trace on devices that need not exist, and say what it takes.\v"
	"Everything has a default that the report states. One sentence says what to change: exit "
	"status 2 when an option or a file is wrong, 1 when the devices do not hold the model.",
	children, NULL, NULL
};

static int serve_and_report(const struct arguments *a)
{
	struct run_case *r = a->run;
	struct progress progress;
	struct engine_error e;
	int err;

	progress_begin(&progress, a->says_progress);
	r->progress = &progress;
	err = run_case(r, &e);
	progress_end(&progress);
	if (!err)
		return run_report(r, a->format);
	return err == -EINVAL || err == -EXDEV ? command_refused("%s", e.text) :
						 command_failed("%s", e.text);
}

int cmd_run(int argc, char **argv)
{
	struct run_case *r = calloc(1, sizeof(*r));
	struct arguments a = { .run = r };
	int status;

	if (!r)
		return command_failed("no memory: free some and try again");
	command_parse(&argp, argc, argv, &a);
	status = a.replay ? run_replay(&r->args, &a.choice, a.format) : serve_and_report(&a);
	run_case_free(r);
	free(r);
	return status;
}
