/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hash table from 64-bit keys to block numbers: open addressing with linear probing, at most half
 * full, of a size that is fixed when it is made. The caller serialises its calls.
 */
#ifndef _TERRACE_LIB_KV_TABLE_H
#define _TERRACE_LIB_KV_TABLE_H

#include <stdint.h>

#define KV_TABLE_NONE	(~0U)	/* no block */

/**
 * struct kv_slot - an entry
 * @key: any
 * @block: KV_TABLE_NONE in an empty slot
 */
struct kv_slot {
	uint64_t key;
	uint32_t block;
};

/**
 * struct kv_table - the table
 * @mask: number of slots - 1; the number is a power of two
 */
struct kv_table {
	struct kv_slot *slots;
	uint64_t mask;
};

/**
 * kv_table_init - an empty table
 * @entries: most entries it will hold at a time, at least 1
 *
 * Return: 0; -ENOMEM.
 */
int kv_table_init(struct kv_table *t, uint32_t entries);
void kv_table_release(struct kv_table *t);

/* The block of a key, or KV_TABLE_NONE. */
uint32_t kv_table_find(const struct kv_table *t, uint64_t key);

/* Add a key that is not there; the caller keeps to @entries. */
void kv_table_insert(struct kv_table *t, uint64_t key, uint32_t block);

/* Remove a key; nothing happens when it is not there. */
void kv_table_remove(struct kv_table *t, uint64_t key);

#endif /* _TERRACE_LIB_KV_TABLE_H */
