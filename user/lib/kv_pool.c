// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A pool of equal blocks in a buffer. A block is
 *   - empty: in the list of empty ones, last in first out, so that warm memory is used again;
 *   - held by one or more; or
 *   - cached: published and held by nobody, in the list of cached ones in the order of last use.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"
#include "kv_table.h"

/**
 * struct block - a block
 * @key: when @published
 * @holders: 0 = empty or cached
 * @previous, @next: in the list of empty or of cached blocks
 */
struct block {
	uint64_t key;
	uint64_t holders;
	uint32_t previous;
	uint32_t next;
	bool published;
};

/* Doubly linked by block numbers; TERRACE_KV_NONE ends it. */
struct block_list {
	uint32_t first;
	uint32_t last;
};

/**
 * struct terrace_kv_pool - a pool
 * @buffer: the caller's
 * @lock: protects what follows
 * @table: published keys
 * @cached: least recently used first
 */
struct terrace_kv_pool {
	const struct terrace_buffer *buffer;
	uint64_t block_bytes;
	pthread_mutex_t lock;
	struct block *blocks;
	struct kv_table table;
	struct block_list empty;
	struct block_list cached;
	struct terrace_kv_stats stats;
};

static void list_remove(struct terrace_kv_pool *p, struct block_list *list, uint32_t block)
{
	struct block *b = &p->blocks[block];

	*(b->previous == TERRACE_KV_NONE ? &list->first : &p->blocks[b->previous].next) = b->next;
	*(b->next == TERRACE_KV_NONE ? &list->last : &p->blocks[b->next].previous) = b->previous;
}

static void list_append(struct terrace_kv_pool *p, struct block_list *list, uint32_t block)
{
	struct block *b = &p->blocks[block];

	b->previous = list->last;
	b->next = TERRACE_KV_NONE;
	*(list->last == TERRACE_KV_NONE ? &list->first : &p->blocks[list->last].next) = block;
	list->last = block;
}

static int pool_init(struct terrace_kv_pool *p)
{
	uint32_t i;

	p->blocks = calloc(p->stats.blocks, sizeof(*p->blocks));
	if (!p->blocks || kv_table_init(&p->table, p->stats.blocks))
		return -ENOMEM;
	p->empty.first = TERRACE_KV_NONE;
	p->empty.last = TERRACE_KV_NONE;
	p->cached = p->empty;
	for (i = p->stats.blocks; i--;)
		list_append(p, &p->empty, i);
	pthread_mutex_init(&p->lock, NULL);
	return 0;
}

struct terrace_kv_pool *terrace_kv_pool_create(struct terrace_buffer *b, uint64_t block_bytes)
{
	struct terrace_kv_pool *p;

	if (!block_bytes || block_bytes > b->bytes || b->bytes / block_bytes >= TERRACE_KV_NONE) {
		errno = -error_set(-EINVAL, "blocks of %llu bytes do not fit a buffer of %llu bytes: at least 1 byte, at most the buffer, and less than %u blocks",
				   (unsigned long long)block_bytes, (unsigned long long)b->bytes,
				   TERRACE_KV_NONE);
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (p) {
		p->buffer = b;
		p->block_bytes = block_bytes;
		p->stats.blocks = b->bytes / block_bytes;
		if (!pool_init(p))
			return p;
		free(p->blocks);
		free(p);
	}
	errno = -error_set(-ENOMEM, "no memory to manage %llu blocks: make the blocks larger",
			   (unsigned long long)(b->bytes / block_bytes));
	return NULL;
}

void terrace_kv_pool_free(struct terrace_kv_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_destroy(&pool->lock);
	kv_table_release(&pool->table);
	free(pool->blocks);
	free(pool);
}

/* Make room: the least recently used of the cached blocks becomes empty. */
static void evict(struct terrace_kv_pool *p)
{
	uint32_t block = p->cached.first;

	list_remove(p, &p->cached, block);
	kv_table_remove(&p->table, p->blocks[block].key);
	p->blocks[block].published = false;
	list_append(p, &p->empty, block);
	p->stats.cached--;
	p->stats.evictions++;
}

uint32_t terrace_kv_alloc(struct terrace_kv_pool *pool)
{
	uint32_t block;

	pthread_mutex_lock(&pool->lock);
	if (pool->empty.last == TERRACE_KV_NONE && pool->cached.first != TERRACE_KV_NONE)
		evict(pool);
	block = pool->empty.last;
	if (block != TERRACE_KV_NONE) {
		list_remove(pool, &pool->empty, block);
		pool->blocks[block].holders = 1;
		pool->stats.held++;
	}
	pthread_mutex_unlock(&pool->lock);
	if (block == TERRACE_KV_NONE)
		error_set(-ENOSPC, "all %u blocks of the pool are held: give one back with terrace_kv_put() or make a larger buffer",
			  pool->stats.blocks);
	return block;
}

uint32_t terrace_kv_lookup(struct terrace_kv_pool *pool, uint64_t key)
{
	uint32_t block;

	pthread_mutex_lock(&pool->lock);
	pool->stats.lookups++;
	block = kv_table_find(&pool->table, key);
	if (block != TERRACE_KV_NONE) {
		pool->stats.hits++;
		if (!pool->blocks[block].holders++) {
			list_remove(pool, &pool->cached, block);
			pool->stats.cached--;
			pool->stats.held++;
		}
	}
	pthread_mutex_unlock(&pool->lock);
	return block;
}

/* With the lock held: is the number one of a held block? */
static bool is_held(const struct terrace_kv_pool *p, uint32_t block)
{
	return block < p->stats.blocks && p->blocks[block].holders;
}

static int not_held(const struct terrace_kv_pool *p, uint32_t block)
{
	return error_set(-EINVAL, "block %u of 0 to %u is held by nobody: take it with terrace_kv_alloc() or terrace_kv_lookup() first",
			 block, p->stats.blocks - 1);
}

static int publish(struct terrace_kv_pool *p, uint32_t block, uint64_t key)
{
	struct block *b;

	if (!is_held(p, block))
		return -EINVAL;
	b = &p->blocks[block];
	if (b->published || kv_table_find(&p->table, key) != TERRACE_KV_NONE)
		return -EEXIST;
	kv_table_insert(&p->table, key, block);
	b->key = key;
	b->published = true;
	return 0;
}

int terrace_kv_publish(struct terrace_kv_pool *pool, uint32_t block, uint64_t key)
{
	int err;

	pthread_mutex_lock(&pool->lock);
	err = publish(pool, block, key);
	pthread_mutex_unlock(&pool->lock);
	if (err == -EEXIST)
		return error_set(err, "block %u or key %#llx is published already: look the key up and share its block",
				 block, (unsigned long long)key);
	return err ? not_held(pool, block) : 0;
}

int terrace_kv_hold(struct terrace_kv_pool *pool, uint32_t block)
{
	bool held;

	pthread_mutex_lock(&pool->lock);
	held = is_held(pool, block);
	if (held)
		pool->blocks[block].holders++;
	pthread_mutex_unlock(&pool->lock);
	return held ? 0 : not_held(pool, block);
}

/* With the lock held: nobody holds the block any more. */
static void rest(struct terrace_kv_pool *p, uint32_t block)
{
	p->stats.held--;
	if (p->blocks[block].published) {
		list_append(p, &p->cached, block);
		p->stats.cached++;
	} else {
		list_append(p, &p->empty, block);
	}
}

int terrace_kv_put(struct terrace_kv_pool *pool, uint32_t block)
{
	bool held;

	pthread_mutex_lock(&pool->lock);
	held = is_held(pool, block);
	if (held && !--pool->blocks[block].holders)
		rest(pool, block);
	pthread_mutex_unlock(&pool->lock);
	return held ? 0 : not_held(pool, block);
}

uint64_t terrace_kv_offset(const struct terrace_kv_pool *pool, uint32_t block)
{
	return block * pool->block_bytes;
}

void *terrace_kv_data(const struct terrace_kv_pool *pool, uint32_t block)
{
	char *data = pool->buffer->data;

	return data ? data + terrace_kv_offset(pool, block) : NULL;
}

void terrace_kv_stats(const struct terrace_kv_pool *pool, struct terrace_kv_stats *stats)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&pool->lock;

	pthread_mutex_lock(lock);
	*stats = pool->stats;
	pthread_mutex_unlock(lock);
}
