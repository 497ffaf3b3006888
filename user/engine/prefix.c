// SPDX-License-Identifier: LGPL-2.1-or-later
/* Prefix cache: a pool of blocks, a table from hash id to block, and the cached blocks by age. */
#include "engine/prefix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

/**
 * struct slot - a place of the table
 * @hash: of the id, so that most others are told apart without a look at the block
 * @number: of the block, PREFIX_NONE when the place is free
 */
struct slot {
	uint32_t hash;
	uint32_t number;
};

/**
 * struct block - one block
 * @id: hash id it is published under
 * @holds: how many hold it
 * @published: somebody said that its content is worth keeping
 * @found: @id is in the table
 */
struct block {
	uint64_t id;
	uint32_t holds;
	bool published;
	bool found;
};

/**
 * struct neighbours - of a block in the list of cached blocks; @newer links empty blocks
 *
 * Apart from the blocks: eviction goes along the list through all of memory.
 */
struct neighbours {
	uint32_t older;
	uint32_t newer;
};

/**
 * struct prefix_cache - the cache
 * @blocks, @links: the first @used of @capacity blocks; the others were never taken
 * @empty: first of the blocks that are empty again
 * @oldest, @newest: ends of the list of cached blocks
 * @slots: @n_slots slots of the table, a power of two: published blocks, linear probing
 */
struct prefix_cache {
	struct block *blocks;
	struct neighbours *links;
	uint32_t capacity;
	uint32_t used;
	uint32_t room;
	uint32_t empty;
	uint32_t oldest;
	uint32_t newest;
	uint32_t held;
	uint32_t cached;
	struct slot *slots;
	size_t n_slots;
	size_t n_published;
	uint64_t lookups;
	uint64_t hits;
	uint64_t evictions;
};

/* ---- the table ---- */

static uint32_t hash_of(uint64_t id)
{
	/* Fibonacci hashing: ids often are consecutive numbers. */
	return (uint32_t)((id ^ id >> 32) * 0x9e3779b97f4a7c15ULL >> 32);
}

/* The slot that holds an id, or the free one where it would go. */
static size_t find_slot(const struct prefix_cache *c, uint64_t id)
{
	uint32_t hash = hash_of(id);
	size_t at = hash & (c->n_slots - 1);

	while (c->slots[at].number != PREFIX_NONE &&
	       (c->slots[at].hash != hash || c->blocks[c->slots[at].number].id != id))
		at = (at + 1) & (c->n_slots - 1);
	return at;
}

static uint32_t find_block(const struct prefix_cache *c, uint64_t id)
{
	return c->slots[find_slot(c, id)].number;
}

/* Of a table that does not hold it: where it goes. */
static void put_slot(struct prefix_cache *c, struct slot slot)
{
	size_t at = slot.hash & (c->n_slots - 1);

	while (c->slots[at].number != PREFIX_NONE)
		at = (at + 1) & (c->n_slots - 1);
	c->slots[at] = slot;
}

static int resize_table(struct prefix_cache *c, size_t n_slots)
{
	struct slot *slots = malloc(n_slots * sizeof(*slots));
	struct slot *former = c->slots;
	size_t n_former = c->n_slots;

	if (!slots)
		return -ENOMEM;
	/* All numbers are PREFIX_NONE. */
	memset(slots, 0xff, n_slots * sizeof(*slots));
	c->slots = slots;
	c->n_slots = n_slots;
	for (size_t i = 0; i < n_former; i++)
		if (former[i].number != PREFIX_NONE)
			put_slot(c, former[i]);
	free(former);
	return 0;
}

/* Take a block out of the table; what was pushed along by it moves back. */
static void unpublish(struct prefix_cache *c, uint32_t number)
{
	size_t hole = find_slot(c, c->blocks[number].id);
	size_t at = hole;

	for (;;) {
		size_t home;

		at = (at + 1) & (c->n_slots - 1);
		if (c->slots[at].number == PREFIX_NONE)
			break;
		home = c->slots[at].hash & (c->n_slots - 1);
		/* It stays when its home lies after the hole, on the way round to where it is. */
		if (((at - home) & (c->n_slots - 1)) < ((at - hole) & (c->n_slots - 1)))
			continue;
		c->slots[hole] = c->slots[at];
		hole = at;
	}
	c->slots[hole].number = PREFIX_NONE;
	c->blocks[number].found = false;
	c->n_published--;
}

/* ---- cached blocks by age ---- */

static void list_add_newest(struct prefix_cache *c, uint32_t number)
{
	c->links[number] = (struct neighbours) { c->newest, PREFIX_NONE };
	if (c->newest == PREFIX_NONE)
		c->oldest = number;
	else
		c->links[c->newest].newer = number;
	c->newest = number;
	c->cached++;
}

static void list_remove(struct prefix_cache *c, uint32_t number)
{
	struct neighbours l = c->links[number];

	if (l.older == PREFIX_NONE)
		c->oldest = l.newer;
	else
		c->links[l.older].newer = l.newer;
	if (l.newer == PREFIX_NONE)
		c->newest = l.older;
	else
		c->links[l.newer].older = l.older;
	c->cached--;
}

/* ---- the pool ---- */

struct prefix_cache *prefix_create(uint32_t blocks)
{
	struct prefix_cache *c;

	if (!blocks || blocks > PREFIX_BLOCKS_MAX) {
		errno = EINVAL;
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->capacity = blocks;
	c->empty = PREFIX_NONE;
	c->oldest = PREFIX_NONE;
	c->newest = PREFIX_NONE;
	if (resize_table(c, FIRST_ROOM)) {
		free(c);
		errno = ENOMEM;
		return NULL;
	}
	return c;
}

void prefix_free(struct prefix_cache *c)
{
	if (!c)
		return;
	free(c->blocks);
	free(c->links);
	free(c->slots);
	free(c);
}

size_t prefix_match(const struct prefix_cache *c, const uint64_t *ids, size_t n, size_t *idle)
{
	size_t unheld = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		uint32_t number = find_block(c, ids[i]);

		if (number == PREFIX_NONE)
			break;
		unheld += !c->blocks[number].holds;
	}
	if (idle)
		*idle = unheld;
	return i;
}

void prefix_count(struct prefix_cache *c, size_t asked, size_t found)
{
	c->lookups += asked;
	c->hits += found;
}

uint32_t prefix_available(const struct prefix_cache *c)
{
	return c->capacity - c->held;
}

static uint32_t hold(struct prefix_cache *c, uint32_t number)
{
	if (!c->blocks[number].holds++) {
		list_remove(c, number);
		c->held++;
	}
	return number;
}

uint32_t prefix_hold(struct prefix_cache *c, uint64_t id)
{
	uint32_t number = find_block(c, id);

	return number == PREFIX_NONE ? PREFIX_NONE : hold(c, number);
}

/* Room for more blocks that were never taken. */
static bool grow(struct prefix_cache *c)
{
	uint32_t room = c->room ? c->room * 2 : FIRST_ROOM;
	struct neighbours *links;
	struct block *blocks;

	if (room > c->capacity)
		room = c->capacity;
	links = reallocarray(c->links, room, sizeof(*links));
	if (!links)
		return false;
	c->links = links;
	blocks = reallocarray(c->blocks, room, sizeof(*blocks));
	if (!blocks)
		return false;
	c->blocks = blocks;
	c->room = room;
	return true;
}

/* A block that was never taken, or PREFIX_NONE when there is none or no memory for it. */
static uint32_t take_new(struct prefix_cache *c)
{
	if (c->used == c->capacity || (c->used == c->room && !grow(c)))
		return PREFIX_NONE;
	return c->used++;
}

static uint32_t take_empty(struct prefix_cache *c)
{
	uint32_t number = c->empty;

	if (number == PREFIX_NONE)
		return take_new(c);
	c->empty = c->links[number].newer;
	return number;
}

static uint32_t evict_oldest(struct prefix_cache *c)
{
	uint32_t number = c->oldest;

	if (number == PREFIX_NONE)
		return PREFIX_NONE;
	list_remove(c, number);
	/* Its turn is next, as a rule, and it is anywhere in memory. */
	if (c->oldest != PREFIX_NONE)
		__builtin_prefetch(&c->blocks[c->oldest], 1);
	if (c->blocks[number].found)
		unpublish(c, number);
	c->evictions++;
	return number;
}

uint32_t prefix_take(struct prefix_cache *c, bool *evicted)
{
	uint32_t number = take_empty(c);

	if (evicted)
		*evicted = false;
	if (number == PREFIX_NONE) {
		number = evict_oldest(c);
		if (evicted)
			*evicted = number != PREFIX_NONE;
	}
	if (number == PREFIX_NONE)
		return PREFIX_NONE;
	c->blocks[number] = (struct block) { .holds = 1 };
	c->held++;
	return number;
}

int prefix_publish(struct prefix_cache *c, uint32_t number, uint64_t id)
{
	struct block *b;
	int err;

	if (number >= c->used || !c->blocks[number].holds)
		return -EINVAL;
	b = &c->blocks[number];
	if (b->published || find_block(c, id) != PREFIX_NONE)
		return -EEXIST;
	if (2 * (c->n_published + 1) > c->n_slots) {
		err = resize_table(c, 2 * c->n_slots);
		if (err)
			return err;
	}
	put_slot(c, (struct slot) { hash_of(id), number });
	c->n_published++;
	b->id = id;
	b->published = true;
	b->found = true;
	return 0;
}

int prefix_keep(struct prefix_cache *c, uint32_t number)
{
	if (number >= c->used || !c->blocks[number].holds)
		return -EINVAL;
	if (c->blocks[number].published)
		return -EEXIST;
	c->blocks[number].published = true;
	return 0;
}

int prefix_put(struct prefix_cache *c, uint32_t number)
{
	struct block *b;

	if (number >= c->used || !c->blocks[number].holds)
		return -EINVAL;
	b = &c->blocks[number];
	if (--b->holds)
		return PREFIX_HELD;
	c->held--;
	if (b->published) {
		list_add_newest(c, number);
		return PREFIX_CACHED;
	}
	c->links[number].newer = c->empty;
	c->empty = number;
	return PREFIX_EMPTY;
}

/* Make a block the most recently used one, bringing it in when it is not there. */
static void touch(struct prefix_cache *c, uint64_t id)
{
	uint32_t number = prefix_hold(c, id);

	if (number == PREFIX_NONE) {
		number = prefix_take(c, NULL);
		if (number == PREFIX_NONE)
			return;
		/* Without memory for the table it is simply not cached. */
		prefix_publish(c, number, id);
	}
	prefix_put(c, number);
}

size_t prefix_replay(struct prefix_cache *c, const uint64_t *ids, size_t n,
		     enum prefix_order order)
{
	size_t found = prefix_match(c, ids, n, NULL);

	prefix_count(c, n, found);
	for (size_t i = 0; i < n; i++)
		touch(c, ids[order == PREFIX_TAIL_FIRST ? n - 1 - i : i]);
	return found;
}

void prefix_get_stats(const struct prefix_cache *c, struct prefix_stats *stats)
{
	*stats = (struct prefix_stats) {
		.blocks = c->capacity,
		.held = c->held,
		.cached = c->cached,
		.lookups = c->lookups,
		.hits = c->hits,
		.evictions = c->evictions,
	};
}
