// SPDX-License-Identifier: GPL-2.0-only
/*
 * Placement: which tiers a class goes to, best first. Policy advises, this file checks the advice:
 * an answer with an index that is offline, repeated or of the wrong class is dropped and counted.
 */
#include <linux/bitops.h>

#include "terrace.h"

static void policy_describe(struct tmodel_place_tier *tiers)
{
	struct terrace_tier *t;
	u32 i;

	for (i = 0; i < TERRACE_TIERS_MAX; i++) {
		t = &terrace.tiers[i];
		guard(spinlock)(&t->lock);
		tiers[i] = (struct tmodel_place_tier) {
			.online = t->state == TERRACE_TIER_ONLINE,
			.rank = t->rank,
			.classes = t->classes,
			.read_bps = t->profile.read_bps,
			.endurance_cycles = t->profile.endurance_cycles,
		};
	}
}

/**
 * terrace_policy_order - tiers that may hold a class now, best first
 * @class_id: enum terrace_class
 * @order: receives indices of online tiers
 *
 * Return: how many.
 */
u32 terrace_policy_order(u32 class_id, u32 order[TERRACE_TIERS_MAX])
{
	struct tmodel_place_tier tiers[TERRACE_TIERS_MAX];
	u32 answer[TERRACE_TIERS_MAX];
	u32 i, n, valid = 0;
	u32 seen = 0;

	policy_describe(tiers);
	n = tmodel_place_order(tiers, TERRACE_TIERS_MAX, class_id, answer);
	if (n && terrace_inject(TERRACE_INJECT_POLICY))
		answer[0] = TERRACE_TIERS_MAX;

	for (i = 0; i < n; i++) {
		u32 tier = answer[i];

		if (tier >= TERRACE_TIERS_MAX || (seen & BIT(tier)) || !tiers[tier].online ||
		    !(tiers[tier].classes & BIT(class_id))) {
			atomic64_inc(&terrace.bad_policy);
			continue;
		}
		seen |= BIT(tier);
		order[valid++] = tier;
	}
	return valid;
}
