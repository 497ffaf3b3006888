// SPDX-License-Identifier: LGPL-2.1-or-later
/* How long a decoded token takes at least. */
#include "sim/decode_bound.h"

#include <math.h>

/* Share of the experts of a layer that work on a microbatch of all groups. */
static double touched(const struct model_config *m, const struct capacity_shard *s,
		      double sequences)
{
	if (!m->experts)
		return 0;
	return 1 - pow(1 - (double)m->top_k / m->experts, sequences * s->dp);
}

struct decode_traffic decode_traffic(const struct model_config *m, const struct capacity_shard *s,
				     uint32_t stage, const struct decode_batch *b)
{
	struct capacity_weights w = capacity_weights(m, s, stage);
	double sequences = b->sequences / s->pp;
	/* A token's KV is in all layers, however short their window. */
	double token = capacity_kv_bytes(m, s, stage, 1);

	return (struct decode_traffic) {
		.weights = w.common + w.experts * touched(m, s, sequences),
		.kv_read = sequences * capacity_kv_bytes(m, s, stage, b->tokens),
		.kv_written = sequences * b->written * token,
	};
}

uint64_t decode_stage_ns(const struct decode_traffic *traffic, const struct decode_tier *tiers,
			 uint32_t n)
{
	struct tmodel_sat sat = { 0 };
	struct tmodel_bound bound;
	uint32_t i;

	tmodel_bound_reset(&bound, 0);
	for (i = 0; i < n; i++) {
		const struct decode_tier *t = &tiers[i];
		double read = traffic->weights * t->weights + traffic->kv_read * t->kv;
		struct tmodel_tier_load load = {
			.read_bytes = ceil(read / t->stacks),
			.write_bytes = ceil(traffic->kv_written * t->kv / t->stacks),
		};

		tmodel_bound_add(&bound, i, tmodel_tier_ns(t->stack, &load, 1000, &sat), &sat);
	}
	return bound.overlapped_ns;
}

double decode_tpot_seconds(const struct model_config *m, const struct capacity_shard *s,
			   const struct decode_tier *tiers, uint32_t n,
			   const struct decode_batch *b)
{
	double sum = 0;
	uint32_t stage;

	for (stage = 0; stage < s->pp; stage++) {
		struct decode_traffic traffic = decode_traffic(m, s, stage, b);

		sum += decode_stage_ns(&traffic, tiers, n);
	}
	return sum / TMODEL_NS_PER_S;
}
