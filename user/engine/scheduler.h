/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scheduler: continuous batching, first come first served.
 *
 * Requests wait in the order of their arrival. The first one is admitted when the batch has room
 * and the KV of its whole prompt and answer can be held; while it cannot, it and all behind it
 * wait. One that could never fit is rejected. Each step decodes one token of every request whose
 * prompt is done and spends the rest of the token budget on prompts, oldest first, in pieces if
 * need be (Yu et al., Orca, OSDI 2022; Agrawal et al., Sarathi-Serve, OSDI 2024). The step that
 * ends a prompt produces the first token of the answer.
 *
 * KV is held in blocks. With prefix sharing, whole blocks of a prompt that are resident already are
 * shared and not computed again, except the block of the prompt's last token; blocks a prompt
 * filled are published when its prompt is done, and stay cached afterwards.
 *
 * Pure bookkeeping: time comes in as an argument. Not thread safe.
 */
#ifndef _ENGINE_SCHEDULER_H
#define _ENGINE_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/prefix.h"
#include "engine/trace.h"

#define SCHED_BATCH_MAX		65536

/**
 * struct sched_options - limits
 * @max_batch: requests in the batch, 1 to SCHED_BATCH_MAX
 * @max_step_tokens: tokens a step works on, at least @max_batch
 * @block_tokens: tokens of a KV block; TRACE_BLOCK_TOKENS with @share_prefixes
 * @kv_blocks: blocks there are, 1 to PREFIX_BLOCKS_MAX
 * @share_prefixes: use the trace's hash ids
 */
struct sched_options {
	uint32_t max_batch;
	uint32_t max_step_tokens;
	uint32_t block_tokens;
	uint32_t kv_blocks;
	bool share_prefixes;
};

enum sched_state {
	SCHED_COMING,		/* has not arrived */
	SCHED_WAITING,
	SCHED_PREFILL,
	SCHED_DECODE,
	SCHED_FINISHED,
	SCHED_REJECTED,
};

/**
 * struct sched_block - a block of a request's KV
 * @number: 0 to kv_blocks - 1
 * @content: names what is in it, for checking: equal only for blocks of equal content
 */
struct sched_block {
	uint32_t number;
	uint64_t content;
};

/**
 * struct sched_request - a request on its way
 * @spec: what the trace says
 * @blocks: @n_blocks blocks while it is in the batch, NULL otherwise
 * @cached_tokens: tokens of the prompt that were shared
 * @context: tokens in its KV
 * @produced: tokens of the answer
 * @first_token_ns, @finish_ns: model time; 0 before
 */
struct sched_request {
	const struct trace_request *spec;
	enum sched_state state;
	struct sched_block *blocks;
	uint32_t n_blocks;
	uint32_t cached_tokens;
	uint32_t context;
	uint32_t produced;
	uint64_t first_token_ns;
	uint64_t finish_ns;
};

/**
 * struct sched_item - what a step does for one request
 * @request: index in the trace
 * @tokens: tokens it works on: 1 for a decode
 * @context: tokens in its KV before
 * @prefill: these are tokens of the prompt
 * @sampled: it produces a token
 */
struct sched_item {
	size_t request;
	uint32_t tokens;
	uint32_t context;
	bool prefill;
	bool sampled;
};

/**
 * struct sched_plan - a step
 * @items: @n items, valid until the next call
 * @tokens, @prefill_tokens: sums
 */
struct sched_plan {
	const struct sched_item *items;
	size_t n;
	uint64_t tokens;
	uint64_t prefill_tokens;
};

/* What happens to a block. */
enum sched_kv_event {
	SCHED_KV_TAKE,		/* held by a request, its former content is void */
	SCHED_KV_SHARE,		/* held once more, with its content */
	SCHED_KV_PUT,		/* held once less; still held, or cached */
	SCHED_KV_FREE,		/* held by nobody, its content is void */
};

/**
 * struct sched_hooks - who wants to know about blocks
 * @kv: a negative return ends the call that caused it; may be NULL
 */
struct sched_hooks {
	int (*kv)(void *ctx, enum sched_kv_event event, const struct sched_block *block);
	void *ctx;
};

/**
 * struct sched_stats - what became of the requests so far
 * @arrived: includes rejected ones
 * @rejected_tokens: prompts and answers of rejected ones
 * @prompt_tokens: of admitted requests
 * @cached_tokens: of these shared, not computed
 * @prefilled_tokens: of these computed
 * @produced_tokens: of answers
 * @peak_batch: most requests in the batch
 * @peak_blocks: most blocks held
 * @blocks: blocks of KV there are
 */
struct sched_stats {
	uint64_t arrived;
	uint64_t finished;
	uint64_t rejected;
	uint64_t rejected_tokens;
	uint64_t prompt_tokens;
	uint64_t cached_tokens;
	uint64_t prefilled_tokens;
	uint64_t produced_tokens;
	uint32_t peak_batch;
	uint32_t peak_blocks;
	uint32_t blocks;
};

struct sched;

/**
 * sched_create - begin
 * @trace: must outlive the scheduler
 * @hooks: copied; NULL = none
 * @out: to be freed with sched_free()
 *
 * Return: 0, -EINVAL (an option is out of range), -ENOMEM.
 */
int sched_create(const struct trace *trace, const struct sched_options *options,
		 const struct sched_hooks *hooks, struct sched **out, struct engine_error *e);
void sched_free(struct sched *s);

/**
 * sched_next_arrival - when the next request comes
 *
 * Return: false when none is to come.
 */
bool sched_next_arrival(const struct sched *s, uint64_t *arrival_ns);

/**
 * sched_plan_step - let requests arrive and in, and plan a step
 * @now_ns: model time
 * @plan: n is 0 when there is nothing to do until the next arrival
 *
 * Return: 0; a negative errno of the hook; -ENOMEM.
 */
int sched_plan_step(struct sched *s, uint64_t now_ns, struct sched_plan *plan);

/**
 * sched_commit_step - the planned step is done
 * @now_ns: model time at its end
 *
 * Return: 0; a negative errno of the hook.
 */
int sched_commit_step(struct sched *s, uint64_t now_ns);

/**
 * sched_done - has every request finished or been rejected?
 */
bool sched_done(const struct sched *s);

/**
 * sched_requests - all requests, in the order of the trace
 */
const struct sched_request *sched_requests(const struct sched *s);

void sched_get_stats(const struct sched *s, struct sched_stats *stats);
void sched_prefix_stats(const struct sched *s, struct prefix_stats *stats);

#endif /* _ENGINE_SCHEDULER_H */
