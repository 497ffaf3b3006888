/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pieces of work, each in a process of its own, some at a time.
 *
 * What a piece gives is text, which a pipe brings to the caller. A process that dies takes nothing
 * else along; when the caller dies, so do they. In which order pieces end is anybody's guess.
 */
#ifndef _SIM_JOBS_H
#define _SIM_JOBS_H

#include <stddef.h>

#include "engine/error.h"

#define JOBS_MAX	1024

/**
 * struct jobs - what is to be done
 * @pieces: @n numbers of pieces, begun in this order
 * @processes: at a time, 1 to JOBS_MAX
 * @make: in a process of its own: the text of a piece, from malloc(); NULL = out of memory
 * @done: in the caller's: takes the text of a piece, NUL terminated; an error ends all
 * @ctx: their first argument
 */
struct jobs {
	const size_t *pieces;
	size_t n;
	unsigned int processes;
	char *(*make)(void *ctx, size_t piece);
	int (*done)(void *ctx, size_t piece, const char *text, struct engine_error *e);
	void *ctx;
};

/**
 * jobs_run - do them all
 *
 * When one fails no other is begun, those that run are stopped. What is buffered of standard output
 * must be written before.
 *
 * Return: 0; -ECHILD a process gave nothing; what @done returned; -ENOMEM; negative errno values of
 * fork(2), pipe(2), poll(2) and read(2).
 */
int jobs_run(const struct jobs *j, struct engine_error *e);

/**
 * jobs_processors - how many there are, at most JOBS_MAX
 */
unsigned int jobs_processors(void);

#endif /* _SIM_JOBS_H */
