// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * KV pool: equal blocks in a buffer. A block is free, held by somebody, or cached: published and held
 * by nobody. Free and cached blocks form one list, in the order in which their room is taken: free
 * ones first, then the least recently used.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "hash.h"
#include "internal.h"

struct kv_block {
	uint64_t key;
	uint32_t holds;
	uint32_t prev;
	uint32_t next;
	bool published;
};

/**
 * struct terrace_kv_pool - a pool
 * @lock: protects the rest but for what is fixed
 * @block: @stats.blocks blocks, and the list's head behind them
 * @keys: published keys to blocks
 */
struct terrace_kv_pool {
	pthread_mutex_t lock;
	struct terrace_buffer *buffer;
	uint64_t block_bytes;
	struct kv_block *block;
	struct hash keys;
	struct terrace_kv_stats stats;
};

static void list_insert(struct terrace_kv_pool *p, uint32_t after, uint32_t block)
{
	struct kv_block *b = p->block;

	b[block].prev = after;
	b[block].next = b[after].next;
	b[b[after].next].prev = block;
	b[after].next = block;
}

static void list_remove(struct terrace_kv_pool *p, uint32_t block)
{
	struct kv_block *b = p->block;

	b[b[block].prev].next = b[block].next;
	b[b[block].next].prev = b[block].prev;
}

static uint32_t list_head(const struct terrace_kv_pool *p)
{
	return p->stats.blocks;
}

struct terrace_kv_pool *terrace_kv_pool_create(struct terrace_buffer *buffer, uint64_t block_bytes)
{
	uint64_t blocks = block_bytes ? terrace_buffer_bytes(buffer) / block_bytes : 0;
	struct terrace_kv_pool *p;
	uint32_t i;

	if (!blocks || blocks >= TERRACE_KV_NONE) {
		errno = EINVAL;
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->buffer = buffer;
	p->block_bytes = block_bytes;
	p->stats.blocks = blocks;
	p->block = calloc(blocks + 1, sizeof(*p->block));
	if (!p->block || hash_init(&p->keys, blocks)) {
		free(p->block);
		free(p);
		errno = ENOMEM;
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	p->block[list_head(p)].prev = list_head(p);
	p->block[list_head(p)].next = list_head(p);
	for (i = 0; i < blocks; i++)
		list_insert(p, p->block[list_head(p)].prev, i);
	return p;
}

void terrace_kv_pool_free(struct terrace_kv_pool *p)
{
	if (!p)
		return;
	pthread_mutex_destroy(&p->lock);
	hash_free(&p->keys);
	free(p->block);
	free(p);
}

static void block_hold(struct terrace_kv_pool *p, uint32_t block)
{
	struct kv_block *b = &p->block[block];

	if (b->holds++)
		return;
	list_remove(p, block);
	p->stats.held++;
	if (b->published)
		p->stats.cached--;
}

static void block_evict(struct terrace_kv_pool *p, uint32_t block)
{
	struct kv_block *b = &p->block[block];

	if (!b->published)
		return;
	hash_remove(&p->keys, b->key);
	b->published = false;
	p->stats.cached--;
	p->stats.evictions++;
}

uint32_t terrace_kv_alloc(struct terrace_kv_pool *p)
{
	uint32_t block = TERRACE_KV_NONE;

	pthread_mutex_lock(&p->lock);
	if (p->block[list_head(p)].next != list_head(p)) {
		block = p->block[list_head(p)].next;
		block_evict(p, block);
		block_hold(p, block);
	}
	pthread_mutex_unlock(&p->lock);
	return block;
}

uint32_t terrace_kv_lookup(struct terrace_kv_pool *p, uint64_t key)
{
	uint32_t block = TERRACE_KV_NONE;
	uint32_t *found;

	pthread_mutex_lock(&p->lock);
	p->stats.lookups++;
	found = hash_find(&p->keys, key);
	if (found) {
		block = *found;
		block_hold(p, block);
		p->stats.hits++;
	}
	pthread_mutex_unlock(&p->lock);
	return block;
}

static bool block_held(const struct terrace_kv_pool *p, uint32_t block)
{
	return block < p->stats.blocks && p->block[block].holds;
}

int terrace_kv_publish(struct terrace_kv_pool *p, uint32_t block, uint64_t key)
{
	int err = 0;

	pthread_mutex_lock(&p->lock);
	if (!block_held(p, block)) {
		err = -EINVAL;
	} else if (p->block[block].published || hash_find(&p->keys, key)) {
		err = -EEXIST;
	} else {
		p->block[block].key = key;
		p->block[block].published = true;
		hash_put(&p->keys, key, block);
	}
	pthread_mutex_unlock(&p->lock);
	return err;
}

int terrace_kv_hold(struct terrace_kv_pool *p, uint32_t block)
{
	int err = -EINVAL;

	pthread_mutex_lock(&p->lock);
	if (block_held(p, block)) {
		block_hold(p, block);
		err = 0;
	}
	pthread_mutex_unlock(&p->lock);
	return err;
}

/* A block that is not published has nothing to keep: it goes to the front of the list. */
static void block_release(struct terrace_kv_pool *p, uint32_t block)
{
	struct kv_block *b = &p->block[block];

	if (--b->holds)
		return;
	p->stats.held--;
	if (b->published)
		p->stats.cached++;
	list_insert(p, b->published ? p->block[list_head(p)].prev : list_head(p), block);
}

int terrace_kv_put(struct terrace_kv_pool *p, uint32_t block)
{
	int err = -EINVAL;

	pthread_mutex_lock(&p->lock);
	if (block_held(p, block)) {
		block_release(p, block);
		err = 0;
	}
	pthread_mutex_unlock(&p->lock);
	return err;
}

uint64_t terrace_kv_offset(const struct terrace_kv_pool *p, uint32_t block)
{
	return block * p->block_bytes;
}

void *terrace_kv_data(const struct terrace_kv_pool *p, uint32_t block)
{
	return (char *)terrace_buffer_data(p->buffer) + terrace_kv_offset(p, block);
}

void terrace_kv_stats(const struct terrace_kv_pool *pool, struct terrace_kv_stats *stats)
{
	struct terrace_kv_pool *p = (struct terrace_kv_pool *)pool;

	pthread_mutex_lock(&p->lock);
	*stats = p->stats;
	pthread_mutex_unlock(&p->lock);
}
