// SPDX-License-Identifier: LGPL-2.1-or-later
/* A hash table from keys to blocks. */
#include "kv_table.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Keys are hashes already, but of a quality nobody promised: multiply and fold once more (Fibonacci
 * hashing, Knuth, The Art of Computer Programming 3, 6.4).
 */
static uint64_t home_slot(const struct kv_table *t, uint64_t key)
{
	key = (key ^ (key >> 32)) * 0x9e3779b97f4a7c15ULL;
	return (key ^ (key >> 29)) & t->mask;
}

int kv_table_init(struct kv_table *t, uint32_t entries)
{
	uint64_t i, slots = 2;

	while (slots < 2 * (uint64_t)entries)
		slots *= 2;
	t->slots = calloc(slots, sizeof(*t->slots));
	if (!t->slots)
		return -ENOMEM;
	t->mask = slots - 1;
	for (i = 0; i < slots; i++)
		t->slots[i].block = KV_TABLE_NONE;
	return 0;
}

void kv_table_release(struct kv_table *t)
{
	free(t->slots);
	t->slots = NULL;
}

/* The slot of a key, or the empty one where it would go. */
static uint64_t seek(const struct kv_table *t, uint64_t key)
{
	uint64_t i = home_slot(t, key);

	while (t->slots[i].block != KV_TABLE_NONE && t->slots[i].key != key)
		i = (i + 1) & t->mask;
	return i;
}

uint32_t kv_table_find(const struct kv_table *t, uint64_t key)
{
	return t->slots[seek(t, key)].block;
}

void kv_table_insert(struct kv_table *t, uint64_t key, uint32_t block)
{
	t->slots[seek(t, key)] = (struct kv_slot){ .key = key, .block = block };
}

/* Entries behind the gap move up when their home is not between the gap and them. */
void kv_table_remove(struct kv_table *t, uint64_t key)
{
	uint64_t gap = seek(t, key), i = gap;

	while (t->slots[gap].block != KV_TABLE_NONE) {
		i = (i + 1) & t->mask;
		if (t->slots[i].block == KV_TABLE_NONE) {
			t->slots[gap].block = KV_TABLE_NONE;
			return;
		}
		if (((i - home_slot(t, t->slots[i].key)) & t->mask) >= ((i - gap) & t->mask)) {
			t->slots[gap] = t->slots[i];
			gap = i;
		}
	}
}
