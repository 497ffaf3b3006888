/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What shard_step.c and shard_calibrated.c hand to each other. */
#ifndef _SIM_SHARD_TIME_H
#define _SIM_SHARD_TIME_H

#include "sim/shard.h"

/**
 * struct shard_work - of a group and microbatch
 * @tokens: that pass through the layers; logits of @sampled of them are computed
 * @written: tokens whose KV is written
 * @others: tokens of all groups, which choose experts
 * @most: tokens of the group that has most of them
 * @decode_context, @prefill_context: sums of tokens that are attended to
 * @kept: tokens whose KV is read, @decode_kept of them by who decodes; of a window's layers @windowed
 * @microbatches: how many are in flight; what is kept of all of them lies in memory
 */
struct shard_work {
	double tokens;
	double sampled;
	double written;
	double others;
	double most;
	double decode_context;
	double prefill_context;
	double kept;
	double decode_kept;
	double windowed;
	double microbatches;
};

/**
 * struct shard_load - of a device of a stage, in a microbatch
 * @common, @experts: bytes of weights that are read
 */
struct shard_load {
	struct shard_bytes bytes;
	double common;
	double experts;
	double ops;
};

/**
 * struct shard_stage_time - seconds
 * @taken: what a step takes of it: the bound that is asked for
 */
struct shard_stage_time {
	double compute;
	double tier[TMODEL_TIERS_MAX];
	double overlapped;
	double serial;
	double taken;
	double network;
};

/**
 * shard_calibrated - the time of a stage by the options' calibration, without @network
 */
struct shard_stage_time shard_calibrated(const struct shard *s, const struct shard_stage *stage,
					 const struct shard_work *w, const struct shard_load *l);

#endif /* _SIM_SHARD_TIME_H */
