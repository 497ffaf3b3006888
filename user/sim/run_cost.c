// SPDX-License-Identifier: LGPL-2.1-or-later
/* Cost of a run. */
#include "sim/run_cost.h"

#include <math.h>

#include "sim/endurance.h"
#include "sim/run_wear.h"

/* Nothing is paid twice: by wear where a tier wears out before the time it is paid by is over. */
static void use_tier(const struct shard *s, uint32_t tier, double seconds, struct cost_usage *u)
{
	const struct engine_tier *t = &s->system->tiers.tiers[tier];
	const double *price = s->system->prices.value;
	double share = seconds / (price[PRICES_LIFE_YEARS] * ENDURANCE_YEAR_S *
				  price[PRICES_UTILISATION]);
	struct cost_tier *c = &u->tiers[u->n_tiers++];

	*c = (struct cost_tier) {
		.gb = (double)t->profile.capacity_bytes / 1e9 * s->system->devices,
		.kind = prices_memory_kind(t->profile_name),
	};
	if (!t->profile.endurance_cycles)
		return;
	c->life_used = run_wear(s, tier, seconds).life_used;
	c->wears = c->life_used > share;
}

/* Return: whether all tiers have a price. */
static bool use(const struct shard *s, double seconds, struct cost_usage *u)
{
	const struct engine_tierfile *t = &s->system->tiers;
	uint32_t i;

	*u = (struct cost_usage) {
		.seconds = seconds,
		.accelerators = s->system->devices,
	};
	for (i = 0; i < t->n_tiers; i++) {
		if (prices_memory_kind(t->tiers[i].profile_name) == PRICES_MEMORY_KINDS)
			return false;
		use_tier(s, i, seconds, u);
	}
	return true;
}

struct cost run_cost(const struct shard *s, double seconds, const struct run_energy *energy)
{
	struct cost c = { NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
	struct cost_usage usage;

	if (!use(s, seconds, &usage))
		return c;
	usage.joules = energy->all;
	cost_of(&usage, &s->system->prices, &c);
	return c;
}
