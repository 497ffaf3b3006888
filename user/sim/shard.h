/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A model on devices: where its data lie, and how long a step of serve.h takes there.
 *
 * Devices are laid out as capacity.h says. What a step costs is linear in the sums of struct
 * serve_step, but for experts and windows, so its coefficients are made once; a step takes the same
 * few operations whatever its batch. On a device everything overlaps (the roofline,
 * include/terrace/model.h): the slowest of operations and tiers bounds a stage, collective
 * operations come on top. The pp stages work on as many microbatches; a step takes pp times as long
 * as the slowest of them. Formulas: Documentation/models/run.md.
 *
 * Thread safe as long as threads do not share a structure.
 */
#ifndef _SIM_SHARD_H
#define _SIM_SHARD_H

#include "sim/calibration.h"
#include "sim/capacity.h"
#include "sim/collective.h"
#include "sim/roofline.h"
#include "sim/serve.h"
#include "sim/system.h"

struct kernel_time;

/**
 * struct shard_order - tiers that a class fills, one after the other
 * @tier: @n of them; with 0 of them they go by tmodel_place_order()
 */
struct shard_order {
	uint32_t n;
	uint32_t tier[TMODEL_TIERS_MAX];
};

/**
 * struct shard_options - what is asked for
 * @shard: tp x pp x dp devices of the system; the experts of a mixture are on tp x dp
 * @max_batch, @max_step_tokens, @block_tokens: as of struct serve_options
 * @overhead_ns: of each step, of all software together
 * @bandwidth_permille: share of the tiers' bandwidth that is reached, 1 to 1000
 * @draft: a model that lies beside it (sim/draft.h), or NULL
 * @serial: operations and tiers do not overlap
 * @calibration: what is reached and what is fixed, instead of the above two and of the efficiency
 *               in the tier file; NULL = none
 * @overfull: lay out what does not fit as well, to see what it lacks; no step runs on it
 * @weights, @kv: where they lie, if not by the rule
 */
struct shard_options {
	struct capacity_shard shard;
	uint32_t max_batch;
	uint32_t max_step_tokens;
	uint32_t block_tokens;
	uint64_t overhead_ns;
	uint32_t bandwidth_permille;
	const struct model_config *draft;
	bool serial;
	const struct calibration *calibration;
	bool overfull;
	struct shard_order weights;
	struct shard_order kv;
};

/**
 * struct shard_bytes - bytes of a device, read and written
 */
struct shard_bytes {
	double read[TMODEL_TIERS_MAX][ROOFLINE_CLASSES];
	double written[TMODEL_TIERS_MAX][ROOFLINE_CLASSES];
};

/**
 * struct shard_stage - a device of a stage
 * @stages: so many stages are alike
 * @devices: that there are of them in all groups
 * @layers, @moe_layers: of the stage
 * @first, @last: the embedding is here; the lm_head is
 * @weights: bytes
 * @beside: bytes of the draft model's weights
 * @activations: bytes that are kept for the greatest step
 * @share: of the weights and activations by tier; that of KV is a step's
 * @kv_room: bytes by tier
 * @kv_share: of the room, the rest is for KV of the draft model
 * @token_kv: bytes of KV that a token writes
 * @linear_kv, @local_kv: of them in layers that keep all tokens, and a window of them
 * @token_ops, @sampled_ops: operations of a token, and of one that comes out
 * @expert_ops: of @token_ops those of experts
 * @decode_ops, @prefill_ops: of a token that one of them attends to
 * @token_act, @sampled_act: bytes of activations, read and written
 * @row: bytes of the embedding that a token reads
 * @lack: bytes that have no room; 0 of a stage that fits
 */
struct shard_stage {
	uint32_t stages;
	uint32_t devices;
	uint32_t layers;
	uint32_t moe_layers;
	bool first;
	bool last;
	struct capacity_weights weights;
	double beside;
	double activations;
	double share[TMODEL_TIERS_MAX][ROOFLINE_CLASSES];
	double kv_room[TMODEL_TIERS_MAX];
	double kv_share;
	double token_kv;
	double linear_kv;
	double local_kv;
	double token_ops;
	double sampled_ops;
	double expert_ops;
	double decode_ops;
	double prefill_ops;
	double token_act[2];
	double sampled_act[2];
	double row;
	double lack;
};

/**
 * struct shard_sums - what all steps did; of all devices together where a time does not say else
 * @steps: steps of groups
 * @bytes: moved
 * @ops: operations
 * @compute_s: seconds of devices that computed
 * @tier_s: of devices whose tier was at work
 * @busy_s: seconds of groups, sum of all steps
 * @network_s: of them for collective operations
 * @overhead_s: of them for software
 * @serial_s: what the steps would have taken had nothing overlapped
 */
struct shard_sums {
	uint64_t steps;
	struct shard_bytes bytes;
	double ops;
	double compute_s;
	double tier_s[TMODEL_TIERS_MAX];
	double busy_s;
	double network_s;
	double overhead_s;
	double serial_s;
};

/**
 * struct shard_collective - an operation of a step
 * @bytes: as of collective_best()
 */
struct shard_collective {
	double bytes;
	double seconds;
};

/**
 * struct shard - a model on devices
 * @stage: @n_stages that differ
 * @groups: with a scheduler each
 * @tier: their bandwidths
 * @kv_order: @n_kv tiers that KV fills, one after the other
 * @kv_blocks: of a group, by the fullest stage
 * @tensor, @expert, @all: networks of tp, tp x dp and all devices
 * @lack: bytes that a device lacks, when shard_init() returned -ENOSPC
 * @plain: some of them are switches, as the file's topology does not have their size
 * @kernels: measured ones, which a step's time is then of; NULL after shard_init()
 * @last: the last operation of each kind
 * @sums: added to by shard_step_ns()
 */
struct shard {
	const struct sim_system *system;
	const struct model_config *model;
	struct shard_options options;
	struct shard_stage *stage;
	uint32_t n_stages;
	uint32_t groups;
	double peak_ops;
	struct roofline_tier tier[TMODEL_TIERS_MAX];
	uint32_t kv_order[TMODEL_TIERS_MAX];
	uint32_t n_kv;
	uint32_t kv_blocks;
	struct network tensor;
	struct network expert;
	struct network all;
	double lack;
	bool plain;
	struct kernel_time *kernels;
	struct shard_collective last[COLLECTIVES];
	struct shard_sums sums;
};

/**
 * shard_init - lay a model over devices
 * @system, @model: must live as long as @out
 * @out: to be freed with shard_free(), also on error
 *
 * Operations of FP8 weights run at twice the tier file's rate, which is that of BF16.
 *
 * Return: 0; -EINVAL the devices are not so many, or cannot be laid out so; -ENOSPC it does not
 * fit; -EXDEV no tier allows a class; -ENOMEM.
 */
int shard_init(struct shard *out, const struct sim_system *system, const struct model_config *model,
	       const struct shard_options *options, struct engine_error *e);
void shard_free(struct shard *s);

typedef void shard_layout_fn(void *ctx, const struct capacity_shard *layout);

/**
 * shard_each_layout - call a function for every tp x pp x dp that is a number of devices
 * @asked: numbers that are not 0 are given
 *
 * Each once, by pp, then dp. Whether a model can be laid out so is for shard_init() to say.
 */
void shard_each_layout(uint32_t devices, const struct capacity_shard *asked, shard_layout_fn *fn,
		       void *ctx);

/**
 * shard_choose - the layout that holds most KV
 * @options: tp, pp and dp that are 0 are chosen: of layouts within 1 % of the most KV the one with
 *           the fewest stages, then groups
 *
 * Return: 0; -EINVAL no layout has so many devices; what shard_init() says of the
 * first one when none fits.
 */
int shard_choose(const struct sim_system *system, const struct model_config *model,
		 struct shard_options *options, struct engine_error *e);

/**
 * shard_step_ns - how long a step takes
 * @ctx: struct shard
 * @steps, @n: of one group, or of all in lockstep
 */
uint64_t shard_step_ns(void *ctx, const struct serve_step *steps, uint32_t n);

/**
 * shard_add_sums - add what steps did, as if they had been done so many times
 */
void shard_add_sums(struct shard_sums *to, const struct shard_sums *from, double times);

/* ---- where data lie, shard_place.c ---- */

/**
 * struct shard_room - who gets what of a device of a stage, in bytes
 * @bytes: by tier and class; of KV, what there is room for
 * @staging: kept free, so that KV can be exchanged between tiers
 * @lack: by class; of KV, for one block
 */
struct shard_room {
	uint64_t bytes[TMODEL_TIERS_MAX][ROOFLINE_CLASSES];
	uint64_t staging[TMODEL_TIERS_MAX];
	uint64_t lack[ROOFLINE_CLASSES];
};

/**
 * shard_room - put weights and activations of a stage on the tiers, and see what is left for KV
 *
 * In the order of shard_place_order(), activations first. Return: 0, also when something is
 * lacking; -EXDEV no tier allows a class.
 */
int shard_room(const struct shard *s, const struct shard_stage *stage, struct shard_room *out,
	       struct engine_error *e);

/**
 * shard_place - the same, as shares of the stage
 *
 * Return: as shard_init().
 */
int shard_place(const struct shard *s, struct shard_stage *stage, struct engine_error *e);

/**
 * shard_weights - bytes on a device
 * shard_block_bytes - bytes of a block of KV on a device
 */
uint64_t shard_weights(const struct shard_stage *stage);
uint64_t shard_block_bytes(const struct shard *s, const struct shard_stage *stage);

/**
 * shard_place_order - tiers of a class, the one that is filled first before the others
 *
 * Return: how many.
 */
uint32_t shard_place_order(const struct shard *s, uint32_t class_id,
			   uint32_t order[TMODEL_TIERS_MAX]);

/**
 * shard_kv_blocks - blocks of KV that a device of a stage has room for
 */
uint32_t shard_kv_blocks(const struct shard *s, const struct shard_stage *stage);

#endif /* _SIM_SHARD_H */
