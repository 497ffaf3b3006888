// SPDX-License-Identifier: LGPL-2.1-or-later
/* A run: a model on devices that serves the requests of a trace. */
#include "sim/run_case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/draft.h"
#include "sim/models.h"
#include "sim/run_decoding.h"
#include "sim/run_kernels.h"
#include "sim/run_load.h"

/* ---- reading ---- */

static int read_trace(struct run_case *r, struct engine_error *e)
{
	const struct trace_options options = { .limit = r->args.number[RUN_LIMIT] };
	int err = trace_read(r->args.text[RUN_TRACE], &options, &r->trace, e);

	if (err || r->trace.n)
		return err;
	engine_error_set(e, "%s holds no request; give a trace with at least one good line",
			 r->args.text[RUN_TRACE]);
	return -EINVAL;
}

static int read_draft_model(struct run_case *r, struct engine_error *e)
{
	const char *given = run_args_text(&r->args, RUN_DRAFT_MODEL);

	return given ? sim_model_read(given, run_args_dtype(&r->args), &r->draft_model, e) : 0;
}

/* A calibration says what these options say: both would count twice. */
static int read_calibration(struct run_case *r, struct engine_error *e)
{
	const struct run_args *a = &r->args;
	const char *given = run_args_text(a, RUN_CALIBRATION), *twice = NULL;

	if (!given && !run_args_text(a, RUN_KERNELS))
		return 0;
	if (given && run_args_text(a, RUN_BOUND))
		twice = run_args_text_name(RUN_BOUND);
	else if (given && a->number[RUN_OVERHEAD])
		twice = run_args_number_name(RUN_OVERHEAD);
	else if (given && a->number[RUN_BANDWIDTH])
		twice = run_args_number_name(RUN_BANDWIDTH);
	if (given && !twice)
		return calibration_read(given, &r->calibration, e);
	if (given)
		engine_error_set(e, "--%s and --calibration %s contradict each other: leave one out",
				 twice, given);
	else
		engine_error_set(e, "--kernels %s needs a --calibration, which says of what hardware",
				 a->text[RUN_KERNELS]);
	return -EINVAL;
}

int run_case_read_system(struct run_case *r, struct engine_error *e)
{
	const struct system_files files = {
		.tiers = run_args_text(&r->args, RUN_TIERS),
		.network = run_args_text(&r->args, RUN_NETWORK),
		.prices = run_args_text(&r->args, RUN_PRICES),
		.devices = (uint32_t)run_args_number(&r->args, RUN_DEVICES),
	};

	return run_decoding_read(&r->args, &r->decoding, e) ?: read_calibration(r, e) ?:
	       sim_model_read(r->args.text[RUN_MODEL], run_args_dtype(&r->args), &r->model, e) ?:
	       read_draft_model(r, e) ?: system_read(&files, &r->system, e);
}

int run_case_read_trace(struct run_case *r, struct engine_error *e)
{
	return run_args_text(&r->args, RUN_TRACE) ? read_trace(r, e) :
						     run_load_make(&r->args, &r->trace, e);
}

/* ---- progress ---- */

static void stepped(const void *ctx, uint64_t now_ns, uint64_t served)
{
	const struct run_case *r = ctx;

	if (progress_due(r->progress))
		progress_say(r->progress, "%.1f s simulated, %llu of %zu requests served",
			     (double)now_ns / 1e9, (unsigned long long)served, r->trace.n);
}

/* ---- the layout ---- */

/* Experts are where capacity.h puts them; another number is refused, not ignored. */
static int check_experts(const struct run_case *r, const struct capacity_shard *s,
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

/* A step has room for each request of the batch. */
static uint64_t max_batch(const struct run_case *r)
{
	uint64_t batch = run_args_number(&r->args, RUN_MAX_BATCH);
	uint64_t most = run_args_number(&r->args, RUN_MAX_STEP_TOKENS) /
			serve_decoding_width(&r->decoding);

	return r->args.number[RUN_MAX_BATCH] || batch < most ? batch : most;
}

struct shard_options run_case_options(const struct run_case *r)
{
	const struct run_args *a = &r->args;

	return (struct shard_options) {
		.shard = {
			.tp = (uint32_t)a->number[RUN_TP],
			.pp = (uint32_t)a->number[RUN_PP],
			.dp = (uint32_t)a->number[RUN_DP],
		},
		.max_batch = (uint32_t)max_batch(r),
		.max_step_tokens = (uint32_t)run_args_number(a, RUN_MAX_STEP_TOKENS),
		.block_tokens = (uint32_t)run_args_number(a, RUN_BLOCK_TOKENS),
		.overhead_ns = run_args_number(a, RUN_OVERHEAD) * 1000,
		.bandwidth_permille = (uint32_t)run_args_number(a, RUN_BANDWIDTH),
		.draft = run_args_text(a, RUN_DRAFT_MODEL) ? &r->draft_model : NULL,
		.serial = !strcmp(a->text[RUN_BOUND], "serial"),
		.calibration = run_args_text(a, RUN_CALIBRATION) ? &r->calibration : NULL,
	};
}

static int check_pools(const struct run_case *r, struct engine_error *e)
{
	const struct run_args *a = &r->args;
	uint64_t prompts = a->number[RUN_PREFILL_DEVICES];

	if (!prompts && (a->number[RUN_PREFILL_TP] || a->number[RUN_PREFILL_PP]))
		engine_error_set(e, "prefill-tp and prefill-pp are of prefill-devices: give these");
	else if (prompts >= r->system.devices)
		engine_error_set(e, "prefill-devices %llu of %u devices leave none to decode: take "
				 "less of them", (unsigned long long)prompts, r->system.devices);
	else
		return 0;
	return -EINVAL;
}

static int lay_out_pools(struct run_case *r, struct engine_error *e)
{
	struct shard_options o[POOLS] = { run_case_options(r), run_case_options(r) };
	int err;

	o[POOL_PROMPTS].shard = (struct capacity_shard) {
		.tp = (uint32_t)r->args.number[RUN_PREFILL_TP],
		.pp = (uint32_t)r->args.number[RUN_PREFILL_PP],
	};
	r->pools = calloc(1, sizeof(*r->pools));
	if (!r->pools) {
		engine_error_set(e, "no memory for two pools");
		return -ENOMEM;
	}
	err = pools_lay_out(r->pools, &r->system,
			    (uint32_t)r->args.number[RUN_PREFILL_DEVICES], &r->model, o, e);
	if (err)
		return err;
	return check_experts(r, &r->pools->shards[POOL_ANSWERS].options.shard, e) ?:
	       pools_join(r->pools, &r->shard);
}

static int lay_out_one(struct run_case *r, struct engine_error *e)
{
	struct shard_options o = run_case_options(r);

	return shard_choose(&r->system, &r->model, &o, e) ?: check_experts(r, &o.shard, e) ?:
	       shard_init(&r->shard, &r->system, &r->model, &o, e);
}

int run_case_lay_out(struct run_case *r, struct engine_error *e)
{
	int err = check_pools(r, e);

	if (!err)
		err = r->args.number[RUN_PREFILL_DEVICES] ? lay_out_pools(r, e) : lay_out_one(r, e);
	if (!err && run_args_text(&r->args, RUN_KERNELS))
		err = run_kernels(r, e);
	return err;
}

/* ---- serving ---- */

static struct serve_options serving(const struct run_case *r, const struct shard *s)
{
	const struct shard_options *o = &s->options;

	return (struct serve_options) {
		.ranks = o->shard.dp,
		.lockstep = o->shard.dp > 1 && r->model.experts,
		.stepped = r->progress && r->progress->on ? stepped : NULL,
		.stepped_ctx = r,
		.max_batch = o->max_batch,
		.max_step_tokens = o->max_step_tokens,
		.block_tokens = o->block_tokens,
		.kv_blocks = s->kv_blocks,
		.ahead = true,
		.prefix_caching = true,
		.decoding = r->decoding,
	};
}

/* Prompts of diffusion have no block of the answer with them. */
static int serve_pools(struct run_case *r, struct engine_error *e)
{
	struct serve_options options[POOLS];
	int err, i;

	for (i = 0; i < POOLS; i++)
		options[i] = serving(r, &r->pools->shards[i]);
	if (r->decoding.kind == SERVE_DIFFUSION)
		options[POOL_PROMPTS].decoding = (struct serve_decoding) { 0 };
	options[POOL_ANSWERS].brought = true;
	options[POOL_ANSWERS].prefix_caching = false;
	err = pools_serve(r->pools, &r->trace, options, r->requests, &r->stats, e);
	for (i = 0; !err && i < POOLS; i++)
		shard_add_sums(&r->shard.sums, &r->pools->shards[i].sums, 1);
	return err;
}

int run_case_serve(struct run_case *r, struct engine_error *e)
{
	const struct serve_options options = serving(r, &r->shard);
	const struct run_slo slo = {
		.ttft_ms = (double)run_args_number(&r->args, RUN_SLO_TTFT),
		.tpot_ms = (double)run_args_number(&r->args, RUN_SLO_TPOT),
	};
	int err = -ENOMEM;

	r->requests = calloc(r->trace.n, sizeof(*r->requests));
	if (r->requests && r->pools)
		err = serve_pools(r, e);
	else if (r->requests)
		err = draft_serve(&r->trace, &options, &r->shard, r->requests, &r->stats, e);
	if (!err)
		err = run_served(&r->trace, r->requests, &slo, &r->served);
	if (err == -ENOMEM)
		engine_error_set(e, "no memory for %zu requests", r->trace.n);
	return err;
}

int run_case(struct run_case *r, struct engine_error *e)
{
	int err = run_case_read_system(r, e) ?: run_case_read_trace(r, e);

	if (err)
		return err == -ENOMEM ? err : -EINVAL;
	return run_case_lay_out(r, e) ?: run_case_serve(r, e);
}

void run_case_free(struct run_case *r)
{
	free(r->requests);
	shard_free(&r->shard);
	if (r->pools)
		pools_free(r->pools);
	free(r->pools);
	kernel_tables_free(&r->tables);
	trace_free(&r->trace);
}
