/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The heat map of access.bpf.c: loading it, reading an extent's counts, freeing what is dead.
 *
 * Not thread safe.
 */
#ifndef _DAEMON_HEAT_H
#define _DAEMON_HEAT_H

#include <stdbool.h>
#include <linux/types.h>

#include "../bpf/heat.h"
#include "engine/error.h"

struct heat;

/**
 * struct heat_stats - what the map and its programs did since they were loaded
 * @extents: extents counted now
 * @room: extents there is room for
 * @steps: steps ended
 * @charges: charges seen
 * @faults: faults seen
 * @dropped: accesses that found their set full
 * @skipped: extents of charges beyond HEAT_RANGE_MAX
 * @lookups: heat_read() calls
 * @freed: extents of dead buffers that were freed
 */
struct heat_stats {
	__u64 extents;
	__u64 room;
	__u64 steps;
	__u64 charges;
	__u64 faults;
	__u64 dropped;
	__u64 skipped;
	__u64 lookups;
	__u64 freed;
};

/**
 * heat_open - load the programs and begin to count
 * @extents: room of the map, a power of two
 *
 * Return: 0; a negative errno with @e set.
 */
int heat_open(__u32 extents, struct heat **out, struct engine_error *e);

/**
 * heat_close - stop counting; NULL is allowed
 */
void heat_close(struct heat *h);

/**
 * heat_read - counts of an extent, all 0 when it was never accessed
 */
void heat_read(struct heat *h, __u32 buffer, __u32 extent, struct heat_counts *out);

/**
 * heat_steps - steps that ended since heat_open()
 */
__u64 heat_steps(const struct heat *h);

/**
 * heat_sweep - free the extents of buffers that are gone and count the rest
 * @gone: is a buffer closed?
 *
 * Ids of buffers are not used again, so a buffer that is gone stays gone.
 */
void heat_sweep(struct heat *h, bool (*gone)(__u32 buffer, void *arg), void *arg);

/**
 * heat_stats - counters; @extents is of the last sweep
 */
void heat_stats(const struct heat *h, struct heat_stats *out);

#endif /* _DAEMON_HEAT_H */
