/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a run wears a tier out.
 *
 * KV is written over all bytes that weights do not keep. Weights are written once, but flash that
 * keeps data only so long has to have them rewritten each time that is over.
 */
#ifndef _SIM_RUN_WEAR_H
#define _SIM_RUN_WEAR_H

#include "sim/shard.h"

/**
 * struct run_wear - of a tier whose endurance is limited
 * @written: bytes by the host, of all devices
 * @refreshed: bytes of weights that had to be rewritten, of all devices
 * @life_used: share of all P/E cycles that the run used up
 * @life_s: how long a new device's tier lasts at this rate; infinity without writes
 */
struct run_wear {
	double written;
	double refreshed;
	double life_used;
	double life_s;
};

/**
 * run_wear - wear of so many seconds, in which the steps of @s were done
 * @tier: one whose endurance is limited
 *
 * The device that has most weights of its stage in the tier says how long it lasts.
 */
struct run_wear run_wear(const struct shard *s, uint32_t tier, double seconds);

#endif /* _SIM_RUN_WEAR_H */
