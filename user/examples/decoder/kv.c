// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A paged KV cache. A block holds KV_BLOCK_TOKENS positions of all layers: by layer, then by
 * position, K and V side by side, so that what a layer reads of a block is one range.
 *
 * A sequence takes blocks as it grows and gives them back when it ends. With many sequences one
 * pool serves them all; a full block of a prompt would be published under the hash of all tokens up
 * to its end (terrace_kv_publish()), for another sequence to find it (terrace_kv_lookup()).
 */
#include "kv.h"

#include <stdlib.h>

#include "refuse.h"

#define EXTENT_MIN	(1U << TERRACE_EXTENT_SHIFT_MIN)
#define EXTENT_MAX	(1U << TERRACE_EXTENT_SHIFT_MAX)

static uint32_t extent_for(uint64_t block_bytes)
{
	uint32_t bytes = EXTENT_MIN;

	while (bytes < block_bytes && bytes < EXTENT_MAX)
		bytes *= 2;
	return bytes;
}

static int make_pool(struct kv *kv)
{
	if (!kv->area.buffer)
		return 0;
	kv->pool = terrace_kv_pool_create(kv->area.buffer, kv->block_bytes);
	if (!kv->pool)
		return refuse("%s", terrace_error());
	return 0;
}

int kv_make(struct kv *kv, struct memory *m, const struct model *model, uint64_t positions,
	    const char *tier)
{
	struct placement where = { .tier = tier };
	uint64_t bytes;

	*kv = (struct kv){ .layers = model->layers };
	kv->row_bytes = model_kv_dim(model) * sizeof(half);
	kv->block_bytes = model->layers * KV_BLOCK_TOKENS * 2 * kv->row_bytes;
	kv->blocks_max = (positions - 1) / KV_BLOCK_TOKENS + 1;
	if (__builtin_mul_overflow(kv->block_bytes, kv->blocks_max, &bytes))
		return refuse("the KV cache of %llu tokens is too large: give a smaller -n",
			      (unsigned long long)positions);
	kv->table = calloc(kv->blocks_max, sizeof(*kv->table));
	if (!kv->table)
		return refuse("there is no memory for a table of %u blocks: give a smaller -n",
			      kv->blocks_max);
	where.extent_bytes = extent_for(kv->block_bytes);
	if (memory_make_area(m, TERRACE_CLASS_KV, bytes, &where, &kv->area))
		return -1;
	return make_pool(kv);
}

void kv_release(struct kv *kv)
{
	uint32_t i;

	if (kv->pool)
		for (i = 0; i < kv->blocks; i++)
			terrace_kv_put(kv->pool, kv->table[i]);
	terrace_kv_pool_free(kv->pool);
	memory_free_area(&kv->area);
	free(kv->table);
	*kv = (struct kv){ 0 };
}

int kv_extend(struct kv *kv, uint64_t position)
{
	uint32_t block;

	if (position / KV_BLOCK_TOKENS < kv->blocks)
		return 0;
	if (kv->blocks == kv->blocks_max)
		return refuse("all %u blocks of the KV cache are used: give a greater -n",
			      kv->blocks_max);
	block = kv->pool ? terrace_kv_alloc(kv->pool) : kv->blocks;
	if (block == TERRACE_KV_NONE)
		return refuse("the pool of KV blocks is empty after %u: end another sequence",
			      kv->blocks);
	kv->table[kv->blocks++] = block;
	return 0;
}

static uint64_t position_offset(const struct kv *kv, uint32_t layer, uint64_t position)
{
	uint32_t block = kv->table[position / KV_BLOCK_TOKENS];
	uint64_t slot = (uint64_t)layer * KV_BLOCK_TOKENS + position % KV_BLOCK_TOKENS;

	return block * kv->block_bytes + slot * 2 * kv->row_bytes;
}

static void store(half *to, const float *from, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		to[i] = half_of_float(from[i]);
}

void kv_append(struct kv *kv, uint32_t layer, uint64_t position, const float *k, const float *v)
{
	uint64_t offset = position_offset(kv, layer, position), n = kv->row_bytes / sizeof(half);
	half *row = (half *)(kv->area.data + offset);

	store(row, k, n);
	store(row + n, v, n);
	memory_access(&kv->area, TERRACE_ACCESS_WRITE, offset, 2 * kv->row_bytes);
}

void kv_declare_read(const struct kv *kv, uint32_t layer, uint64_t position)
{
	uint64_t first, n;

	for (first = 0; first <= position; first += KV_BLOCK_TOKENS) {
		n = position - first + 1;
		if (n > KV_BLOCK_TOKENS)
			n = KV_BLOCK_TOKENS;
		memory_access(&kv->area, TERRACE_ACCESS_READ, position_offset(kv, layer, first),
			      n * 2 * kv->row_bytes);
	}
}

const half *kv_key(const struct kv *kv, uint32_t layer, uint64_t position)
{
	return (const half *)(kv->area.data + position_offset(kv, layer, position));
}

const half *kv_value(const struct kv *kv, uint32_t layer, uint64_t position)
{
	return kv_key(kv, layer, position) + kv->row_bytes / sizeof(half);
}
