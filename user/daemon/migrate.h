/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Carrying out decisions: ranges move through io_uring (IORING_OP_URING_CMD on the buffer's
 * descriptor), in the order decided, with a bound on the bytes in flight.
 *
 * A buffer is open only while moves of it are in flight, so that the daemon never keeps a buffer
 * alive that its owner gave up. Not thread safe.
 */
#ifndef _DAEMON_MIGRATE_H
#define _DAEMON_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <terrace/terrace.h>

#include "engine/error.h"

struct migrator;

/**
 * struct planned_move - a range to move
 * @buffer: its buffer
 * @from, @to: tiers
 * @extent_bytes: extent size of the buffer
 * @offset, @bytes: multiples of it
 */
struct planned_move {
	uint32_t buffer;
	uint32_t from;
	uint32_t to;
	uint32_t extent_bytes;
	uint64_t offset;
	uint64_t bytes;
};

/* Reasons beyond enum terrace_reason, for the counters. */
#define MIGRATE_GONE		15U	/* the buffer was closed before the move began */
#define MIGRATE_FAILED		16U	/* the call itself failed */
#define MIGRATE_REASONS		17U

/**
 * struct migrate_stats - real bytes since the daemon began
 * @decided: asked for by a policy; = done + refused + queued + inflight
 * @done: at home where they should be
 * @refused: by reason: enum terrace_reason or MIGRATE_; of a range that met an obstacle, all that
 *           had not moved
 * @queued: waiting for the next step or interval
 * @inflight: being moved
 * @calls: calls of the kernel
 */
struct migrate_stats {
	uint64_t decided;
	uint64_t done;
	uint64_t refused[MIGRATE_REASONS];
	uint64_t queued;
	uint64_t inflight;
	uint64_t calls;
};

/**
 * typedef migrate_refused_fn - told of a range whose rest could not be moved
 * @offset: where the obstacle is
 */
typedef void (*migrate_refused_fn)(void *arg, uint32_t buffer, uint64_t offset);

/**
 * migrator_open - set up the ring
 * @session: to open buffers; must outlive the migrator
 *
 * Return: 0; a negative errno with @e set.
 */
int migrator_open(struct terrace_session *session, migrate_refused_fn refused, void *arg,
		  struct migrator **out, struct engine_error *e);

/**
 * migrator_close - forget what is queued, wait for what is in flight; NULL is allowed
 */
void migrator_close(struct migrator *m);

/**
 * migrator_idle - is nothing queued or in flight?
 */
bool migrator_idle(const struct migrator *m);

/**
 * migrator_plan - queue moves; only when idle
 * @moves: @n moves, copied
 * @room: free bytes of each tier
 *
 * Return: 0; -ENOMEM.
 */
int migrator_plan(struct migrator *m, const struct planned_move *moves, size_t n,
		  const uint64_t room[TERRACE_TIERS_MAX]);

/**
 * migrator_submit - hand queued moves to the kernel until @inflight_bytes are in flight
 *
 * A move waits, and all behind it, while its destination has no room and moves that make room there
 * are in flight.
 */
void migrator_submit(struct migrator *m, uint64_t inflight_bytes);

/**
 * migrator_fd - readable when moves are complete
 */
int migrator_fd(const struct migrator *m);

/**
 * migrator_complete - take the results that wait
 */
void migrator_complete(struct migrator *m);

const struct migrate_stats *migrator_stats(const struct migrator *m);

/**
 * migrate_reason_name - the name of a reason counted in struct migrate_stats
 */
const char *migrate_reason_name(uint32_t reason);

#endif /* _DAEMON_MIGRATE_H */
