// SPDX-License-Identifier: LGPL-2.1-or-later
/* The producer's side of a ring of access records. */
#include "ring.h"

#include <errno.h>
#include <stdbool.h>

void ring_init(struct ring *r, void *memory, uint32_t entries)
{
	r->head = memory;
	r->records = (struct terrace_access *)((char *)memory + TERRACE_RING_RECORDS);
	r->entries = entries;
	r->tail = r->head->tail;
}

/* The consumer has read a record before it stores head: acquire, before the slot is reused. */
static bool ring_full(const struct ring *r)
{
	return r->tail - __atomic_load_n(&r->head->head, __ATOMIC_ACQUIRE) >= r->entries;
}

int ring_append(struct ring *r, const struct terrace_access *record, int (*flush)(void *context),
		void *context)
{
	int err;

	if (ring_full(r)) {
		err = flush(context);
		if (err)
			return err;
		if (ring_full(r))
			return -EIO;
	}
	r->records[r->tail & (r->entries - 1)] = *record;
	r->tail++;
	__atomic_store_n(&r->head->tail, r->tail, __ATOMIC_RELEASE);
	return 0;
}
