// SPDX-License-Identifier: LGPL-2.1-or-later
/* Cost: money and carbon of a run. */
#include "sim/cost.h"

#include "sim/endurance.h"

#define GRAMS_PER_KG		1000.0

/* Share of a working life that the run took. */
static double life_share(const struct cost_usage *u, const struct prices *p)
{
	return u->seconds / (p->value[PRICES_LIFE_YEARS] * ENDURANCE_YEAR_S *
			     p->value[PRICES_UTILISATION]);
}

static void add_tier(const struct cost_tier *t, const struct prices *p, double share,
		     struct cost *out)
{
	double usd = t->gb * prices_memory_usd(p, t->kind);
	double g = t->gb * prices_memory_g(p, t->kind);

	if (t->wears) {
		out->wear_usd += usd * t->life_used;
		out->embodied_wear_g += g * t->life_used;
	} else {
		out->time_usd += usd * share;
		out->embodied_time_g += g * share;
	}
}

void cost_of(const struct cost_usage *u, const struct prices *p, struct cost *out)
{
	double kwh = u->joules / JOULES_PER_KWH * p->value[PRICES_PUE];
	double share = life_share(u, p);
	size_t i;

	*out = (struct cost) {
		.time_usd = u->accelerators * share *
			(p->value[PRICES_ACCELERATOR_USD] + p->value[PRICES_SERVER_USD]),
		.embodied_time_g = u->accelerators * share * GRAMS_PER_KG *
			(p->value[PRICES_ACCELERATOR_KG] + p->value[PRICES_SERVER_KG]),
		.energy_usd = kwh * p->value[PRICES_ELECTRICITY],
		.operational_g = kwh * p->value[PRICES_GRID],
	};
	for (i = 0; i < u->n_tiers; i++)
		add_tier(&u->tiers[i], p, share, out);
	out->usd = out->time_usd + out->wear_usd + out->energy_usd;
	out->g = out->embodied_time_g + out->embodied_wear_g + out->operational_g;
}
