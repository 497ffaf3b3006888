// SPDX-License-Identifier: LGPL-2.1-or-later
/* The operators of a run's steps, as JSON. */
#include "sim/run_operators_json.h"

#include "sim/run_operators.h"

#define BITS	8

/* What of a tier an operator uses, all layers together. */
struct use {
	double read;
	double written;
	double seconds;
};

static json_t *ratio(double value, double of)
{
	return of > 0 ? json_real(value / of) : json_null();
}

static struct use use_of(const struct roofline *r, const struct sim_operator *op, size_t tier)
{
	const double *share = r->tier[tier].share, times = (double)op->times / BITS;
	struct roofline_time t = roofline_operator(r, op);

	return (struct use) {
		.read = times * ((double)op->bits[OPERATOR_WEIGHTS] * share[ROOFLINE_WEIGHTS] +
				 (double)op->bits[OPERATOR_ACT_READ] * share[ROOFLINE_ACTIVATIONS] +
				 (double)op->bits[OPERATOR_KV_READ] * share[ROOFLINE_KV]),
		.written = times *
			   ((double)op->bits[OPERATOR_ACT_WRITE] * share[ROOFLINE_ACTIVATIONS] +
			    (double)op->bits[OPERATOR_KV_WRITE] * share[ROOFLINE_KV]),
		.seconds = (double)op->times * t.tier_s[tier],
	};
}

static const char *bound_of(const struct run_case *r, const struct roofline_time *t)
{
	uint32_t i;

	for (i = 0; i < r->system.tiers.n_tiers; i++)
		if (t->tier_s[i] > t->compute_s && t->tier_s[i] == t->overlapped_s)
			return r->system.tiers.tiers[i].name;
	return "compute";
}

static json_t *json_uses(const struct run_case *r, const struct run_operators *o,
			 const struct sim_operator *op)
{
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < r->system.tiers.n_tiers; i++) {
		struct use u = use_of(&o->device, op, i);

		json_array_append_new(all, json_pack("{s:s, s:f, s:f, s:f}", "name",
						     r->system.tiers.tiers[i].name, "read", u.read,
						     "written", u.written, "seconds", u.seconds));
	}
	return all;
}

static json_t *json_operator(const struct run_case *r, const struct run_operators *o,
			     const struct sim_operator *op)
{
	struct roofline_time t = roofline_operator(&o->device, op);
	double times = (double)op->times, ops = times * (double)op->ops;
	double bytes = times * operator_bytes(op), seconds = times * t.overlapped_s;

	return json_pack("{s:s, s:I, s:f, s:f, s:o, s:o, s:s, s:f, s:o}", "name", op->name,
			 "layers", (json_int_t)op->times, "ops", ops, "bytes", bytes, "intensity",
			 ratio(ops, bytes), "attainable", ratio(ops, seconds), "bound",
			 bound_of(r, &t), "seconds", seconds, "tier", json_uses(r, o, op));
}

static json_t *json_step(const struct run_case *r, const struct run_operators *o)
{
	const struct step_shape *s = &o->shape;
	json_t *all = json_array();
	double groups = (double)o->sums.steps;
	size_t i;

	for (i = 0; i < o->ops.n; i++)
		json_array_append_new(all, json_operator(r, o, &o->ops.op[i]));
	return json_pack("{s:s, s:I, s:I, s:I, s:i, s:f, s:f, s:o}", "name",
			 s->stage == STEP_DECODE ? "decode" : "prefill", "batch",
			 (json_int_t)s->batch, "tokens", (json_int_t)s->tokens, "context",
			 (json_int_t)s->context, "microbatches", (int)o->microbatches, "seconds",
			 o->sums.busy_s / groups, "serial_seconds", o->sums.serial_s / groups,
			 "operators", all);
}

/* A step whose counts are too large is left out. */
static json_t *json_steps(const struct run_case *r)
{
	static const enum step_stage stages[RUN_OPERATORS_STEPS] = { STEP_DECODE, STEP_PREFILL };
	json_t *all = json_array();
	struct run_operators o;
	struct engine_error e;
	struct run_means means;
	int i;

	if (!run_operators_means(r, &means))
		return all;
	for (i = 0; i < RUN_OPERATORS_STEPS; i++)
		if (!run_operators(&r->shard, &means, stages[i], &o, &e))
			json_array_append_new(all, json_step(r, &o));
	return all;
}

static json_t *json_rates(const struct run_case *r)
{
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < r->system.tiers.n_tiers; i++)
		json_array_append_new(all, json_pack("{s:s, s:f, s:f}", "name",
						     r->system.tiers.tiers[i].name, "read_bps",
						     r->shard.tier[i].read_bps, "write_bps",
						     r->shard.tier[i].write_bps));
	return all;
}

json_t *run_operators_json(const struct run_case *r)
{
	return json_pack("{s:f, s:o, s:o}", "peak_ops", r->shard.peak_ops, "tier", json_rates(r),
			 "step", json_steps(r));
}
