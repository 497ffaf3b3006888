/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The producer's side of a ring of access records. The caller serialises its calls. */
#ifndef _TERRACE_LIB_RING_H
#define _TERRACE_LIB_RING_H

#include <stdint.h>
#include <linux/terrace.h>

/**
 * struct ring - a mapped ring
 * @head: its start; the kernel stores head->head
 * @records: its records
 * @entries: how many, a power of two
 * @tail: next to write; the producer's own copy
 */
struct ring {
	struct terrace_ring *head;
	struct terrace_access *records;
	uint32_t entries;
	uint32_t tail;
};

void ring_init(struct ring *r, void *memory, uint32_t entries);

/**
 * ring_append - append a record, making room first when the ring is full
 * @flush: has the consumer take what the ring holds; returns 0 or a negative errno
 * @context: handed to @flush
 *
 * Return: 0; what @flush returned; -EIO when the ring is full after a flush.
 */
int ring_append(struct ring *r, const struct terrace_access *record, int (*flush)(void *context),
		void *context);

#endif /* _TERRACE_LIB_RING_H */
