// SPDX-License-Identifier: LGPL-2.1-or-later
/* How long a stage takes by a calibration: kinds of operators, one after the other. */
#include <math.h>
#include <string.h>

#include "sim/shard_time.h"

/**
 * struct kind - of a device of a stage, in a microbatch
 */
struct kind {
	double ops;
	double read[TMODEL_TIERS_MAX];
	double written[TMODEL_TIERS_MAX];
};

static void split_ops(const struct shard_stage *stage, const struct shard_work *w,
		      struct kind kinds[CALIBRATION_KINDS])
{
	kinds[CALIBRATION_MOE].ops = w->tokens * stage->expert_ops;
	kinds[CALIBRATION_GEMM].ops = w->tokens * (stage->token_ops - stage->expert_ops) +
				      w->sampled * stage->sampled_ops;
	kinds[CALIBRATION_DECODE_ATTENTION].ops = w->decode_context * stage->decode_ops;
	kinds[CALIBRATION_PREFILL_ATTENTION].ops = w->prefill_context * stage->prefill_ops;
}

/* Weights of experts and the others lie alike; what is attended to is read by who attends. */
static void split_bytes(const struct shard *s, const struct shard_work *w,
			const struct shard_load *l, struct kind kinds[CALIBRATION_KINDS])
{
	double weights = l->common + l->experts, experts = weights > 0 ? l->experts / weights : 0;
	double decode = w->kept > 0 ? w->decode_kept / w->kept : 0;
	uint32_t i;

	for (i = 0; i < s->system->tiers.n_tiers; i++) {
		const double *read = l->bytes.read[i], *written = l->bytes.written[i];

		kinds[CALIBRATION_MOE].read[i] = read[ROOFLINE_WEIGHTS] * experts;
		kinds[CALIBRATION_GEMM].read[i] = read[ROOFLINE_WEIGHTS] * (1 - experts) +
						  read[ROOFLINE_ACTIVATIONS];
		kinds[CALIBRATION_GEMM].written[i] = written[ROOFLINE_ACTIVATIONS] +
						     written[ROOFLINE_KV];
		kinds[CALIBRATION_DECODE_ATTENTION].read[i] = read[ROOFLINE_KV] * decode;
		kinds[CALIBRATION_PREFILL_ATTENTION].read[i] = read[ROOFLINE_KV] * (1 - decode);
	}
}

/* Adds a kind's time to the stage's; the slowest of operations and tiers bounds the kind. */
static void add_kind(const struct shard *s, int which, const struct kind *k,
		     struct shard_stage_time *t)
{
	const struct calibration *c = s->options.calibration;
	double share = (double)c->bandwidth_permille[which] / 1000;
	double compute = k->ops / (s->peak_ops * (double)c->compute_permille[which] / 1000);
	double longest = compute, here;
	uint32_t i;

	t->compute += compute;
	for (i = 0; i < s->system->tiers.n_tiers; i++) {
		here = (k->read[i] / s->tier[i].read_bps + k->written[i] / s->tier[i].write_bps) /
		       share;
		t->tier[i] += here;
		longest = fmax(longest, here);
	}
	t->taken += longest;
}

/* The first access of each tier that is used, which nothing hides, and all else that is fixed. */
static void add_fixed(const struct shard *s, const struct shard_stage *stage,
		      struct shard_stage_time *t)
{
	const struct calibration *c = s->options.calibration;
	double ns = stage->layers * (double)c->layer_ns +
		    stage->moe_layers * (double)c->moe_layer_ns;
	uint32_t i;

	for (i = 0; i < s->system->tiers.n_tiers; i++) {
		if (t->tier[i] <= 0)
			continue;
		t->tier[i] += s->tier[i].first_s;
		t->taken += s->tier[i].first_s;
	}
	t->taken += ns / 1e9;
}

struct shard_stage_time shard_calibrated(const struct shard *s, const struct shard_stage *stage,
					 const struct shard_work *w, const struct shard_load *l)
{
	struct kind kinds[CALIBRATION_KINDS];
	struct shard_stage_time t = { 0 };
	uint32_t i;
	int kind;

	memset(kinds, 0, sizeof(kinds));
	split_ops(stage, w, kinds);
	split_bytes(s, w, l, kinds);
	for (kind = 0; kind < CALIBRATION_KINDS; kind++)
		add_kind(s, kind, &kinds[kind], &t);
	t.overlapped = t.compute;
	t.serial = t.compute;
	for (i = 0; i < s->system->tiers.n_tiers; i++) {
		t.overlapped = fmax(t.overlapped, t.tier[i]);
		t.serial += t.tier[i];
	}
	if (w->tokens > 0 || t.taken > 0)
		add_fixed(s, stage, &t);
	return t;
}
