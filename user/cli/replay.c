// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace replay: run a request trace against the tiers, for real at 1/scale size, and report. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/bringup.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/replay_driver.h"
#include "cli/replay_progress.h"
#include "engine/fit.h"
#include "engine/report.h"

#define PART_ALIGN	64	/* of parts of the weights, in real bytes: a cache line */
#define MAX_BATCH	64
#define STEP_TOKENS	8192
#define REBALANCE_STEPS	4
#define ZIPF		1.0
#define SEED		1

struct replay_args {
	const char *trace;
	const char *model;
	const char *tiers;
	const char *routing;
	const char *report_dir;
	enum policy_kind policy;
	enum model_dtype dtype;
	size_t limit;
	uint32_t scale;
	bool strict;
	bool json;
};

/* What a run is made of, in the order of creation. */
struct replay {
	struct replay_args args;
	struct engine_tierfile file;
	struct trace trace;
	struct model_config model;
	struct layout layout;
	struct routing *routing;
	struct fit fit;
	uint32_t extent_bytes;
	uint64_t bad_lines;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

enum {
	KEY_TRACE = 256, KEY_MODEL, KEY_TIERS, KEY_POLICY, KEY_LIMIT, KEY_SCALE, KEY_REPORT,
	KEY_STRICT, KEY_ROUTING, KEY_DTYPE,
};

static const struct argp_option options[] = {
	{ "trace", KEY_TRACE, "FILE", 0,
	  "Requests: Mooncake JSONL, Azure, lengths or BurstGPT CSV, LLMServingSim JSONL", 0 },
	{ "model", KEY_MODEL, "CONFIG", 0, "The model's Hugging Face config.json", 0 },
	{ "tiers", KEY_TIERS, "FILE", 0, "Tier file, see terrace-tiers(5)", 0 },
	{ "policy", KEY_POLICY, "P", 0, "static (default), lru or class", 0 },
	{ "limit", KEY_LIMIT, "REQUESTS", 0, "Replay only so many requests", 0 },
	{ "scale", KEY_SCALE, "N", 0,
	  "Modelled bytes per real byte, a power of two, instead of the tier file's", 0 },
	{ "dtype", KEY_DTYPE, "TYPE", 0, "bf16 (default) or fp8, of weights and KV", 0 },
	{ "routing", KEY_ROUTING, "FILE", 0,
	  "Recorded expert choices instead of drawn ones (MoE models)", 0 },
	{ "strict", KEY_STRICT, NULL, 0, "A malformed line is fatal", 0 },
	{ "report", KEY_REPORT, "DIR", 0, "Also write report.txt and report.json there", 0 },
	OPTION_JSON,
	{ 0 }
};

static uint64_t parse_number(const char *arg, const char *name, uint64_t high,
			     struct argp_state *state)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(arg, &end, 10);
	if (errno || *end || end == arg || arg[0] == '-' || !value || value > high)
		argp_error(state, "--%s is \"%s\"; give a number from 1 to %llu", name, arg,
			   (unsigned long long)high);
	return value;
}

static void parse_scale(struct replay_args *args, const char *arg, struct argp_state *state)
{
	args->scale = parse_number(arg, "scale", 1U << LAYOUT_SCALE_SHIFT_MAX, state);
	if (args->scale & (args->scale - 1))
		argp_error(state, "--scale is %u; give a power of two", args->scale);
}

static void parse_policy(struct replay_args *args, const char *arg, struct argp_state *state)
{
	int kind = policy_parse(arg);

	if (kind < 0)
		argp_error(state, "--policy is \"%s\"; give static, lru or class", arg);
	args->policy = kind;
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
	case KEY_TRACE:
		args->trace = arg;
		return 0;
	case KEY_MODEL:
		args->model = arg;
		return 0;
	case KEY_TIERS:
		args->tiers = arg;
		return 0;
	case KEY_ROUTING:
		args->routing = arg;
		return 0;
	case KEY_REPORT:
		args->report_dir = arg;
		return 0;
	case KEY_POLICY:
		parse_policy(args, arg, state);
		return 0;
	case KEY_DTYPE:
		parse_dtype(args, arg, state);
		return 0;
	case KEY_LIMIT:
		args->limit = parse_number(arg, "limit", TRACE_REQUESTS_MAX, state);
		return 0;
	case KEY_SCALE:
		parse_scale(args, arg, state);
		return 0;
	case KEY_STRICT:
		args->strict = true;
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
};

static void print_bad_line(void *ctx, const char *text)
{
	(void)ctx;
	fprintf(stderr, "terrace: %s\n", text);
}

static int read_trace(struct replay *r, struct engine_error *e)
{
	const struct trace_options options = {
		.strict = r->args.strict,
		.limit = r->args.limit,
		.bad_line = print_bad_line,
	};
	int err = trace_read(r->args.trace, &options, &r->trace, e);

	if (err)
		return err;
	r->bad_lines = r->trace.bad_lines;
	if (r->trace.n)
		return 0;
	engine_error_set(e, "%s holds no request; give a trace with at least one good line",
			 r->args.trace);
	return -EINVAL;
}

static int read_tiers(struct replay *r, struct engine_error *e)
{
	int err = engine_tierfile_read(r->args.tiers, &r->file, e);

	if (!err && r->args.scale) {
		r->file.device.scale = r->args.scale;
		r->file.device.scale_shift = __builtin_ctz(r->args.scale);
	}
	return err;
}

/* An extent holds at least one block of KV, so that a block moves as a whole. */
static uint32_t choose_extent(uint64_t block_bytes)
{
	uint32_t bytes = 1U << TERRACE_EXTENT_SHIFT_MIN;

	while (bytes < block_bytes && bytes < 1U << TERRACE_EXTENT_SHIFT_MAX)
		bytes <<= 1;
	return bytes;
}

static int make_routing(struct replay *r, struct engine_error *e)
{
	const struct routing_options options = {
		.file = r->args.routing,
		.strict = r->args.strict,
		.zipf = ZIPF,
		.seed = SEED,
	};

	if (!r->model.experts) {
		if (!r->args.routing)
			return 0;
		engine_error_set(e, "%s has no experts; leave --routing out", r->args.model);
		return -EINVAL;
	}
	return routing_create(&r->model, &options, &r->routing, e);
}

static int prepare(struct replay *r, struct engine_error *e)
{
	int err = read_trace(r, e);

	if (!err)
		err = read_tiers(r, e);
	if (!err)
		err = model_config_read(r->args.model, r->args.dtype, &r->model, e);
	if (!err)
		err = layout_make(&r->model, r->file.device.scale_shift, PART_ALIGN,
				  TRACE_BLOCK_TOKENS, &r->layout, e);
	if (!err)
		err = make_routing(r, e);
	if (err)
		return err;
	r->extent_bytes = choose_extent(r->layout.block_real_bytes);
	return fit_model(&r->file, &r->layout, r->extent_bytes, &r->fit, e);
}

static void release(struct replay *r)
{
	routing_free(r->routing);
	layout_free(&r->layout);
	trace_free(&r->trace);
}

static int write_file(const struct replay_args *args, const char *name,
		      const struct report_run *run, int (*print)(FILE *, const struct report_run *))
{
	char path[4096];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "%s/%s", args->report_dir, name);
	f = fopen(path, "w");
	if (!f)
		return command_failed("cannot write %s: %s", path, strerror(errno));
	err = print(f, run);
	if (fclose(f))
		err = -EIO;
	return err ? command_failed("cannot write %s: is its disk full?", path) : STATUS_DONE;
}

static int print_report_json(FILE *f, const struct report_run *run)
{
	json_t *json = report_json(run);
	int err = json && !json_dumpf(json, f, JSON_INDENT(2)) && fputc('\n', f) != EOF ? 0 : -EIO;

	json_decref(json);
	return err;
}

static int print_reports(const struct replay_args *args, const struct report_run *run)
{
	int status;

	if ((args->json ? print_report_json(stdout, run) : report_text(stdout, run)))
		return command_failed("cannot write the report: is its disk full or its reader gone?");
	if (!args->report_dir)
		return STATUS_DONE;
	if (mkdir(args->report_dir, 0755) && errno != EEXIST)
		return command_failed("cannot make %s: %s", args->report_dir, strerror(errno));
	status = write_file(args, "report.txt", run, report_text);
	return status ? status : write_file(args, "report.json", run, print_report_json);
}

static int report(struct replay *r, struct replay_driver *d, const struct engine_result *result)
{
	struct engine_error e;
	struct ledger ledger;
	struct report_run run = {
		.trace = r->args.trace,
		.model = r->args.model,
		.tiers = r->args.tiers,
		.policy = policy_name(r->args.policy),
		.scale_shift = r->file.device.scale_shift,
		.bad_lines = r->bad_lines,
		.result = result,
		.ledger = &ledger,
	};

	if (replay_driver_ledger(d, &ledger, &e))
		return command_failed("%s", e.text);
	return print_reports(&r->args, &run);
}

static int run_engine(struct replay *r, struct replay_driver *d, uint32_t kv_blocks)
{
	struct replay_progress progress;
	const struct engine_options options = {
		.sched = {
			.max_batch = MAX_BATCH,
			.max_step_tokens = STEP_TOKENS,
			.block_tokens = TRACE_BLOCK_TOKENS,
			.kv_blocks = kv_blocks,
			.share_prefixes = true,
		},
		.rebalance_steps = r->args.policy == POLICY_STATIC ? 0 : REBALANCE_STEPS,
		.stop = &interrupted,
		.progress = replay_progress_draw,
		.progress_ctx = &progress,
	};
	struct engine_result result;
	struct engine_error e;
	int err, status;

	replay_progress_begin(&progress);
	err = engine_run(&r->trace, &r->model, &r->layout, r->routing, &options,
			 &replay_driver_ops, d, &result, &e);
	replay_progress_end(&progress);
	if (err)
		return command_failed("%s", e.text);
	status = report(r, d, &result);
	engine_result_free(&result);
	return status;
}

static int run(struct replay *r)
{
	static struct replay_driver driver;
	struct policy_options policy;
	struct engine_error e;
	int status;

	policy_defaults(&policy, r->args.policy);
	if (replay_driver_open(&driver, &r->file, &r->layout, r->extent_bytes, r->fit.kv_blocks,
			       &policy, &e))
		return command_failed("%s", e.text);
	status = run_engine(r, &driver, r->fit.kv_blocks);
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

static int run_on_tiers(struct replay *r)
{
	int status;

	if (tiers_online(&r->file))
		return run(r);
	status = bringup_tiers(&r->file);
	if (status)
		return status;
	status = run(r);
	bringup_undo(&r->file, r->file.n_tiers);
	return status;
}

int cmd_replay(int argc, char **argv)
{
	static struct replay r = { .args.dtype = MODEL_BF16 };
	struct sigaction action = { .sa_handler = on_interrupt };
	struct engine_error e;
	int status;

	command_parse(&argp, argc, argv, &r.args);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (prepare(&r, &e))
		status = command_failed("%s", e.text);
	else
		status = run_on_tiers(&r);
	release(&r);
	return status;
}
