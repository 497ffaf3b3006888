/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One engine of serve.h: who waits, who runs, which blocks they hold, and what a step does.
 *
 * What a step will have done is booked when it is planned; what became of it (times, blocks that
 * are free again) when it is done. So a step can be planned while another runs.
 */
#ifndef _SIM_SERVE_RANK_H
#define _SIM_SERVE_RANK_H

#include "engine/prefix.h"
#include "sim/serve.h"
#include "sim/serve_list.h"

/**
 * struct serve_unit - a request on its way
 * @spec: what the trace says
 * @out: what became of it
 * @blocks: @n_blocks it holds, of which the first @published can be found again
 * @left: blocks that are cached of it, while it holds none (serve_runs.h)
 * @context: tokens in its KV, if it decodes autoregressively: when the engine had planned @joined
 *           steps
 * @produced: tokens of its answer, likewise
 * @phase: which of the engine's phases it is in, if it decodes
 * @decodes: its prompt is done
 * @seen: it was let in before
 */
struct serve_unit {
	const struct trace_request *spec;
	struct serve_request *out;
	uint32_t *blocks;
	uint32_t n_blocks;
	uint32_t published;
	uint32_t left;
	uint32_t context;
	uint32_t produced;
	uint64_t joined;
	uint32_t phase;
	bool decodes;
	bool seen;
};

/**
 * struct serve_units - all requests, in the trace's order
 * @hashes: of the trace; @n_hashes of its requests
 * @answer_max: longest answer
 */
struct serve_units {
	struct serve_unit *unit;
	struct serve_links links;
	size_t n;
	const uint64_t *hashes;
	size_t n_hashes;
	uint32_t answer_max;
};

/**
 * struct serve_planned - a step that is planned, or runs
 * @step: what it computes
 * @first: @n_first requests whose first token comes out of it
 * @ended: @n_ended requests whose last token does
 */
struct serve_planned {
	struct serve_step step;
	uint32_t *first;
	uint32_t n_first;
	uint32_t *ended;
	uint32_t n_ended;
};

/**
 * struct serve_rank - an engine
 * @waiting: @n_waiting requests, those that were put off before those that never ran
 * @running: those with blocks, in the order they were let in; @n_running with those that end in a
 *           step that is not done yet
 * @width: tokens that a step computes for a request that decodes
 * @phases: by step modulo @n_phases, who decodes and then needs a block: in as many steps as a
 *          block has tokens, or takes to be denoised, or with speculation in each
 * @ends: by step modulo @n_ends, who decodes autoregressively and then has its answer
 * @steps: planned so far
 * @decodes: how many decode, with @context tokens in their KV together
 * @piece: the request whose prompt is computed in part
 * @prompts: @n_prompts requests whose prompt's last piece is in the step that is planned
 * @accept: by number of drafts, the chance that so many or more are accepted, of 2^63
 * @stuck: the first that waits did not fit, and nothing has become better since
 * @left: without hashes: those that left blocks, which are @cached together; @held are held
 */
struct serve_rank {
	const struct serve_options *options;
	struct serve_units *units;
	struct serve_stats *stats;
	struct prefix_cache *cache;
	struct serve_list waiting;
	struct serve_list running;
	uint32_t n_waiting;
	uint32_t n_running;
	uint32_t width;
	struct serve_list *phases;
	uint32_t n_phases;
	struct serve_list *ends;
	uint32_t n_ends;
	uint64_t steps;
	uint32_t decodes;
	uint64_t context;
	uint32_t piece;
	uint32_t *prompts;
	uint32_t n_prompts;
	uint64_t accept[SERVE_DRAFTS_MAX + 1];
	bool stuck;
	struct serve_list left;
	uint32_t held;
	uint32_t cached;
};

/**
 * serve_rank_init - begin with nobody
 *
 * Return: 0; -ENOMEM. To be undone with serve_rank_free(), also on error.
 */
int serve_rank_init(struct serve_rank *r, const struct serve_options *options,
		    struct serve_units *units, struct serve_stats *stats);
void serve_rank_free(struct serve_rank *r);

/**
 * serve_rank_arrive - a request that fits waits from now on
 */
void serve_rank_arrive(struct serve_rank *r, uint32_t at);

/**
 * serve_rank_plan - plan a step
 * @p: is overwritten; its step is all zero when there is nothing to do
 *
 * Return: 0; -ENOMEM.
 */
int serve_rank_plan(struct serve_rank *r, uint64_t now_ns, struct serve_planned *p);

/**
 * serve_rank_done - a planned step is done
 */
void serve_rank_done(struct serve_rank *r, uint64_t now_ns, struct serve_planned *p);

/* ---- for serve_decode.c ---- */

/**
 * serve_rank_grow - take blocks for @tokens of a request that runs
 *
 * Who was let in last gives way until there are. Return: 0; 1 it had to give way itself; -ENOMEM.
 */
int serve_rank_grow(struct serve_rank *r, uint32_t at, uint64_t tokens);

/**
 * serve_rank_end - a request that does not decode has its answer when the step is done
 */
void serve_rank_end(struct serve_rank *r, uint32_t at, struct serve_planned *p);

/* ---- requests that decode, serve_decode.c ---- */

/**
 * serve_decode_init - how they do
 *
 * Return: 0; -ENOMEM.
 */
int serve_decode_init(struct serve_rank *r);

/**
 * serve_decode_masks - tokens that a prompt is computed with beside its own
 */
uint32_t serve_decode_masks(const struct serve_rank *r);

/**
 * serve_decode_join - a request decodes from the next step on that is planned
 * @passes: of its block that are done
 */
void serve_decode_join(struct serve_rank *r, uint32_t at, uint32_t passes);

/**
 * serve_decode_leave - it does no longer
 */
void serve_decode_leave(struct serve_rank *r, uint32_t at);

/**
 * serve_decode_prompt - a request's prompt is done: what comes out of that, and how it goes on
 */
void serve_decode_prompt(struct serve_rank *r, uint32_t at, struct serve_planned *p);

/**
 * serve_decode_bring - a request whose prompt was computed elsewhere decodes from this step on
 *
 * Return: 0; -ENOSPC there are not enough blocks; -ENOMEM.
 */
int serve_decode_bring(struct serve_rank *r, uint32_t at, struct serve_planned *p);

/**
 * serve_decode_plan - take the blocks that those need that decode
 *
 * Return: 0; -ENOMEM.
 */
int serve_decode_plan(struct serve_rank *r);

/**
 * serve_decode_book - what they compute in the step, and what comes out of it
 */
void serve_decode_book(struct serve_rank *r, struct serve_planned *p);

/* ---- blocks of a request, serve_kv.c ---- */

/**
 * serve_kv_needs - blocks for so many tokens
 */
static inline uint32_t serve_kv_needs(const struct serve_rank *r, uint64_t tokens)
{
	return (uint32_t)((tokens + r->options->block_tokens - 1) / r->options->block_tokens);
}

/**
 * serve_kv_available - blocks that nobody holds
 */
uint32_t serve_kv_available(const struct serve_rank *r);

/**
 * serve_kv_find - blocks of a request that are in the cache
 * @asked: how many of its first may be used
 * @idle: set to how many of the found ones nobody holds
 */
uint32_t serve_kv_find(const struct serve_rank *r, uint32_t at, uint32_t asked, uint32_t *idle);

/**
 * serve_kv_hold - hold the first @n blocks of a request, that were just found
 */
void serve_kv_hold(struct serve_rank *r, uint32_t at, uint32_t n);

/**
 * serve_kv_grow - hold blocks for so many tokens
 *
 * Return: 0; -ENOSPC not enough are free: none is taken; -ENOMEM.
 */
int serve_kv_grow(struct serve_rank *r, uint32_t at, uint64_t tokens);

/**
 * serve_kv_publish - of the blocks that @tokens fill, let others find those that they may share
 */
int serve_kv_publish(struct serve_rank *r, uint32_t at, uint64_t tokens);

/**
 * serve_kv_publish_own - also those that only the request itself will look for, which is put off
 */
int serve_kv_publish_own(struct serve_rank *r, uint32_t at, uint64_t tokens);

/**
 * serve_kv_keep - of a request that is done: nobody will look for the others, but they stay cached
 *
 * As vLLM has it: what is evicted next depends on them.
 */
void serve_kv_keep(struct serve_rank *r, uint32_t at, uint64_t tokens);

/**
 * serve_kv_free - give all blocks of a request back
 */
void serve_kv_free(struct serve_rank *r, uint32_t at);

#endif /* _SIM_SERVE_RANK_H */
