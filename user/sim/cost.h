/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cost: money and carbon of a run, and of its tokens.
 *
 * What wears out is paid by what of its life was used up: flash by P/E cycles. All else is paid by
 * time: price x seconds at work / (life x utilisation). Nothing is paid twice. Energy is that of
 * the computers times PUE. Carbon goes the same ways: operational by energy and the grid, embodied
 * by wear or by time (the shape of ACT: Gupta et al., ISCA 2022; amortised by wear besides).
 */
#ifndef _SIM_COST_H
#define _SIM_COST_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/prices.h"

#define COST_TIERS_MAX	16

#define JOULES_PER_KWH		3.6e6

/**
 * struct cost_tier - memory that was used
 * @gb: 10^9 bytes, of all devices together
 * @kind: what it is; its price is of this
 * @wears: it is paid by wear
 * @life_used: share of its P/E cycles that the run used up; may be over 1
 */
struct cost_tier {
	double gb;
	enum prices_memory kind;
	bool wears;
	double life_used;
};

/**
 * struct cost_usage - what a run used
 * @seconds: at work
 * @accelerators: how many
 * @joules: of accelerators, memory and links, without cooling
 * @tokens: produced
 * @useful: of them delivered within the SLO, not computed again, not rejected, not substituted
 * @tiers: @n_tiers of them
 */
struct cost_usage {
	double seconds;
	double accelerators;
	double joules;
	double tokens;
	double useful;
	struct cost_tier tiers[COST_TIERS_MAX];
	size_t n_tiers;
};

/**
 * struct cost - what it cost; USD and g CO2e
 * @time_usd: of what is paid by time; @wear_usd, @energy_usd likewise
 * @embodied_time_g, @embodied_wear_g: of making it
 * @operational_g: of its energy
 * @usd, @g: sums
 */
struct cost {
	double time_usd;
	double wear_usd;
	double energy_usd;
	double usd;
	double embodied_time_g;
	double embodied_wear_g;
	double operational_g;
	double g;
};

/**
 * cost_of - what a run cost
 */
void cost_of(const struct cost_usage *u, const struct prices *p, struct cost *out);

#endif /* _SIM_COST_H */
