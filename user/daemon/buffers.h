/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The buffers of the device and what the daemon knows of their extents. All of it is read from the
 * kernel again at every look; only heat and the time of moves are remembered in between, so a new
 * daemon goes on where the last one ended.
 *
 * Not thread safe.
 */
#ifndef _DAEMON_BUFFERS_H
#define _DAEMON_BUFFERS_H

#include <stdbool.h>
#include <stddef.h>
#include <terrace/terrace.h>

#include "daemon/clocks.h"
#include "daemon/heat.h"
#include "engine/policy.h"

/**
 * struct known_buffer - a buffer
 * @info: as of the last listing
 * @count: its extents
 * @extents: as a policy sees them; all fixed until the first look
 * @seen: accesses and faults already in each extent's heat
 * @retry_ns: CLOCK_MONOTONIC before which an extent is not moved again, because a move was refused
 * @looked: it has been looked at once
 * @listed: it was in the last listing
 */
struct known_buffer {
	struct terrace_buffer_info info;
	size_t count;
	struct policy_extent *extents;
	uint64_t *seen;
	uint64_t *retry_ns;
	bool looked;
	bool listed;
};

/**
 * struct buffers - all buffers
 * @known: @n of them, ascending by id
 * @room: allocated
 * @vanished: buffers that were in one listing and not in the next, ever
 * @highest: highest id ever listed
 */
struct buffers {
	struct known_buffer *known;
	size_t n;
	size_t room;
	uint64_t vanished;
	uint32_t highest;
};

/**
 * buffers_free - forget everything
 */
void buffers_free(struct buffers *b);

/**
 * buffers_list - bring the list of buffers up to date
 *
 * Return: 0; a negative errno with @e set, then the list is partly old.
 */
int buffers_list(struct buffers *b, struct terrace_session *s, struct engine_error *e);

/**
 * buffers_look - bring the extents of all listed buffers up to date
 *
 * A buffer is open only while its extents are read. One that went away meanwhile keeps what was
 * known, with all its extents fixed.
 */
void buffers_look(struct buffers *b, struct terrace_session *s, struct heat *heat,
		  const struct clocks *clocks, uint64_t half_life_ns);

/**
 * buffers_find - a buffer by its id; NULL when it is not known
 */
struct known_buffer *buffers_find(const struct buffers *b, uint32_t id);

/**
 * buffers_gone - was a buffer closed before the last listing?
 *
 * Ids ascend, so one above all that were listed belongs to a buffer that is newer than the listing.
 */
bool buffers_gone(const struct buffers *b, uint32_t id);

#endif /* _DAEMON_BUFFERS_H */
