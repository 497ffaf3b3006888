/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How KV wears flash out (the formulas of include/terrace/model.h, at a constant rate).
 *
 * Wear is level and in the mean: the writes are spread over all bytes that are rewritten at all.
 */
#ifndef _SIM_ENDURANCE_H
#define _SIM_ENDURANCE_H

#include <stdint.h>

#include <terrace/model.h>

#include "engine/model_config.h"

#define ENDURANCE_YEAR_S	31557600.0	/* 365.25 days */

/**
 * endurance_request_bytes - KV bytes that a request writes
 * @prompt: tokens; of local layers only what they keep of it is written
 * @output: tokens, each written in all layers as it is decoded
 */
uint64_t endurance_request_bytes(const struct model_config *m, uint64_t prompt, uint64_t output);

/**
 * endurance_cycles - P/E cycles that a rate costs
 * @stack: capacity and write amplification count
 * @bytes_per_second: to that stack, by the host
 */
double endurance_cycles(const struct tmodel_profile *stack, double bytes_per_second,
			double seconds);

/**
 * endurance_life_seconds - how long a new stack lasts
 * @kept_bytes: of its capacity hold what is written once, as weights
 * @bytes_per_second: to that stack, by the host
 *
 * Return: seconds; infinity without writes or when endurance is not limited; 0 when nothing is left
 * to write to.
 */
double endurance_life_seconds(const struct tmodel_profile *stack, uint64_t kept_bytes,
			      double bytes_per_second);

#endif /* _SIM_ENDURANCE_H */
