// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim run: serve the requests of a trace on devices that need not exist. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/commands.h"
#include "sim/models.h"
#include "sim/run_options.h"

#define DEFAULT_TTFT_MS		2000	/* MLPerf Inference, Llama 2 70B, server scenario */
#define DEFAULT_TPOT_MS		200	/* likewise */
#define DEFAULT_BATCH		256	/* vLLM's max_num_seqs */
#define DEFAULT_STEP_TOKENS	8192	/* its max_num_batched_tokens when it serves on an H100 */
#define DEFAULT_BLOCK_TOKENS	16	/* its block_size */
#define DEFAULT_BANDWIDTH	1000

/**
 * struct run - all of a run
 * @requests: what became of those of the trace
 */
struct run {
	struct run_args args;
	struct sim_system system;
	struct model_config model;
	struct trace trace;
	struct shard shard;
	struct serve_request *requests;
	struct serve_stats stats;
	struct run_served served;
	struct run_facts facts;
};

static uint64_t number(const struct run *r, enum run_number which, uint64_t otherwise)
{
	return r->args.number[which] ?: otherwise;
}

/* ---- reading ---- */

static int read_trace(struct run *r, struct engine_error *e)
{
	const struct trace_options options = { .limit = r->args.number[RUN_LIMIT] };
	int err = trace_read(r->args.trace, &options, &r->trace, e);

	if (err || r->trace.n)
		return err;
	engine_error_set(e, "%s holds no request; give a trace with at least one good line",
			 r->args.trace);
	return -EINVAL;
}

static int read_model(struct run *r, struct engine_error *e)
{
	enum model_dtype dtype = r->args.dtype ?: MODEL_BF16;
	const char *given = r->args.model;
	size_t n = strlen(given);

	if (n > 5 && !strcmp(given + n - 5, ".json"))
		return model_config_read(given, dtype, &r->model, e);
	return sim_model_find(given, dtype, &r->model, e);
}

static int read_all(struct run *r, struct engine_error *e)
{
	const struct system_files files = {
		.tiers = r->args.tiers,
		.network = r->args.network,
		.prices = r->args.prices,
		.devices = (uint32_t)number(r, RUN_DEVICES, 1),
	};

	return read_model(r, e) ?: system_read(&files, &r->system, e) ?: read_trace(r, e);
}

/* ---- the layout ---- */

/* Experts are where capacity.h puts them; another number is refused, not ignored. */
static int check_experts(const struct run *r, const struct capacity_shard *s,
			 struct engine_error *e)
{
	uint64_t ep = r->model.experts ? (uint64_t)s->tp * s->dp : 1;
	uint64_t asked = r->args.number[RUN_EP];

	if (!asked || asked == ep)
		return 0;
	engine_error_set(e, "--ep is %llu: with TP %u, DP %u the experts of %s are on %llu devices",
			 (unsigned long long)asked, s->tp, s->dp, r->model.name,
			 (unsigned long long)ep);
	return -EINVAL;
}

static int lay_out(struct run *r, struct engine_error *e)
{
	uint64_t step_tokens = number(r, RUN_MAX_STEP_TOKENS, DEFAULT_STEP_TOKENS);
	uint64_t batch = step_tokens < DEFAULT_BATCH ? step_tokens : DEFAULT_BATCH;
	struct shard_options o = {
		.shard = {
			.tp = (uint32_t)r->args.number[RUN_TP],
			.pp = (uint32_t)r->args.number[RUN_PP],
			.dp = (uint32_t)r->args.number[RUN_DP],
		},
		.max_batch = (uint32_t)number(r, RUN_MAX_BATCH, batch),
		.max_step_tokens = (uint32_t)step_tokens,
		.block_tokens = (uint32_t)number(r, RUN_BLOCK_TOKENS, DEFAULT_BLOCK_TOKENS),
		.overhead_ns = r->args.number[RUN_OVERHEAD] * 1000,
		.bandwidth_permille = (uint32_t)number(r, RUN_BANDWIDTH, DEFAULT_BANDWIDTH),
	};

	return shard_choose(&r->system, &r->model, &o, e) ?: check_experts(r, &o.shard, e) ?:
	       shard_init(&r->shard, &r->system, &r->model, &o, e);
}

/* ---- serving ---- */

static int serve_all(struct run *r, struct engine_error *e)
{
	const struct shard_options *o = &r->shard.options;
	const struct serve_options options = {
		.ranks = o->shard.dp,
		.lockstep = o->shard.dp > 1 && r->model.experts,
		.max_batch = o->max_batch,
		.max_step_tokens = o->max_step_tokens,
		.block_tokens = o->block_tokens,
		.kv_blocks = r->shard.kv_blocks,
		.ahead = true,
		.prefix_caching = true,
	};
	const struct serve_time time = { shard_step_ns, &r->shard };
	const struct run_slo slo = {
		.ttft_ms = (double)number(r, RUN_SLO_TTFT, DEFAULT_TTFT_MS),
		.tpot_ms = (double)number(r, RUN_SLO_TPOT, DEFAULT_TPOT_MS),
	};
	int err;

	r->requests = calloc(r->trace.n, sizeof(*r->requests));
	err = r->requests ? serve(&r->trace, &options, &time, r->requests, &r->stats, e) : -ENOMEM;
	if (!err)
		err = run_served(&r->trace, r->requests, &slo, &r->served);
	if (err == -ENOMEM)
		engine_error_set(e, "no memory for %zu requests", r->trace.n);
	return err;
}

/* ---- the report ---- */

static void __attribute__((format(printf, 4, 5)))
set(struct run *r, const char *name, bool is_default, const char *format, ...)
{
	struct run_setting *s = &r->facts.settings[r->facts.n_settings++];
	va_list args;

	s->name = name;
	s->is_default = is_default;
	va_start(args, format);
	vsnprintf(s->value, sizeof(s->value), format, args);
	va_end(args);
}

static void set_number(struct run *r, enum run_number which, uint64_t value, const char *unit)
{
	set(r, run_options_name(which), !r->args.number[which], "%llu%s",
	    (unsigned long long)value, unit);
}

static void set_system(struct run *r)
{
	const struct run_args *a = &r->args;

	set(r, "trace", false, "%s (%s), %zu requests", a->trace,
	    trace_format_name(r->trace.format), r->trace.n);
	set(r, "model", false, "%s", r->model.name);
	set(r, "dtype", !a->dtype, "%s", r->model.weight_dtype == MODEL_FP8 ? "fp8" : "bf16");
	set_number(r, RUN_DEVICES, r->system.devices, "");
	set(r, "tiers", !a->tiers, "%s", a->tiers ?: SYSTEM_TIERS);
	set(r, "network", !a->network, "%s%s", a->network ?: SYSTEM_NETWORK,
	    r->shard.plain ? ", as a switch where it has no such size" : "");
	set(r, "prices", !a->prices, "%s", r->system.prices.name);
	set_number(r, RUN_OVERHEAD, r->args.number[RUN_OVERHEAD], " us a step");
	set_number(r, RUN_BANDWIDTH, r->shard.options.bandwidth_permille, " permille");
}

static void set_serving(struct run *r)
{
	const struct capacity_shard *s = &r->shard.options.shard;

	set_number(r, RUN_TP, s->tp, "");
	set_number(r, RUN_PP, s->pp, "");
	set_number(r, RUN_DP, s->dp, "");
	set_number(r, RUN_EP, r->model.experts ? (uint64_t)s->tp * s->dp : 1, "");
	set_number(r, RUN_MAX_BATCH, r->shard.options.max_batch, "");
	set_number(r, RUN_MAX_STEP_TOKENS, r->shard.options.max_step_tokens, "");
	set_number(r, RUN_BLOCK_TOKENS, r->shard.options.block_tokens, "");
	set(r, "kv-blocks", true, "%u a group, by its room", r->shard.kv_blocks);
	set_number(r, RUN_SLO_TTFT, number(r, RUN_SLO_TTFT, DEFAULT_TTFT_MS), " ms");
	set_number(r, RUN_SLO_TPOT, number(r, RUN_SLO_TPOT, DEFAULT_TPOT_MS), " ms");
}

static int report(struct run *r)
{
	set_system(r);
	set_serving(r);
	r->facts.shard = &r->shard;
	r->facts.trace = &r->trace;
	r->facts.stats = &r->stats;
	r->facts.served = &r->served;
	return run_report(&r->facts, r->args.format);
}

int cmd_run(int argc, char **argv)
{
	struct run *r = calloc(1, sizeof(*r));
	struct engine_error e;
	int status;

	if (!r)
		return command_failed("no memory: free some and try again");
	run_options_parse(argc, argv, &r->args);
	if (read_all(r, &e) || lay_out(r, &e) || serve_all(r, &e))
		status = command_failed("%s", e.text);
	else
		status = report(r);
	free(r->requests);
	shard_free(&r->shard);
	trace_free(&r->trace);
	free(r);
	return status;
}
