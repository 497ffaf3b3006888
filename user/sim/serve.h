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
 * With speculation a request gets another number of tokens in each step, and with diffusion a block
 * of them after so many steps: then those that decode are looked at when that comes, which with
 * speculation is each step.
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
#define SERVE_DRAFTS_MAX	64

enum serve_decoding_kind { SERVE_AUTOREGRESSIVE, SERVE_SPECULATIVE, SERVE_DIFFUSION };

/**
 * struct serve_decoding - how answers come out; all 0 = a token a step
 * @drafts: with speculation, tokens that are guessed behind the last one; a step computes all of
 *          them and one more, 0 to SERVE_DRAFTS_MAX
 * @acceptance_permille: chance that a draft is accepted if all before it were, 0 to 1000
 * @seed: of the draws, which depend on it, the request and its token alone
 * @block: with diffusion, tokens that come out together
 * @passes: steps that a block takes, the last of which leaves its KV; at least 1
 *
 * With diffusion the end of a prompt is the first pass of the first block as well: the prompt's
 * last token is the first that a block's pass computes, as the last token of each block is of the
 * next.
 */
struct serve_decoding {
	enum serve_decoding_kind kind;
	uint32_t drafts;
	uint32_t acceptance_permille;
	uint64_t seed;
	uint32_t block;
	uint32_t passes;
};

/**
 * serve_decoding_width - tokens that a step computes for a request that decodes
 */
static inline uint32_t serve_decoding_width(const struct serve_decoding *d)
{
	if (d->kind == SERVE_DIFFUSION)
		return d->block;
	return d->kind == SERVE_SPECULATIVE ? d->drafts + 1 : 1;
}

/**
 * struct serve_options - the engines
 * @ranks: engines that share the requests, 1 to SERVE_RANKS_MAX; a request goes to the one with the
 *         least 4 x waiting + running, as vLLM balances them
 * @lockstep: all begin and end their steps together (experts that are spread over them)
 * @max_batch: requests that an engine works on, 1 to SERVE_BATCH_MAX
 * @max_step_tokens: tokens of a step, at least those of @max_batch requests that decode
 * @block_tokens: tokens of a KV block
 * @kv_blocks: blocks of an engine, 1 to PREFIX_BLOCKS_MAX
 * @ahead: a step is planned when the one before it begins, not when it ends (asynchronous
 *         scheduling, vLLM's default): what comes or ends meanwhile counts a step later
 * @prefix_caching: prompts share blocks by the trace's hash ids, when TRACE_BLOCK_TOKENS is a
 *                  multiple of @block_tokens; a request that was put off finds its own again
 * @decoding: how answers come out
 * @brought: prompts were computed elsewhere and their KV comes with the request, with the first
 *           token but for diffusion; who is put off computes its prompt here. Without diffusion an
 *           answer has two tokens at least
 * @stepped: told when a step has ended, and how many requests are served; may be NULL
 * @stepped_ctx: its first argument
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
	struct serve_decoding decoding;
	bool brought;
	void (*stepped)(const void *ctx, uint64_t now_ns, uint64_t served);
	const void *stepped_ctx;
};

/**
 * struct serve_step - what an engine computes in a step
 * @decodes: requests that decode
 * @decode_context: sum of the tokens that each token of these attends to, itself included
 * @prefill_tokens: tokens of prompts
 * @prefill_context: the same sum for these
 * @prefills: pieces of prompts
 * @sampled: tokens that logits are computed for
 * @beside: tokens that are computed for those that decode, beside one for each
 * @reread: of @decode_context, what is read once for several tokens of a request
 * @unwritten: tokens that are computed, but whose KV is not kept
 * @brought: tokens whose KV is kept, but was computed elsewhere
 *
 * A step that decodes a token for each request has nothing in the last four.
 */
struct serve_step {
	uint32_t decodes;
	uint64_t decode_context;
	uint32_t prefill_tokens;
	uint64_t prefill_context;
	uint32_t prefills;
	uint32_t sampled;
	uint32_t beside;
	uint64_t reread;
	uint32_t unwritten;
	uint64_t brought;
};

/**
 * serve_step_tokens - tokens that pass through the model
 */
static inline uint64_t serve_step_tokens(const struct serve_step *s)
{
	return (uint64_t)s->decodes + s->beside + s->prefill_tokens;
}

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
 * @first_token_ns, @finish_ns: when its first and last token came out; 0 is the first of one that
 *                              came with the request
 * @cached_tokens: of its prompt, found in the prefix cache when it was first let in
 * @put_off: how often it lost its blocks
 * @rank: the engine
 * @rejected: would never fit; all else is 0
 */
struct serve_request {
	uint64_t taken_ns;
	uint64_t scheduled_ns;
	uint64_t first_token_ns;
	uint64_t finish_ns;
	uint32_t cached_tokens;
	uint32_t put_off;
	uint32_t rank;
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
 * @served: requests whose last token came out
 * @rejected: requests that would never fit
 * @peak_batch: most requests of an engine at a time
 * @turns: requests that decoded, summed up over steps
 * @answered: tokens of answers that came out of these
 * @drafted, @accepted: drafts, and those that were right
 * @beyond: tokens that came out, but after the answer's end
 *
 * With speculation @decoded is @answered + @beyond + @drafted - @accepted; with diffusion it is
 * block x @turns.
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
	uint64_t served;
	uint64_t rejected;
	uint32_t peak_batch;
	uint64_t turns;
	uint64_t answered;
	uint64_t drafted;
	uint64_t accepted;
	uint64_t beyond;
};

/**
 * serve_fits - could an empty engine serve this request?
 */
bool serve_fits(const struct serve_options *options, const struct trace_request *spec);

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
