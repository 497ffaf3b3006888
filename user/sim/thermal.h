/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Heat of a stack of dies: what bandwidth a temperature allows.
 *
 * A ladder of equal dies, each heated alike, cooled through the first one by a sink. Formulas,
 * sources and what is left out: Documentation/models/thermal.md.
 */
#ifndef _SIM_THERMAL_H
#define _SIM_THERMAL_H

#include <stdint.h>

#include <terrace/model.h>

#include "engine/error.h"

#define THERMAL_DIES_MAX	64

/**
 * struct thermal_stack - a stack
 * @dies: the first is at the sink
 * @area_mm2: of a die
 * @die_um, @bond_um: how thick a die and what joins it to the next are
 * @die_w_mk, @bond_w_mk: W/(m K) of both
 * @die_j_m3k: J/(m^3 K) of a die
 * @sink_k_w, @sink_j_k: K/W and J/K between the first die and the ambient
 * @ambient_c, @limit_c: temperatures in degrees Celsius
 */
struct thermal_stack {
	unsigned int dies;
	double area_mm2;
	double die_um;
	double bond_um;
	double die_w_mk;
	double bond_w_mk;
	double die_j_m3k;
	double sink_k_w;
	double sink_j_k;
	double ambient_c;
	double limit_c;
};

/**
 * thermal_init - materials and limits of public models; no package of a product
 */
void thermal_init(struct thermal_stack *s, unsigned int dies, double area_mm2);

/**
 * thermal_check - is it a stack?
 * @what: its name, for errors
 *
 * Return: 0, or -EINVAL with the error set.
 */
int thermal_check(const struct thermal_stack *s, const char *what, struct engine_error *e);

/**
 * thermal_die_k_w - K/W from a die to the next
 * @s: passes thermal_check(), as of all functions below
 */
double thermal_die_k_w(const struct thermal_stack *s);

/**
 * thermal_die_j_k - J/K of a die
 */
double thermal_die_j_k(const struct thermal_stack *s);

/**
 * thermal_steady_c - temperature of the hottest die when it does not change any more
 * @watts: of all dies together
 */
double thermal_steady_c(const struct thermal_stack *s, double watts);

/**
 * thermal_after_c - temperature of the hottest die some time after the power has changed
 * @before: watts until then, for so long that nothing changed any more
 * @watts: from then on
 */
double thermal_after_c(const struct thermal_stack *s, double before, double watts,
		       double seconds);

/**
 * thermal_watts - power at which the hottest die has the limit's temperature
 */
double thermal_watts(const struct thermal_stack *s);

/**
 * thermal_tier_watts - power of a memory that reads all the time
 * @derate_permille: of its bandwidth
 */
double thermal_tier_watts(const struct tmodel_profile *p, uint32_t derate_permille);

/**
 * thermal_derate - how much of its bandwidth a memory can read without ever being too hot
 * @stacks: that share bandwidth and power
 *
 * Return: permille for tmodel_derated_bps(), rounded down; 0 when it is too hot even without load,
 * or 0.1 % of the bandwidth is too much.
 */
uint32_t thermal_derate(const struct thermal_stack *s, const struct tmodel_profile *p,
			uint32_t stacks);

#endif /* _SIM_THERMAL_H */
