/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serving: requests of a trace on engines that batch continuously, as vLLM's scheduler does it.
 *
 * A step of an engine decodes one token of every request whose prompt is done; what is left of the
 * token budget goes to prompts in the order of arrival, in pieces if need be (Yu et al., Orca, OSDI
 * 2022; Agrawal et al., Sarathi-Serve, OSDI 2024). KV is held in blocks that are taken as tokens
 * come, not for the answer to come; a request is let in when its prompt fits. When no block is
 * left, the request that was let in last gives up all of its blocks, waits before all others, and
 * computes them again (Kwon et al., vLLM, SOSP 2023). In a step in which that happened nobody is
 * let in. With prefix caching, full blocks stay to be found again until their room is needed.
 *
 * engine/scheduler.h is another scheduler: it makes real memory move, so it tells about every block
 * and promises room for the whole answer, and it looks at each request in each step. Here nobody
 * looks at the blocks, and the work of a step depends on what changes, not on the size of the
 * batch: requests that decode are counted and their contexts summed up; a ring of lists tells who
 * needs a block, another who is done.
 *
 * Time comes from a callback. Everything is deterministic. Not thread safe.
 */
#ifndef _SIM_SERVE_H
#define _SIM_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/trace.h"

#define SERVE_BATCH_MAX		65536
#define SERVE_RANKS_MAX		1024

/**
 * struct serve_options - the engines
 * @ranks: engines that share the requests, 1 to SERVE_RANKS_MAX; a request goes to the one with the
 *         least 4 x waiting + running, as vLLM balances them
 * @lockstep: all begin and end their steps together (experts that are spread over them)
 * @max_batch: requests that an engine works on, 1 to SERVE_BATCH_MAX
 * @max_step_tokens: tokens of a step, at least @max_batch
 * @block_tokens: tokens of a KV block
 * @kv_blocks: blocks of an engine, 1 to PREFIX_BLOCKS_MAX
 * @ahead: a step is planned when the one before it begins, not when it ends (asynchronous
 *         scheduling, vLLM's default): what comes or ends meanwhile counts a step later
 * @prefix_caching: prompts share blocks by the trace's hash ids, when TRACE_BLOCK_TOKENS is a
 *                  multiple of @block_tokens; a request that was put off finds its own again
 */
struct serve_options {
	uint32_t ranks;
	bool lockstep;
	uint32_t max_batch;
	uint32_t max_step_tokens;
	uint32_t block_tokens;
	uint32_t kv_blocks;
	bool ahead;
	bool prefix_caching;
};

/**
 * struct serve_step - what an engine computes in a step
 * @decodes: tokens that are decoded, one a request
 * @decode_context: sum of the tokens that each of them attends to, itself included
 * @prefill_tokens: tokens of prompts
 * @prefill_context: the same sum for these
 * @prefills: pieces of prompts
 * @sampled: tokens that come out
 */
struct serve_step {
	uint32_t decodes;
	uint64_t decode_context;
	uint32_t prefill_tokens;
	uint64_t prefill_context;
	uint32_t prefills;
	uint32_t sampled;
};

/**
 * struct serve_time - where time comes from
 * @step_ns: how long a step takes; @n is 1, or with lockstep the number of engines, some of which
 *           may have nothing to do
 */
struct serve_time {
	uint64_t (*step_ns)(void *ctx, const struct serve_step *steps, uint32_t n);
	void *ctx;
};

/**
 * struct serve_request - what became of a request
 * @taken_ns: when its engine took it: at its arrival, or when the step ended that was running then.
 *            vLLM's own times count from here
 * @scheduled_ns: when its first step was planned
 * @first_token_ns, @finish_ns: when its first and last token came out
 * @cached_tokens: of its prompt, found in the prefix cache when it was first let in
 * @put_off: how often it lost its blocks
 * @rejected: would never fit; all else is 0
 */
struct serve_request {
	uint64_t taken_ns;
	uint64_t scheduled_ns;
	uint64_t first_token_ns;
	uint64_t finish_ns;
	uint32_t cached_tokens;
	uint32_t put_off;
	bool rejected;
};

/**
 * struct serve_stats - sums
 * @end_ns: when the last step ended
 * @steps: of all engines
 * @visits: requests that were looked at in all steps: what the work is made of
 * @decoded, @prefilled: tokens computed
 * @recomputed: of @prefilled, those that had been computed before
 * @cached_tokens: of prompts and what was put off, found in the cache
 * @preemptions: requests that lost their blocks
 * @evictions: cached blocks whose room was needed
 * @peak_batch: most requests of an engine at a time
 */
struct serve_stats {
	uint64_t end_ns;
	uint64_t steps;
	uint64_t visits;
	uint64_t decoded;
	uint64_t prefilled;
	uint64_t recomputed;
	uint64_t cached_tokens;
	uint64_t preemptions;
	uint64_t evictions;
	uint64_t rejected;
	uint32_t peak_batch;
};

/**
 * serve - serve all requests of a trace
 * @out: one for each request, in the trace's order
 * @stats: may be NULL
 *
 * Return: 0; -EINVAL an option is out of range; -EOVERFLOW model time does not fit; -ENOMEM.
 */
int serve(const struct trace *trace, const struct serve_options *options,
	  const struct serve_time *time, struct serve_request *out, struct serve_stats *stats,
	  struct engine_error *e);

#endif /* _SIM_SERVE_H */
