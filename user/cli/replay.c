// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace replay: run a request trace against the tiers, for real at 1/scale size, and report. */
#include <errno.h>
#include <stdlib.h>

#include "cli/bringup.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/replay_drive.h"
#include "cli/replay_driver.h"
#include "cli/replay_options.h"

struct replay_args {
	const char *trace;
	const char *model;
	const char *tiers;
	enum model_dtype dtype;
	size_t limit;
	bool json;
	struct replay_choice choice;
};

enum { KEY_TRACE = 256, KEY_MODEL, KEY_TIERS, KEY_LIMIT, KEY_DTYPE };

static const struct argp_option options[] = {
	{ "trace", KEY_TRACE, "FILE", 0,
	  "Requests: Mooncake JSONL, Azure, lengths or BurstGPT CSV, LLMServingSim JSONL", 0 },
	{ "model", KEY_MODEL, "CONFIG", 0, "The model's Hugging Face config.json", 0 },
	{ "tiers", KEY_TIERS, "FILE", 0, "Tier file, see terrace-tiers(5)", 0 },
	{ "limit", KEY_LIMIT, "REQUESTS", 0, "Replay only so many requests", 0 },
	{ "dtype", KEY_DTYPE, "TYPE", 0, "bf16 (default) or fp8, of weights and KV", 0 },
	OPTION_JSON,
	{ 0 }
};

static void parse_limit(struct replay_args *args, const char *arg, struct argp_state *state)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(arg, &end, 10);
	if (errno || *end || end == arg || arg[0] == '-' || !value || value > TRACE_REQUESTS_MAX)
		argp_error(state, "--limit is \"%s\"; give a number from 1 to %llu", arg,
			   (unsigned long long)TRACE_REQUESTS_MAX);
	args->limit = value;
}

static void parse_dtype(struct replay_args *args, const char *arg, struct argp_state *state)
{
	int dtype = model_dtype_parse(arg);

	if (dtype < 0)
		argp_error(state, "--dtype is \"%s\"; give bf16 or fp8", arg);
	args->dtype = dtype;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct replay_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->choice;
		return 0;
	case KEY_TRACE:
		args->trace = arg;
		return 0;
	case KEY_MODEL:
		args->model = arg;
		return 0;
	case KEY_TIERS:
		args->tiers = arg;
		return 0;
	case KEY_DTYPE:
		parse_dtype(args, arg, state);
		return 0;
	case KEY_LIMIT:
		parse_limit(args, arg, state);
		return 0;
	case 'j':
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", arg);
		return 0;
	case ARGP_KEY_END:
		if (!args->trace || !args->model || !args->tiers)
			argp_error(state, "--trace, --model and --tiers are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &replay_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Replay a trace of requests: weights are written once and sealed, prompts fill blocks of KV "
	       "shared by prefix, every step reads its weights and KV through the mapping at 1/scale size and "
	       "every byte read is checked. Tiers of the file that are not online are brought online for the "
	       "run. Ctrl-C reports what there is. Needs root.\v"
	       "Examples:\n"
	       "  terrace replay --trace tests/data/traces/conversation.jsonl \\\n"
	       "      --model user/models/llama-3.1-8b.json --tiers tests/data/tiers/hbm.ini\n"
	       "  terrace replay --trace azure.csv --model qwen3-30b-a3b.json \\\n"
	       "      --tiers hbm-cxl.ini --policy lru --limit 20 --json\n"
	       "\n"
	       "Exit status: 0 done, 1 the device, a file or a wrong byte ended it, 2 the command line is wrong.",
	.children = children,
};

static int read_all(struct replay *r, const struct replay_args *args, struct engine_error *e)
{
	const struct replay_options o = {
		.trace = args->trace,
		.model = args->model,
		.tiers = args->tiers,
		.routing = args->choice.routing,
		.policy = args->choice.policy,
		.dtype = args->dtype,
		.limit = args->limit,
		.scale = args->choice.scale,
		.seed = args->choice.seed,
		.strict = args->choice.strict,
		.bad_line = replay_bad_line,
	};

	return replay_read(r, &o, e);
}

static int run(struct replay *r, const struct replay_args *args)
{
	static struct replay_driver driver;
	const struct replay_drive drive = {
		.ops = &replay_driver_ops,
		.ctx = &driver,
		.ledger = replay_driver_ledger,
		.model = args->model,
		.tiers = args->tiers,
		.json = args->json,
		.report_dir = args->choice.report_dir,
	};
	struct engine_error e;
	int status;

	if (replay_driver_open(&driver, &r->file, &r->layout, r->extent_bytes, r->fit.kv_blocks,
			       &r->policy, &e))
		return command_failed("%s", e.text);
	status = replay_drive(r, &drive);
	replay_driver_close(&driver);
	return status;
}

/* Are all tiers of the file online already? Then they are used as they are. */
static bool tiers_online(const struct engine_tierfile *file)
{
	struct terrace_session *s;
	bool online = true;
	__u32 i;

	if (terrace_session_open(NULL, &s))
		return false;
	for (i = 0; i < file->n_tiers; i++)
		online = online && terrace_tier_find(s, file->tiers[i].name) >= 0;
	terrace_session_close(s);
	return online;
}

static int run_on_tiers(struct replay *r, const struct replay_args *args)
{
	int status;

	if (tiers_online(&r->file))
		return run(r, args);
	status = bringup_tiers(&r->file);
	if (status)
		return status;
	status = run(r, args);
	bringup_undo(&r->file, r->file.n_tiers);
	return status;
}

int cmd_replay(int argc, char **argv)
{
	struct replay_args args = { .dtype = MODEL_BF16 };
	static struct replay r;
	struct engine_error e;
	int status;

	command_parse(&argp, argc, argv, &args);
	replay_catch_signals();
	if (read_all(&r, &args, &e))
		status = command_failed("%s", e.text);
	else
		status = run_on_tiers(&r, &args);
	replay_free(&r);
	return status;
}
