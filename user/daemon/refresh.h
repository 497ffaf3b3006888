/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Refresh of what is on flash, before its retention is over. The kernel knows the age of every
 * extent and rewrites what is asked for. This is the schedule: rounds over all buffers, eight in a
 * retention, a part of one at each interval. An extent is rewritten when it is one retention old
 * and lost when it is two, so a round may be late by almost one.
 */
#ifndef _DAEMON_REFRESH_H
#define _DAEMON_REFRESH_H

#include <stdbool.h>

#include <terrace/terrace.h>

#include "daemon/buffers.h"

/**
 * struct refresh - where a round is
 * @round: one is under way
 * @due_ns: model time when the next one begins
 * @seen_ns: model time of the last look; a replay may set it back
 * @buffer: of the round; the next one has a greater id, or is this one at @offset
 * @offset: in it
 * @rounds: that ended
 * @refreshed_bytes, @lost_bytes: real bytes
 */
struct refresh {
	bool round;
	uint64_t due_ns;
	uint64_t seen_ns;
	uint32_t buffer;
	uint64_t offset;
	uint64_t rounds;
	uint64_t refreshed_bytes;
	uint64_t lost_bytes;
};

/**
 * refresh_interval - go on with the round, or begin one that is due
 * @buffers: brought up to date during a round
 *
 * Takes as long as the flash needs for 64 MiB.
 */
void refresh_interval(struct refresh *r, struct terrace_session *s, struct buffers *buffers);

#endif /* _DAEMON_REFRESH_H */
