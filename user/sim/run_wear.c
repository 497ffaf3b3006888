// SPDX-License-Identifier: LGPL-2.1-or-later
/* How a run wears a tier out. */
#include "sim/run_wear.h"

#include <math.h>

#include "sim/endurance.h"

static double weights_here(const struct shard_stage *stage, uint32_t tier)
{
	return (double)shard_weights(stage) * stage->share[tier][ROOFLINE_WEIGHTS];
}

/* Of all devices; the most of one is @most. */
static double all_weights(const struct shard *s, uint32_t tier, double *most)
{
	double sum = 0, here;
	uint32_t i;

	*most = 0;
	for (i = 0; i < s->n_stages; i++) {
		here = weights_here(&s->stage[i], tier);
		*most = fmax(*most, here);
		sum += here * s->stage[i].devices;
	}
	return sum;
}

static double sum_written(const struct shard *s, uint32_t tier)
{
	double sum = 0;
	int class;

	for (class = 0; class < ROOFLINE_CLASSES; class++)
		sum += s->sums.bytes.written[tier][class];
	return sum;
}

/* Blocks that are rewritten when their time is over last it as often as they have cycles. */
static double refresh_life(const struct tmodel_profile *p, double weights)
{
	if (weights <= 0 || !p->retention_s)
		return INFINITY;
	return (double)p->endurance_cycles * p->retention_s * 1000 / p->waf_permille;
}

struct run_wear run_wear(const struct shard *s, uint32_t tier, double seconds)
{
	const struct tmodel_profile *p = &s->system->tiers.tiers[tier].profile;
	double devices = s->system->devices, most;
	double weights = all_weights(s, tier, &most);
	struct run_wear w = { .written = sum_written(s, tier) };

	if (seconds <= 0)
		return w;
	if (p->retention_s)
		w.refreshed = weights * seconds / p->retention_s;
	w.life_used = (w.written + w.refreshed) * p->waf_permille / 1000 /
		      ((double)p->capacity_bytes * devices * p->endurance_cycles);
	w.life_s = fmin(endurance_life_seconds(p, (uint64_t)most, w.written / devices / seconds),
			refresh_life(p, weights));
	return w;
}
