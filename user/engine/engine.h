/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine: replays a trace of requests against a model's memory, step by step.
 *
 * The engine knows what an inference runtime would touch and when: it owns time, batches, blocks of
 * KV, prefixes and routing. What a touch means is up to struct engine_ops: a driver that reads and
 * writes a device, or one that asks the tier model (model_driver.h). There is no device in it.
 *
 * A run:
 *   1. step_begin(load), access(write) for every part of the weights, step_end(), seal().
 *   2. until all requests are done:
 *        nothing to do before the next arrival: advance();
 *        kv() for blocks taken, shared and given back, between steps;
 *        step_begin(), access() for what the step reads and writes, step_end() with what it took;
 *        every rebalance_steps steps: rebalance().
 * Calls come from one thread, never nested. A negative return of any callback ends the run.
 *
 * What a step accesses (class weights unless it says kv):
 *   - reads the embedding's rows of its tokens (from the part's start);
 *   - in every layer reads norm, attention and ffn, or router, shared expert and the experts that
 *     the tokens are routed to. The first expert of a layer is a dependent access: which experts
 *     are needed is known only in the step, nothing prefetches them; the others are known with it
 *     and follow it;
 *   - reads the last norm, and the lm_head when a token is sampled;
 *   - kv: for every request reads its context block by block (what was there before the step), and
 *     appends what the step's tokens add.
 *
 * Not thread safe; several runs with their own structures may go on at the same time.
 */
#ifndef _ENGINE_ENGINE_H
#define _ENGINE_ENGINE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/terrace.h>

#include "engine/error.h"
#include "engine/layout.h"
#include "engine/model_config.h"
#include "engine/routing.h"
#include "engine/scheduler.h"
#include "engine/trace.h"

/**
 * struct engine_step - a step that begins
 * @load: the weights are written; no tokens, no FLOPs, not part of the run's time
 * @kind: TERRACE_STEP_PREFILL when it works on any prompt, else TERRACE_STEP_DECODE
 * @flops: floating point operations, modelled
 * @tokens: tokens it works on
 * @requests: requests it works on
 * @now_ns: engine time: model time since the first request could arrive
 */
struct engine_step {
	bool load;
	uint32_t kind;
	uint64_t flops;
	uint32_t tokens;
	uint32_t requests;
	uint64_t now_ns;
};

/**
 * struct engine_access - a step touches a range of one object
 *
 * An object is a part of the weights or a block of KV. Real bytes are modelled bytes / scale; a
 * range whose @real_bytes is 0 (a token of KV smaller than the scale) is not reported.
 *
 * What an object holds is a function of @content and of the real offset within the object, so that
 * a driver can write it and check later reads. Objects of equal content have equal @content.
 *
 * @class_id: TERRACE_CLASS_WEIGHTS or TERRACE_CLASS_KV
 * @write: written instead of read
 * @dependent: nothing prefetches it
 * @part: the part of the weights, NULL for KV
 * @block: number of the KV block, PREFIX_NONE for weights
 * @content: names the object's content
 * @model_offset, @model_bytes: modelled, within the object
 * @real_offset, @real_bytes: real, within the object
 * @buffer_offset: real offset of the range in the buffer of its class: for weights as laid out, for
 *                 KV block x block_real_bytes + @real_offset
 */
struct engine_access {
	uint32_t class_id;
	bool write;
	bool dependent;
	const struct layout_part *part;
	uint32_t block;
	uint64_t content;
	uint64_t model_offset;
	uint64_t model_bytes;
	uint64_t real_offset;
	uint64_t real_bytes;
	uint64_t buffer_offset;
};

/**
 * struct engine_cost - what a step took
 * @model_ns: overlapped bound, accelerator included; engine time goes on by it
 * @serial_ns: serial bound
 * @compute_ns: of the accelerator
 * @wall_ns: on this host; 0 when nothing was really done
 */
struct engine_cost {
	uint64_t model_ns;
	uint64_t serial_ns;
	uint64_t compute_ns;
	uint64_t wall_ns;
};

/**
 * struct engine_ops - the driver
 *
 * Each returns 0 or a negative errno with @e set.
 *
 * @step_begin: begin a step
 * @access: the running step touches a range
 * @step_end: end it; @cost is all zero on entry
 * @seal: the weights are written and do not change any more
 * @kv: a block of KV changes hands (enum sched_kv_event); no step is running. What a block held is
 *      void after SCHED_KV_TAKE and SCHED_KV_FREE; may be NULL
 * @rebalance: move extents as the policy decides; no step is running; may be NULL
 * @advance: model time passes without work, @ns at least 1; no step is running
 */
struct engine_ops {
	int (*step_begin)(void *ctx, const struct engine_step *step, struct engine_error *e);
	int (*access)(void *ctx, const struct engine_access *access, struct engine_error *e);
	int (*step_end)(void *ctx, struct engine_cost *cost, struct engine_error *e);
	int (*seal)(void *ctx, struct engine_error *e);
	int (*kv)(void *ctx, enum sched_kv_event event, uint32_t block, uint64_t content,
		  struct engine_error *e);
	int (*rebalance)(void *ctx, uint64_t now_ns, struct engine_error *e);
	int (*advance)(void *ctx, uint64_t ns, struct engine_error *e);
};

/**
 * struct engine_progress - how far a run is
 * @steps: done
 * @tokens: worked on so far, prompts and answers; shared and rejected ones count as done
 * @tokens_all: of all requests
 * @now_ns: engine time
 */
struct engine_progress {
	uint64_t steps;
	uint64_t tokens;
	uint64_t tokens_all;
	uint64_t now_ns;
};

/**
 * struct engine_options - how to run
 * @sched: limits; @sched.kv_blocks is how many blocks the driver has room for, and
 *         @sched.block_tokens must be the layout's
 * @rebalance_steps: steps between calls of rebalance(); 0 = never
 * @stop: when it becomes true the run ends after the step, with what there is; may be NULL
 * @progress: called after every step; may be NULL
 * @progress_ctx: its first argument
 */
struct engine_options {
	struct sched_options sched;
	uint32_t rebalance_steps;
	const volatile sig_atomic_t *stop;
	void (*progress)(void *ctx, const struct engine_progress *progress);
	void *progress_ctx;
};

/**
 * struct engine_result - what came of a run
 * @interrupted: it was stopped
 * @requests: of the trace
 * @sched: what became of them
 * @prefix: the prefix cache
 * @steps, @prefill_steps: without the load
 * @model_ns: sum of the steps' overlapped bounds; @serial_ns, @compute_ns, @wall_ns likewise
 * @now_ns: engine time at the end, idle time included
 * @load: what writing the weights took
 * @flops: of all steps
 * @ttft_ns: time to first token of @n_ttft requests, ascending
 * @tpot_ns: time per output token after the first of @n_tpot finished requests with more than one
 *           token, ascending
 */
struct engine_result {
	bool interrupted;
	uint64_t requests;
	struct sched_stats sched;
	struct prefix_stats prefix;
	uint64_t steps;
	uint64_t prefill_steps;
	uint64_t model_ns;
	uint64_t serial_ns;
	uint64_t compute_ns;
	uint64_t wall_ns;
	uint64_t now_ns;
	struct engine_cost load;
	uint64_t flops;
	uint64_t *ttft_ns;
	size_t n_ttft;
	uint64_t *tpot_ns;
	size_t n_tpot;
};

/**
 * engine_run - run a trace
 * @model: the layout must be made of it
 * @routing: for models with experts; NULL otherwise
 * @ops: with @ctx as first argument
 * @out: to be freed with engine_result_free(); holds nothing on error
 *
 * Return: 0 (also when stopped); -EINVAL arguments that do not go together; -ENOMEM; what a
 * callback returned.
 */
int engine_run(const struct trace *trace, const struct model_config *model,
	       const struct layout *layout, struct routing *routing,
	       const struct engine_options *options, const struct engine_ops *ops, void *ctx,
	       struct engine_result *out, struct engine_error *e);

/**
 * engine_result_free - free what a result holds; one that is all zero is allowed
 */
void engine_result_free(struct engine_result *r);

/**
 * engine_percentile - nearest-rank percentile
 * @sorted: @n values, ascending
 * @permille: 1 to 1000
 *
 * Return: the smallest value that at least permille/1000 of the values do not exceed; 0 when there
 * is none.
 */
uint64_t engine_percentile(const uint64_t *sorted, size_t n, uint32_t permille);

#endif /* _ENGINE_ENGINE_H */
