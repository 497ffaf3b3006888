// SPDX-License-Identifier: LGPL-2.1-or-later
/* The hash table of the KV pool against a plain array, with colliding keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/kv_table.h"

#define ENTRIES 32
#define KEYS	64

static void test_empty(void **state)
{
	struct kv_table t;

	(void)state;
	assert_int_equal(kv_table_init(&t, 1), 0);
	assert_int_equal(kv_table_find(&t, 0), KV_TABLE_NONE);
	kv_table_remove(&t, 0);
	kv_table_insert(&t, 0, 7);
	assert_int_equal(kv_table_find(&t, 0), 7);
	assert_int_equal(kv_table_find(&t, UINT64_MAX), KV_TABLE_NONE);
	kv_table_remove(&t, 0);
	assert_int_equal(kv_table_find(&t, 0), KV_TABLE_NONE);
	kv_table_release(&t);
}

/* Inserts and removals in random order; after each, every key is where the array says. */
static void random_walk(const uint64_t keys[KEYS], unsigned int seed)
{
	uint32_t model[KEYS], count = 0;
	struct kv_table t;
	int round, i;

	assert_int_equal(kv_table_init(&t, ENTRIES), 0);
	for (i = 0; i < KEYS; i++)
		model[i] = KV_TABLE_NONE;
	for (round = 0; round < 4000; round++) {
		int at = rand_r(&seed) % KEYS;

		if (model[at] != KV_TABLE_NONE) {
			kv_table_remove(&t, keys[at]);
			model[at] = KV_TABLE_NONE;
			count--;
		} else if (count < ENTRIES) {
			model[at] = rand_r(&seed);
			kv_table_insert(&t, keys[at], model[at]);
			count++;
		}
		for (i = 0; i < KEYS; i++)
			assert_int_equal(kv_table_find(&t, keys[i]), model[i]);
	}
	kv_table_release(&t);
}

static void test_random_keys(void **state)
{
	unsigned int seed = 1;
	uint64_t keys[KEYS];
	int i;

	(void)state;
	for (i = 0; i < KEYS; i++)
		keys[i] = (uint64_t)rand_r(&seed) << 32 | i;
	random_walk(keys, 2);
}

/* Keys that share few home slots, found by looking at where a table puts them. */
static void test_colliding_keys(void **state)
{
	uint64_t keys[KEYS], key;
	struct kv_table t;
	int n = 0;

	(void)state;
	assert_int_equal(kv_table_init(&t, ENTRIES), 0);
	for (key = 0; n < KEYS; key++) {
		kv_table_insert(&t, key, 1);
		/* around the end, so that probing wraps */
		if (t.slots[t.mask].block != KV_TABLE_NONE || t.slots[0].block != KV_TABLE_NONE)
			keys[n++] = key;
		kv_table_remove(&t, key);
	}
	kv_table_release(&t);
	random_walk(keys, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_random_keys),
		cmocka_unit_test(test_colliding_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
