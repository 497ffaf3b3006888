// SPDX-License-Identifier: LGPL-2.1-or-later
/* How KV wears flash out. */
#include "sim/endurance.h"

#include <math.h>

#define S_PER_DAY	86400

uint64_t endurance_request_bytes(const struct model_config *m, uint64_t prompt, uint64_t output)
{
	return model_kv_context_bytes(m, prompt) + output * model_kv_token_bytes(m);
}

double endurance_cycles(const struct tmodel_profile *stack, double bytes_per_second,
			double seconds)
{
	struct tmodel_sat sat = { 0 };
	double bytes = bytes_per_second * seconds;
	struct tmodel_wear wear;

	if (!(bytes < TMODEL_U64_MAX))
		return INFINITY;
	tmodel_wear_init(&wear, 0);
	tmodel_wear_write(&wear, stack, 0, bytes, &sat);
	return sat.count ? INFINITY : tmodel_wear_cycles_milli(&wear, stack, &sat) / 1000.0;
}

double endurance_life_seconds(const struct tmodel_profile *stack, uint64_t kept_bytes,
			      double bytes_per_second)
{
	struct tmodel_profile rewritten = *stack;
	struct tmodel_sat sat = { 0 };

	if (!stack->endurance_cycles || bytes_per_second <= 0)
		return INFINITY;
	if (kept_bytes >= stack->capacity_bytes)
		return 0;
	rewritten.capacity_bytes -= kept_bytes;
	/* What may be written in all is the budget of a day when life has to last one. */
	rewritten.lifetime_s = S_PER_DAY;
	return tmodel_wear_budget(&rewritten, &sat) / bytes_per_second;
}
