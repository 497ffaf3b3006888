/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table from 64-bit keys to 32-bit values of fixed room, open addressing, linear probing. */
#ifndef _TERRACE_LIB_HASH_H
#define _TERRACE_LIB_HASH_H

#include <stdbool.h>
#include <stdint.h>

struct hash_slot {
	uint64_t key;
	uint32_t value;
	bool used;
};

struct hash {
	struct hash_slot *slots;
	uint32_t mask;
};

/* Room for @entries keys; -ENOMEM. Freed with hash_free(). */
int hash_init(struct hash *h, uint32_t entries);
void hash_free(struct hash *h);

/* The value of a key, or NULL. Valid until the table changes. */
uint32_t *hash_find(const struct hash *h, uint64_t key);

/* Put a key that is not there; the caller keeps to the room. */
void hash_put(struct hash *h, uint64_t key, uint32_t value);

/* Remove a key if it is there. */
void hash_remove(struct hash *h, uint64_t key);

#endif /* _TERRACE_LIB_HASH_H */
