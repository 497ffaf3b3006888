/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The KV cache of one sequence, in blocks of a pool. */
#ifndef DECODER_KV_H
#define DECODER_KV_H

#include <stdint.h>

#include "half.h"
#include "memory.h"
#include "model.h"

#define KV_BLOCK_TOKENS	16

/**
 * struct kv - a sequence's blocks
 * @pool: whose blocks they are; NULL in plain memory, where block n is the n-th
 * @table: block of each KV_BLOCK_TOKENS positions
 * @blocks: entries that are filled
 * @row_bytes: K, or V, of a position in a layer
 */
struct kv {
	struct area area;
	struct terrace_kv_pool *pool;
	uint32_t *table;
	uint32_t blocks;
	uint32_t blocks_max;
	uint32_t layers;
	uint64_t row_bytes;
	uint64_t block_bytes;
};

/* A block with all its layers is one piece, and an extent is at least as large, to move as one. */
int kv_make(struct kv *kv, struct memory *m, const struct model *model, uint64_t positions,
	    const char *tier);
void kv_release(struct kv *kv);

/* There is room for a position from now on; positions come in order. */
int kv_extend(struct kv *kv, uint64_t position);

/* Writes K and V of a position that there is room for. */
void kv_append(struct kv *kv, uint32_t layer, uint64_t position, const float *k, const float *v);

/* Says that a layer reads all positions up to this one. */
void kv_declare_read(const struct kv *kv, uint32_t layer, uint64_t position);

const half *kv_key(const struct kv *kv, uint32_t layer, uint64_t position);
const half *kv_value(const struct kv *kv, uint32_t layer, uint64_t position);

#endif
