/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A model on memories with logic (sim/near.h): the fewest modules near memory that hold its
 * weights, and into how many pieces its parts must be cut for banks.
 */
#ifndef _SIM_FIT_NEAR_H
#define _SIM_FIT_NEAR_H

#include "sim/capacity.h"
#include "sim/near.h"

#define FIT_MODULES_MAX	4096

/**
 * struct fit_module - modules of PNM
 * @shards: when weights could be cut anywhere
 * @devices: the fewest, cut at layers, heads and experts; 0 = not so many as were looked at
 * @layout: of them; DP is where experts are apart (EP = TP x DP)
 * @fullest: bytes of weights of the fullest device
 */
struct fit_module {
	uint64_t module_bytes;
	uint64_t shards;
	uint32_t devices;
	struct capacity_shard layout;
	uint64_t fullest;
};

/**
 * struct fit_part - a part of the model for PIM
 * @count: so many of this size
 * @bytes: of one
 * @pieces: that each must be cut into; 1 = it fits a bank
 */
struct fit_part {
	uint64_t count;
	uint64_t bytes;
	uint64_t pieces;
};

/**
 * struct fit_banks - banks of PIM
 * @shards: when weights could be cut anywhere
 * @pieces: when parts are cut for themselves
 * @part: by kind; of layers that differ the largest
 */
struct fit_banks {
	uint64_t bank_bytes;
	uint64_t shards;
	uint64_t pieces;
	struct fit_part part[MODEL_PARTS];
};

/**
 * fit_module - the fewest modules whose shard is at most @module_bytes
 */
struct fit_module fit_module(const struct model_config *m, uint64_t module_bytes);

/**
 * fit_banks - the parts of a model in banks of @bank_bytes
 */
struct fit_banks fit_banks(const struct model_config *m, uint64_t bank_bytes);

#endif /* _SIM_FIT_NEAR_H */
