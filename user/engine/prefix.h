/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prefix cache: which blocks of KV hold which part of which prompt.
 *
 * A pool of equal blocks, numbered from 0. A block is empty, or held once or more, or cached: held
 * by nobody but published under a hash id, so that a prompt with the same prefix can hold it again.
 * When no block is empty, the least recently used cached block is evicted. Prompts are put back
 * from their tail to their head, so that of one prompt the tail goes first and what is left is
 * still a prefix.
 *
 * Memory grows with the blocks in use, not with the capacity. Not thread safe.
 */
#ifndef _ENGINE_PREFIX_H
#define _ENGINE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PREFIX_NONE		(~0U)		/* no block */
#define PREFIX_BLOCKS_MAX	(1U << 30)

struct prefix_cache;

/**
 * struct prefix_stats - what the cache holds and did
 * @blocks: capacity
 * @held: blocks somebody holds
 * @cached: published and kept blocks nobody holds
 * @lookups: blocks asked for by prefix_replay() and prefix_count()
 * @hits: of them found, within the longest resident prefix
 * @evictions: cached blocks whose room was needed
 */
struct prefix_stats {
	uint32_t blocks;
	uint32_t held;
	uint32_t cached;
	uint64_t lookups;
	uint64_t hits;
	uint64_t evictions;
};

/**
 * prefix_create - a cache of @blocks empty blocks, 1 to PREFIX_BLOCKS_MAX
 *
 * Return: the cache, to be freed with prefix_free(); NULL with errno EINVAL or ENOMEM.
 */
struct prefix_cache *prefix_create(uint32_t blocks);
void prefix_free(struct prefix_cache *c);

/**
 * prefix_match - length of the longest resident prefix of @n ids, in blocks
 * @idle: set to how many of them nobody holds; may be NULL
 */
size_t prefix_match(const struct prefix_cache *c, const uint64_t *ids, size_t n, size_t *idle);

/**
 * prefix_count - count a lookup of @asked blocks of which @found were resident
 */
void prefix_count(struct prefix_cache *c, size_t asked, size_t found);

/**
 * prefix_available - blocks prefix_take() can give: empty and cached ones
 */
uint32_t prefix_available(const struct prefix_cache *c);

/**
 * prefix_hold - hold the block published under an id once more
 *
 * Return: its number, or PREFIX_NONE.
 */
uint32_t prefix_hold(struct prefix_cache *c, uint64_t id);

/**
 * prefix_take - hold an empty block, evicting if need be
 * @evicted: set to true when its former content was evicted; may be NULL
 *
 * Return: its number; PREFIX_NONE when all blocks are held or memory is short.
 */
uint32_t prefix_take(struct prefix_cache *c, bool *evicted);

/**
 * prefix_publish - let others find a held block under an id
 *
 * Return: 0; -EEXIST when the id or the block is published already; -EINVAL when nobody holds it;
 * -ENOMEM.
 */
int prefix_publish(struct prefix_cache *c, uint32_t block, uint64_t id);

/**
 * prefix_keep - a held block's content is worth keeping, though nobody will look for it
 *
 * Put back it counts as cached and takes its turn to be evicted, as if it were published under an
 * id of its own that will not be asked for, without the room and time that an id takes.
 *
 * Return: 0; -EEXIST when the block is published or kept already; -EINVAL when nobody holds it.
 */
int prefix_keep(struct prefix_cache *c, uint32_t block);

/**
 * enum prefix_fate - what became of a block that was put back
 * @PREFIX_HELD: others hold it
 * @PREFIX_CACHED: nobody holds it, its content can still be found
 * @PREFIX_EMPTY: nobody holds it, its content is gone
 */
enum prefix_fate { PREFIX_HELD, PREFIX_CACHED, PREFIX_EMPTY };

/**
 * prefix_put - give a held block back
 *
 * The last holder's put makes it the most recently used cached block, or empty when it is not
 * published.
 *
 * Return: enum prefix_fate; -EINVAL when nobody held it.
 */
int prefix_put(struct prefix_cache *c, uint32_t block);

/**
 * enum prefix_order - in which order a prompt's blocks are touched
 * @PREFIX_TAIL_FIRST: of one prompt the tail is evicted first: what is left is a prefix
 * @PREFIX_HEAD_FIRST: the head is evicted first; for comparison with caches that do so
 */
enum prefix_order { PREFIX_TAIL_FIRST, PREFIX_HEAD_FIRST };

/**
 * prefix_replay - look a prompt up and then have all of it cached, holding nothing
 * @ids: @n hash ids, head first
 *
 * Counts the lookup; then touches or inserts the blocks in @order. Blocks beyond the capacity evict
 * each other. Repeated ids within a prompt are touched.
 *
 * Return: blocks of the longest prefix that was resident before.
 */
size_t prefix_replay(struct prefix_cache *c, const uint64_t *ids, size_t n,
		     enum prefix_order order);

void prefix_get_stats(const struct prefix_cache *c, struct prefix_stats *stats);

#endif /* _ENGINE_PREFIX_H */
