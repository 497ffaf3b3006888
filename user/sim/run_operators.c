// SPDX-License-Identifier: LGPL-2.1-or-later
/* The operators of a run's steps on its devices. */
#include "sim/run_operators.h"

#include <math.h>
#include <string.h>

#define BITS	8

/* ---- means ---- */

bool run_operators_means(const struct run_case *r, struct run_means *out)
{
	const struct run_served *v = &r->served;
	double attended = 0;
	size_t i;

	if (!v->served)
		return false;
	for (i = 0; i < r->trace.n; i++) {
		const struct trace_request *t = &r->trace.requests[i];

		if (!r->requests[i].rejected)
			attended += t->output_tokens *
				    (t->input_tokens + (t->output_tokens + 1) / 2.0);
	}
	*out = (struct run_means) {
		.batch = fmax(1, (double)r->stats.decoded / (double)r->stats.steps),
		.context = fmax(1, attended / (double)v->tokens),
		.prompt = fmax(1, (double)v->prompt_tokens / (double)v->served),
	};
	return true;
}

/* ---- the step ---- */

static struct step_shape shape_of(const struct shard *s, const struct run_means *means,
				  enum step_stage stage, uint32_t *microbatches)
{
	uint32_t pp = s->options.shard.pp, limit = s->options.max_step_tokens;
	double batch = round(means->batch);
	struct step_shape shape = { .stage = stage, .batch = 1, .tokens = 1 };

	*microbatches = 1;
	if (stage == STEP_PREFILL) {
		shape.tokens = (uint64_t)fmin(round(means->prompt), limit);
		shape.context = shape.tokens;
		return shape;
	}
	*microbatches = batch < pp ? (uint32_t)batch : pp;
	shape.batch = *microbatches * (uint64_t)fmax(1, round(batch / *microbatches));
	shape.context = (uint64_t)round(means->context);
	return shape;
}

static struct serve_step step_of(const struct step_shape *shape)
{
	uint64_t t = shape->tokens;

	if (shape->stage == STEP_DECODE)
		return (struct serve_step) {
			.decodes = (uint32_t)shape->batch,
			.decode_context = shape->batch * shape->context,
			.sampled = (uint32_t)shape->batch,
		};
	return (struct serve_step) {
		.prefill_tokens = (uint32_t)t,
		.prefill_context = t * (t + 1) / 2,
		.prefills = 1,
		.sampled = 1,
	};
}

/* What the layout itself says of the step, in all groups. */
static struct shard_sums sums_of(const struct shard *s, const struct step_shape *shape)
{
	struct serve_step steps[SERVE_RANKS_MAX];
	struct shard probe = *s;
	uint32_t i, dp = s->options.shard.dp;

	memset(&probe.sums, 0, sizeof(probe.sums));
	for (i = 0; i < dp; i++)
		steps[i] = step_of(shape);
	shard_step_ns(&probe, steps, dp);
	return probe.sums;
}

/* ---- a device ---- */

static double sum_tiers(double bytes[TMODEL_TIERS_MAX][ROOFLINE_CLASSES], int class)
{
	double sum = 0;
	int i;

	for (i = 0; i < TMODEL_TIERS_MAX; i++)
		sum += bytes[i][class];
	return sum;
}

static void place(const struct shard *s, struct run_operators *o)
{
	int class;
	size_t i;

	o->device.peak_ops = s->peak_ops;
	o->device.n_tiers = s->system->tiers.n_tiers;
	for (class = 0; class < ROOFLINE_CLASSES; class++) {
		double all = sum_tiers(o->sums.bytes.read, class);

		for (i = 0; i < o->device.n_tiers; i++)
			o->device.tier[i].share[class] =
				all > 0 ? o->sums.bytes.read[i][class] / all : 0;
	}
	for (i = 0; i < o->device.n_tiers; i++) {
		o->device.tier[i].read_bps = s->tier[i].read_bps;
		o->device.tier[i].write_bps = s->tier[i].write_bps;
		o->device.tier[i].first_s = s->tier[i].first_s;
	}
}

/* Devices have copies of KV where heads do not go round, and keep a window of it in some layers. */
static double kv_factor(double bytes, uint64_t bits)
{
	return bits ? bytes * BITS / (double)bits : 0;
}

static void scale(uint64_t *count, double factor)
{
	*count = (uint64_t)llround((double)*count * factor);
}

/*
 * From those of a microbatch of a group to those of a device: a group's are split over TP and PP.
 * Experts are shared by the groups, whose tokens need fewer of them together than alone.
 */
static void share_out(const struct shard *s, struct run_operators *o)
{
	const struct capacity_shard *c = &s->options.shard;
	double split = o->microbatches / ((double)c->tp * c->pp), devices = s->system->devices;
	struct sim_operator all = operators_total(&o->ops);
	uint64_t tokens = o->shape.batch / o->microbatches * o->shape.tokens;
	double factor[OPERATOR_DATA] = {
		split, split, split,
		kv_factor(sum_tiers(o->sums.bytes.read, ROOFLINE_KV) / devices,
			  all.bits[OPERATOR_KV_READ]),
		kv_factor(sum_tiers(o->sums.bytes.written, ROOFLINE_KV) / devices,
			  all.bits[OPERATOR_KV_WRITE]),
	};
	double experts = s->model->experts ?
			 operators_experts_touched(s->model, tokens * c->dp) /
			 (c->dp * operators_experts_touched(s->model, tokens)) : 1;
	struct sim_operator *op;
	int i;

	for (op = o->ops.op; op < o->ops.op + o->ops.n; op++) {
		scale(&op->ops, split);
		if (!strncmp(op->name, "expert_", strlen("expert_")))
			scale(&op->bits[OPERATOR_WEIGHTS], experts);
		for (i = 0; i < OPERATOR_DATA; i++)
			scale(&op->bits[i], factor[i]);
	}
}

int run_operators(const struct shard *s, const struct run_means *means, enum step_stage stage,
		  struct run_operators *out, struct engine_error *e)
{
	const struct number_bits bits = { BITS * s->model->weight_dtype,
					  BITS * s->model->weight_dtype,
					  BITS * s->model->kv_dtype };
	struct step_shape part;
	int err;

	memset(out, 0, sizeof(*out));
	out->shape = shape_of(s, means, stage, &out->microbatches);
	part = out->shape;
	part.batch /= out->microbatches;
	err = operators_of_step(s->model, &part, &bits, OPERATORS_EXACT, &out->ops, e);
	if (err)
		return err;
	out->sums = sums_of(s, &out->shape);
	place(s, out);
	share_out(s, out);
	return 0;
}
