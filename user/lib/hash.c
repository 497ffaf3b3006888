// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>

#include "hash.h"

/* Finalizer of MurmurHash3: every bit of the key reaches every bit of the slot. */
static uint32_t slot_of(const struct hash *h, uint64_t key)
{
	key ^= key >> 33;
	key *= 0xff51afd7ed558ccdULL;
	key ^= key >> 33;
	key *= 0xc4ceb9fe1a85ec53ULL;
	key ^= key >> 33;
	return key & h->mask;
}

int hash_init(struct hash *h, uint32_t entries)
{
	uint64_t slots = 8;

	/* at most half full, so that probes are short and always end */
	while (slots < 2ULL * entries)
		slots *= 2;
	h->slots = calloc(slots, sizeof(*h->slots));
	h->mask = slots - 1;
	return h->slots ? 0 : -ENOMEM;
}

void hash_free(struct hash *h)
{
	free(h->slots);
}

static uint32_t probe(const struct hash *h, uint64_t key)
{
	uint32_t at = slot_of(h, key);

	while (h->slots[at].used && h->slots[at].key != key)
		at = (at + 1) & h->mask;
	return at;
}

uint32_t *hash_find(const struct hash *h, uint64_t key)
{
	struct hash_slot *slot = &h->slots[probe(h, key)];

	return slot->used ? &slot->value : NULL;
}

void hash_put(struct hash *h, uint64_t key, uint32_t value)
{
	h->slots[probe(h, key)] = (struct hash_slot) { key, value, true };
}

/* Would a key at @at be found from its own slot if @hole were empty? */
static bool may_stay(const struct hash *h, uint32_t hole, uint32_t at)
{
	uint32_t own = slot_of(h, h->slots[at].key);

	return ((at - own) & h->mask) < ((at - hole) & h->mask);
}

void hash_remove(struct hash *h, uint64_t key)
{
	uint32_t hole = probe(h, key);
	uint32_t at = hole;

	if (!h->slots[hole].used)
		return;
	for (;;) {
		at = (at + 1) & h->mask;
		if (!h->slots[at].used)
			break;
		if (may_stay(h, hole, at))
			continue;
		h->slots[hole] = h->slots[at];
		hole = at;
	}
	h->slots[hole].used = false;
}
