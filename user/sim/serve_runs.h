/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocks of a trace without hash ids, by their number alone.
 *
 * No request can find another's blocks, so which block is which does not matter. What a request
 * leaves in the cache, when it is done or put off, is a run of blocks that is evicted from its
 * tail, the oldest run first: the same as a cache of blocks does (engine/prefix.h), in a few
 * operations for each request instead of each block.
 */
#ifndef _SIM_SERVE_RUNS_H
#define _SIM_SERVE_RUNS_H

#include "sim/serve_rank.h"

/**
 * serve_runs_find - what is left of a request that was put off
 * @asked: how many of its first may be used
 * @idle: set to the same number as is returned: nobody holds them
 */
uint32_t serve_runs_find(const struct serve_rank *r, uint32_t at, uint32_t asked, uint32_t *idle);

/**
 * serve_runs_hold - hold the first @n, that were just found; others that are left are given up
 */
void serve_runs_hold(struct serve_rank *r, uint32_t at, uint32_t n);

/**
 * serve_runs_take - hold @n blocks more, which are available; cached ones when no other are
 */
void serve_runs_take(struct serve_rank *r, uint32_t n);

/**
 * serve_runs_free - give all blocks of a request back; the published ones stay cached
 */
void serve_runs_free(struct serve_rank *r, uint32_t at);

#endif /* _SIM_SERVE_RUNS_H */
