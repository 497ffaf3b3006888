/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Energy of a run, from what its steps did.
 *
 * Memory: bytes by the profiles' energies of array and link, and idle power all the time.
 * Accelerators: active power while they compute, idle power otherwise (tmodel_accel_energy()).
 * Links between devices are not counted: network files say nothing about them.
 */
#ifndef _SIM_RUN_ENERGY_H
#define _SIM_RUN_ENERGY_H

#include "sim/shard.h"

/**
 * struct run_energy - joules of all devices
 * @moved: by tier, of its bytes
 * @idle: by tier, of its idle power
 * @computing, @waiting: of accelerators
 * @all: the sum
 */
struct run_energy {
	double moved[TMODEL_TIERS_MAX];
	double idle[TMODEL_TIERS_MAX];
	double computing;
	double waiting;
	double all;
};

/**
 * run_energy - energy of so many seconds, in which the steps of @s were done
 */
struct run_energy run_energy(const struct shard *s, double seconds);

#endif /* _SIM_RUN_ENERGY_H */
