/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Weights that are kept for all who may read their file: the other end of lib/named.h.
 *
 * A connection is one client that uses one buffer. Each request is handled by a child (loader.h);
 * the daemon only looks up what the child says the file is, and hands views of buffers out. Nothing
 * here waits.
 */
#ifndef _DAEMON_WEIGHTS_H
#define _DAEMON_WEIGHTS_H

#include "daemon/kept.h"
#include "engine/error.h"

struct weights;

/**
 * struct weights_stats - what it did
 * @files, @bytes: kept now
 * @clients: that use one of them now
 * @loads: files loaded
 * @shared: requests served with what another one had loaded, or was loading
 * @evictions: files dropped because their room was needed
 * @failures: requests that were refused, or whose load failed
 */
struct weights_stats {
	uint64_t files;
	uint64_t bytes;
	uint64_t clients;
	uint64_t loads;
	uint64_t shared;
	uint64_t evictions;
	uint64_t failures;
};

/**
 * weights_open - listen
 * @path: of the socket, mode 0666: the descriptor that comes with a request proves the right
 * @s: session of which the views are made that are handed out
 * @keep_s: how long weights without users stay
 *
 * Return: 0; a negative errno with @e set.
 */
int weights_open(const char *path, struct terrace_session *s, uint32_t keep_s, struct weights **out,
		 struct engine_error *e);

/**
 * weights_keep - weights without users stay so long from now on
 */
void weights_keep(struct weights *w, uint32_t keep_s);

/**
 * weights_fd - readable when weights_run() has work
 */
int weights_fd(const struct weights *w);

void weights_run(struct weights *w);

void weights_stats(const struct weights *w, struct weights_stats *stats);

/**
 * weights_close - end; removes the socket; NULL is allowed
 *
 * Loads are given up. Who uses weights has them as long as it likes.
 */
void weights_close(struct weights *w);

#endif /* _DAEMON_WEIGHTS_H */
