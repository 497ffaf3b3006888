/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a set of devices holds: weights, KV and activations of a model that is sharded over them.
 *
 * Layers are cut into pp stages of consecutive layers, as equal as they get; the first stage has
 * the embedding, the last the lm_head. Within a stage tp devices split everything; dp groups of
 * them have copies, but share the experts of a mixture: these are spread over all tp x dp devices
 * of a stage (expert parallelism). KV of a sequence is in one group, split by KV heads; tp devices
 * beyond their number, and those with a latent (MLA), have copies. What tensor parallelism copies
 * in truth, norms and routers, is counted as split: 0.02 % of the weights at most.
 *
 * Functions on const structures are thread safe.
 */
#ifndef _SIM_CAPACITY_H
#define _SIM_CAPACITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/model_config.h"

/**
 * struct capacity_shard - how a model is laid over tp x pp x dp devices
 * @tp: tensor parallel
 * @pp: pipeline stages, at most the model's layers
 * @dp: data parallel groups
 */
struct capacity_shard {
	uint32_t tp;
	uint32_t pp;
	uint32_t dp;
};

/**
 * capacity_first_layer - the first layer of a stage, whose layers end before the next one's first
 * @stage: 0 to pp; of pp it is the model's number of layers
 */
uint32_t capacity_first_layer(const struct model_config *m, const struct capacity_shard *s,
			      uint32_t stage);

/**
 * struct capacity_weights - weights that a device of one stage holds
 * @embedding: of which a step reads its tokens' rows only
 * @common: read by every step
 * @experts: of which a step reads those that its tokens are routed to
 */
struct capacity_weights {
	uint64_t embedding;
	uint64_t common;
	uint64_t experts;
};

/**
 * capacity_weights - weights on each device of a stage
 * @stage: 0 to pp - 1
 */
struct capacity_weights capacity_weights(const struct model_config *m,
					 const struct capacity_shard *s, uint32_t stage);

/**
 * capacity_kv_bytes - KV of one sequence on each device of a stage
 * @tokens: of its context, below 2^32
 */
uint64_t capacity_kv_bytes(const struct model_config *m, const struct capacity_shard *s,
			   uint32_t stage, uint64_t tokens);

/**
 * capacity_activation_bytes - activations of one sequence that decodes, on a device
 *
 * The residual stream and the widest of what a layer makes of it, or the logits, in the weights'
 * data type.
 */
uint64_t capacity_activation_bytes(const struct model_config *m, const struct capacity_shard *s);

/**
 * struct capacity_need - what has to fit
 * @device_bytes: memory of a device
 * @tokens: context of each sequence
 * @activations: count those of the sequences of one of the pp microbatches in flight
 */
struct capacity_need {
	uint64_t device_bytes;
	uint64_t tokens;
	bool activations;
};

/**
 * struct capacity_fit - what fits, by the fullest stage
 * @stage: which stage that is
 * @weight_bytes: of each of its devices
 * @sequence_bytes: of each of its devices, of one sequence
 * @group_batch: sequences that a group holds; a fraction, as sequences of many lengths come and go
 * @short_bytes: what a device lacks for its weights and one sequence; 0 when they fit
 */
struct capacity_fit {
	uint32_t stage;
	uint64_t weight_bytes;
	uint64_t sequence_bytes;
	double group_batch;
	uint64_t short_bytes;
};

/**
 * capacity_fit - the largest batch
 *
 * Return: what fits; @group_batch is 0 when not even the weights do.
 */
struct capacity_fit capacity_fit(const struct model_config *m, const struct capacity_shard *s,
				 const struct capacity_need *need);

/**
 * capacity_best - the sharding of a number of devices with the largest batch of all groups
 * @devices: 1 to 65536
 * @best: the one with the fewest stages, then groups, of equals; when nothing fits, the one that
 *        lacks least
 */
struct capacity_fit capacity_best(const struct model_config *m, uint32_t devices,
				  const struct capacity_need *need, struct capacity_shard *best);

/**
 * capacity_explain - say what fits, or what does not and by how many bytes
 */
void capacity_explain(const struct capacity_fit *fit, const struct capacity_shard *s,
		      const struct capacity_need *need, char *text, size_t size);

#endif /* _SIM_CAPACITY_H */
