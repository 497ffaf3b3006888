/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long a decoded token takes at least, by what memories have to move.
 *
 * A step of a stage reads the stage's weights and the KV of its microbatch, and writes KV: of the
 * tokens decoded and of the prompts that replace finished sequences. Tiers stream at the same time,
 * the slowest bounds the stage (include/terrace/model.h). With pipeline parallelism pp microbatches
 * are in flight, and a token passes all stages one after the other: its time is their sum.
 * Operations and links are not counted.
 */
#ifndef _SIM_DECODE_BOUND_H
#define _SIM_DECODE_BOUND_H

#include <terrace/model.h>

#include "sim/capacity.h"

/**
 * struct decode_tier - a memory of each device
 * @stack: one stack of it
 * @stacks: how many, 1 or more; all carry the same share
 * @weights: share of the weights that is in it, 0 to 1
 * @kv: share of the KV
 */
struct decode_tier {
	const struct tmodel_profile *stack;
	uint32_t stacks;
	double weights;
	double kv;
};

/**
 * struct decode_batch - what is decoded
 * @sequences: of a group, all its microbatches together
 * @tokens: mean context that a step reads, below 2^32
 * @written: tokens whose KV is written a sequence and step: 1, and as many tokens of prompts as
 *           begin in the mean for each one decoded
 */
struct decode_batch {
	double sequences;
	uint64_t tokens;
	double written;
};

/**
 * struct decode_traffic - bytes of a device in a step of one microbatch
 */
struct decode_traffic {
	double weights;
	double kv_read;
	double kv_written;
};

/**
 * decode_traffic - what a device of a stage moves
 *
 * Of the experts are read those that any token is routed to, in the mean of uniform routing: of n
 * tokens that choose k of E all but (1 - k/E)^n.
 */
struct decode_traffic decode_traffic(const struct model_config *m, const struct capacity_shard *s,
				     uint32_t stage, const struct decode_batch *b);

/**
 * decode_stage_ns - how long a stage takes at least
 * @tiers: @n of them, at most TMODEL_TIERS_MAX
 */
uint64_t decode_stage_ns(const struct decode_traffic *traffic, const struct decode_tier *tiers,
			 uint32_t n);

/**
 * decode_tpot_seconds - time between two tokens of a sequence, at least
 */
double decode_tpot_seconds(const struct model_config *m, const struct capacity_shard *s,
			   const struct decode_tier *tiers, uint32_t n,
			   const struct decode_batch *b);

#endif /* _SIM_DECODE_BOUND_H */
