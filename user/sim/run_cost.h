/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cost of a run, from what its steps did. */
#ifndef _SIM_RUN_COST_H
#define _SIM_RUN_COST_H

#include "sim/cost.h"
#include "sim/run_energy.h"

/**
 * run_cost - cost of so many seconds, in which the steps of @s were done
 * @energy: of them
 *
 * Return: all values are NAN when a tier has no price.
 */
struct cost run_cost(const struct shard *s, double seconds, const struct run_energy *energy);

#endif /* _SIM_RUN_COST_H */
