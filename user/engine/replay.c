// SPDX-License-Identifier: LGPL-2.1-or-later
/* A replay: its files, the layout, the engine's options. */
#include "engine/replay.h"

#include <errno.h>

#define PART_ALIGN	64	/* of parts of the weights, in real bytes: a cache line */
#define MAX_BATCH	64
#define STEP_TOKENS	8192
#define REBALANCE_STEPS	4
#define ZIPF		1.0

static int read_trace(struct replay *r, struct engine_error *e)
{
	const struct trace_options options = {
		.strict = r->options.strict,
		.limit = r->options.limit,
		.bad_line = r->options.bad_line,
	};
	int err = trace_read(r->options.trace, &options, &r->trace, e);

	if (err || r->trace.n)
		return err;
	engine_error_set(e, "%s holds no request; give a trace with at least one good line",
			 r->options.trace);
	return -EINVAL;
}

static int read_tiers(struct replay *r, struct engine_error *e)
{
	int err = engine_tierfile_read(r->options.tiers, &r->file, e);

	if (!err && r->options.scale) {
		r->file.device.scale = r->options.scale;
		r->file.device.scale_shift = (uint32_t)__builtin_ctz(r->options.scale);
	}
	return err;
}

static int make_routing(struct replay *r, struct engine_error *e)
{
	const struct routing_options options = {
		.file = r->options.routing,
		.strict = r->options.strict,
		.zipf = ZIPF,
		.seed = r->options.seed,
	};

	if (r->model.experts)
		return routing_create(&r->model, &options, &r->routing, e);
	if (!r->options.routing)
		return 0;
	engine_error_set(e, "%s has no experts; leave the routing file out", r->options.model);
	return -EINVAL;
}

static uint32_t choose_extent(uint64_t block_bytes)
{
	uint32_t bytes = 1U << TERRACE_EXTENT_SHIFT_MIN;

	while (bytes < block_bytes && bytes < 1U << TERRACE_EXTENT_SHIFT_MAX)
		bytes <<= 1;
	return bytes;
}

int replay_read(struct replay *r, const struct replay_options *options, struct engine_error *e)
{
	int err;

	*r = (struct replay) { .options = *options };
	policy_defaults(&r->policy, options->policy);
	err = read_trace(r, e);
	if (!err)
		err = read_tiers(r, e);
	if (!err)
		err = model_config_read(options->model, options->dtype, &r->model, e);
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

void replay_free(struct replay *r)
{
	routing_free(r->routing);
	layout_free(&r->layout);
	trace_free(&r->trace);
}

int replay_run(struct replay *r, const struct engine_ops *ops, void *ctx,
	       const struct replay_watch *watch, struct engine_result *out, struct engine_error *e)
{
	const struct engine_options options = {
		.sched = {
			.max_batch = MAX_BATCH,
			.max_step_tokens = STEP_TOKENS,
			.block_tokens = TRACE_BLOCK_TOKENS,
			.kv_blocks = r->fit.kv_blocks,
			.share_prefixes = true,
		},
		.rebalance_steps = r->policy.kind == POLICY_STATIC ? 0 : REBALANCE_STEPS,
		.stop = watch->stop,
		.progress = watch->progress,
		.progress_ctx = watch->progress_ctx,
	};

	return engine_run(&r->trace, &r->model, &r->layout, r->routing, &options, ops, ctx, out, e);
}

void replay_describe(const struct replay *r, const struct engine_result *result,
		     const struct ledger *ledger, struct report_run *out)
{
	*out = (struct report_run) {
		.trace = r->options.trace,
		.model = r->options.model,
		.tiers = r->options.tiers,
		.policy = policy_name(r->policy.kind),
		.scale_shift = r->file.device.scale_shift,
		.bad_lines = r->trace.bad_lines,
		.result = result,
		.ledger = ledger,
	};
}
