// SPDX-License-Identifier: LGPL-2.1-or-later
/* The KV pool: sharing, eviction, exhaustion, a model of it, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/internal.h"

#define BLOCK	256

static char memory[64 * BLOCK];

static struct terrace_buffer buffer_of(uint32_t blocks)
{
	return (struct terrace_buffer){
		.fd = -1, .id = 1, .extent_bytes = 4096, .bytes = blocks * BLOCK, .data = memory,
	};
}

static void test_bounds(void **state)
{
	struct terrace_buffer b = buffer_of(4);
	struct terrace_kv_pool *pool;
	struct terrace_kv_stats stats;

	(void)state;
	errno = 0;
	assert_null(terrace_kv_pool_create(&b, 0));
	assert_int_equal(errno, EINVAL);
	assert_null(terrace_kv_pool_create(&b, b.bytes + 1));
	assert_non_null(strstr(terrace_error(), "1025"));
	assert_non_null(strstr(terrace_error(), "1024"));
	b.bytes = 1ULL << 32;
	assert_null(terrace_kv_pool_create(&b, 1));
	assert_int_equal(errno, EINVAL);
	b.bytes = 4 * BLOCK;
	pool = terrace_kv_pool_create(&b, BLOCK + 1);
	assert_non_null(pool);
	terrace_kv_stats(pool, &stats);
	assert_int_equal(stats.blocks, 3);
	assert_int_equal(terrace_kv_offset(pool, 2), 2 * (BLOCK + 1));
	assert_ptr_equal(terrace_kv_data(pool, 2), memory + 2 * (BLOCK + 1));
	terrace_kv_pool_free(pool);
	b.data = NULL;
	pool = terrace_kv_pool_create(&b, BLOCK);
	assert_null(terrace_kv_data(pool, 0));
	terrace_kv_pool_free(pool);
	terrace_kv_pool_free(NULL);
}

static void test_sharing(void **state)
{
	struct terrace_buffer b = buffer_of(4);
	struct terrace_kv_pool *pool = terrace_kv_pool_create(&b, BLOCK);
	uint32_t block = terrace_kv_alloc(pool), other = terrace_kv_alloc(pool);
	struct terrace_kv_stats stats;

	(void)state;
	assert_int_not_equal(block, other);
	assert_int_equal(terrace_kv_lookup(pool, 42), TERRACE_KV_NONE);
	assert_int_equal(terrace_kv_publish(pool, block, 42), 0);
	assert_int_equal(terrace_kv_publish(pool, block, 43), -EEXIST);
	assert_int_equal(terrace_kv_publish(pool, other, 42), -EEXIST);
	assert_int_equal(terrace_kv_lookup(pool, 42), block);
	assert_int_equal(terrace_kv_put(pool, block), 0);
	assert_int_equal(terrace_kv_hold(pool, block), 0);
	assert_int_equal(terrace_kv_put(pool, block), 0);
	assert_int_equal(terrace_kv_put(pool, block), 0);
	terrace_kv_stats(pool, &stats);
	assert_int_equal(stats.held, 1);
	assert_int_equal(stats.cached, 1);
	assert_int_equal(terrace_kv_hold(pool, block), -EINVAL);
	assert_int_equal(terrace_kv_put(pool, block), -EINVAL);
	assert_int_equal(terrace_kv_publish(pool, block, 44), -EINVAL);
	assert_int_equal(terrace_kv_lookup(pool, 42), block);
	assert_int_equal(terrace_kv_put(pool, 4), -EINVAL);
	assert_non_null(strstr(terrace_error(), "block 4 of 0 to 3"));
	assert_int_equal(terrace_kv_hold(pool, TERRACE_KV_NONE), -EINVAL);
	assert_int_equal(terrace_kv_publish(pool, 1000, 1), -EINVAL);
	terrace_kv_stats(pool, &stats);
	assert_int_equal(stats.lookups, 3);
	assert_int_equal(stats.hits, 2);
	terrace_kv_pool_free(pool);
}

static void test_least_recently_used_goes_first(void **state)
{
	struct terrace_buffer b = buffer_of(3);
	struct terrace_kv_pool *pool = terrace_kv_pool_create(&b, BLOCK);
	uint32_t blocks[3], i;

	(void)state;
	for (i = 0; i < 3; i++) {
		blocks[i] = terrace_kv_alloc(pool);
		assert_int_equal(terrace_kv_publish(pool, blocks[i], 100 + i), 0);
	}
	assert_int_equal(terrace_kv_alloc(pool), TERRACE_KV_NONE);
	assert_non_null(strstr(terrace_error(), "all 3 blocks"));
	for (i = 0; i < 3; i++)
		terrace_kv_put(pool, blocks[i]);
	/* key 100 is used once more: 101 is the oldest now */
	assert_int_equal(terrace_kv_lookup(pool, 100), blocks[0]);
	terrace_kv_put(pool, blocks[0]);
	assert_int_equal(terrace_kv_alloc(pool), blocks[1]);
	assert_int_equal(terrace_kv_lookup(pool, 101), TERRACE_KV_NONE);
	assert_int_equal(terrace_kv_alloc(pool), blocks[2]);
	assert_int_equal(terrace_kv_alloc(pool), blocks[0]);
	assert_int_equal(terrace_kv_alloc(pool), TERRACE_KV_NONE);
	terrace_kv_pool_free(pool);
}

/* ---- against a model: arrays and a clock, nothing clever ---- */

#define BLOCKS	8
#define KEYS	24

struct model {
	struct {
		int holders;
		int key;	/* -1 = not published */
		long rested;	/* when the last holder gave it back */
	} blocks[BLOCKS];
	struct terrace_kv_stats stats;
	long now;
};

static int model_find(const struct model *m, int key)
{
	int i;

	for (i = 0; i < BLOCKS; i++)
		if (m->blocks[i].key == key)
			return i;
	return -1;
}

/* The block that an allocation must not touch as long as an empty one is there; -1 = all held. */
static int model_victim(const struct model *m, int *empty)
{
	int i, victim = -1;

	*empty = 0;
	for (i = 0; i < BLOCKS; i++) {
		if (m->blocks[i].holders)
			continue;
		if (m->blocks[i].key < 0)
			++*empty;
		else if (victim < 0 || m->blocks[i].rested < m->blocks[victim].rested)
			victim = i;
	}
	return victim;
}

static void check_alloc(struct terrace_kv_pool *pool, struct model *m)
{
	int empty, victim = model_victim(m, &empty);
	uint32_t block = terrace_kv_alloc(pool);

	if (!empty && victim < 0) {
		assert_int_equal(block, TERRACE_KV_NONE);
		return;
	}
	assert_true(block < BLOCKS);
	assert_int_equal(m->blocks[block].holders, 0);
	if (empty) {
		assert_int_equal(m->blocks[block].key, -1);
	} else {
		assert_int_equal(block, victim);
		m->stats.evictions++;
		m->stats.cached--;
	}
	m->blocks[block].key = -1;
	m->blocks[block].holders = 1;
	m->stats.held++;
}

static void check_lookup(struct terrace_kv_pool *pool, struct model *m, int key)
{
	int at = model_find(m, key);

	m->stats.lookups++;
	assert_int_equal(terrace_kv_lookup(pool, key), at < 0 ? TERRACE_KV_NONE : (uint32_t)at);
	if (at < 0)
		return;
	m->stats.hits++;
	if (!m->blocks[at].holders++) {
		m->stats.held++;
		m->stats.cached--;
	}
}

static void check_publish(struct terrace_kv_pool *pool, struct model *m, int block, int key)
{
	int expected = 0;

	if (!m->blocks[block].holders)
		expected = -EINVAL;
	else if (m->blocks[block].key >= 0 || model_find(m, key) >= 0)
		expected = -EEXIST;
	assert_int_equal(terrace_kv_publish(pool, block, key), expected);
	if (!expected)
		m->blocks[block].key = key;
}

static void check_put(struct terrace_kv_pool *pool, struct model *m, int block)
{
	int held = m->blocks[block].holders > 0;

	assert_int_equal(terrace_kv_put(pool, block), held ? 0 : -EINVAL);
	if (!held || --m->blocks[block].holders)
		return;
	m->blocks[block].rested = ++m->now;
	m->stats.held--;
	if (m->blocks[block].key >= 0)
		m->stats.cached++;
}

static void check_hold(struct terrace_kv_pool *pool, struct model *m, int block)
{
	int held = m->blocks[block].holders > 0;

	assert_int_equal(terrace_kv_hold(pool, block), held ? 0 : -EINVAL);
	m->blocks[block].holders += held;
}

static void test_model(void **state)
{
	struct terrace_buffer b = buffer_of(BLOCKS);
	struct model m = { .stats.blocks = BLOCKS };
	struct terrace_kv_pool *pool = terrace_kv_pool_create(&b, BLOCK);
	struct terrace_kv_stats stats;
	unsigned int seed = 20260101;
	int i, round;

	(void)state;
	for (i = 0; i < BLOCKS; i++)
		m.blocks[i].key = -1;
	for (round = 0; round < 50000; round++) {
		int block = rand_r(&seed) % BLOCKS, key = rand_r(&seed) % KEYS;

		switch (rand_r(&seed) % 8) {
		case 0: case 1:
			check_alloc(pool, &m);
			break;
		case 2:
			check_lookup(pool, &m, key);
			break;
		case 3: case 4:
			check_publish(pool, &m, block, key);
			break;
		case 5:
			check_hold(pool, &m, block);
			break;
		default:
			check_put(pool, &m, block);
		}
		terrace_kv_stats(pool, &stats);
		assert_memory_equal(&stats, &m.stats, sizeof(stats));
	}
	assert_true(m.stats.evictions > 100);
	assert_true(m.stats.hits > 100);
	terrace_kv_pool_free(pool);
}

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS	4000

struct worker {
	struct terrace_kv_pool *pool;
	pthread_t thread;
	unsigned int seed;
	int wrong;
};

/*
 * Take a key's block and check that it holds the key, or fill a new one and publish it. A block is
 * written only before it is published, so its holders may read it without a lock.
 */
static void use_key(struct worker *w, uint64_t key)
{
	uint32_t block = terrace_kv_lookup(w->pool, key);
	int err;

	if (block == TERRACE_KV_NONE) {
		block = terrace_kv_alloc(w->pool);
		if (block == TERRACE_KV_NONE)
			return;
		memcpy(terrace_kv_data(w->pool, block), &key, sizeof(key));
		err = terrace_kv_publish(w->pool, block, key);
		w->wrong += err && err != -EEXIST;
	}
	w->wrong += memcmp(terrace_kv_data(w->pool, block), &key, sizeof(key)) != 0;
	w->wrong += terrace_kv_put(w->pool, block) != 0;
}

static void *work(void *context)
{
	struct worker *w = context;
	int i;

	for (i = 0; i < ROUNDS; i++)
		use_key(w, rand_r(&w->seed) % 40);
	return NULL;
}

static void test_threads(void **state)
{
	struct terrace_buffer b = buffer_of(16);
	struct terrace_kv_pool *pool = terrace_kv_pool_create(&b, BLOCK);
	struct worker workers[THREADS];
	struct terrace_kv_stats stats;
	int i;

	(void)state;
	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .pool = pool, .seed = i + 1 };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].wrong, 0);
	}
	terrace_kv_stats(pool, &stats);
	assert_int_equal(stats.held, 0);
	assert_int_equal(stats.lookups, THREADS * ROUNDS);
	assert_true(stats.evictions > 0);
	/* nothing is lost: all blocks can be had */
	for (i = 0; i < 16; i++)
		assert_int_not_equal(terrace_kv_alloc(pool), TERRACE_KV_NONE);
	assert_int_equal(terrace_kv_alloc(pool), TERRACE_KV_NONE);
	terrace_kv_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_sharing),
		cmocka_unit_test(test_least_recently_used_goes_first),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
