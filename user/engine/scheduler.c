// SPDX-License-Identifier: LGPL-2.1-or-later
/* Scheduler: arrivals, admission, steps and completion. */
#include "engine/scheduler.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/random.h"

/**
 * struct sched - a schedule
 * @requests: of the trace, in its order
 * @arriving: the first that has not arrived
 * @waiting: the first that has arrived and may wait; those from here to @arriving wait, or were
 *           rejected
 * @batch: @n_batch indices of requests in the batch, oldest first
 * @items: plan of the running step, @n_items
 */
struct sched {
	const struct trace *trace;
	struct sched_options options;
	struct sched_hooks hooks;
	struct prefix_cache *cache;
	struct sched_request *requests;
	size_t arriving;
	size_t waiting;
	size_t *batch;
	size_t n_batch;
	struct sched_item *items;
	size_t n_items;
	struct sched_stats stats;
};

static int check(const struct sched_options *o, struct engine_error *e)
{
	if (!o->max_batch || o->max_batch > SCHED_BATCH_MAX) {
		engine_error_set(e, "a batch of %u requests is not one of 1 to %d", o->max_batch,
				 SCHED_BATCH_MAX);
		return -EINVAL;
	}
	if (o->max_step_tokens < o->max_batch) {
		engine_error_set(e, "%u tokens a step are fewer than the batch's %u requests; allow more tokens or a smaller batch",
				 o->max_step_tokens, o->max_batch);
		return -EINVAL;
	}
	if (!o->block_tokens || (o->share_prefixes && o->block_tokens != TRACE_BLOCK_TOKENS)) {
		engine_error_set(e, "a KV block of %u tokens; prefixes are shared in blocks of %d",
				 o->block_tokens, TRACE_BLOCK_TOKENS);
		return -EINVAL;
	}
	if (!o->kv_blocks || o->kv_blocks > PREFIX_BLOCKS_MAX) {
		engine_error_set(e, "%u blocks of KV are not 1 to %u", o->kv_blocks,
				 PREFIX_BLOCKS_MAX);
		return -EINVAL;
	}
	return 0;
}

int sched_create(const struct trace *trace, const struct sched_options *options,
		 const struct sched_hooks *hooks, struct sched **out, struct engine_error *e)
{
	struct sched *s;
	int err;

	*out = NULL;
	err = check(options, e);
	if (err)
		return err;
	s = calloc(1, sizeof(*s));
	if (!s)
		goto no_memory;
	s->trace = trace;
	s->options = *options;
	s->stats.blocks = options->kv_blocks;
	if (hooks)
		s->hooks = *hooks;
	s->cache = prefix_create(options->kv_blocks);
	s->requests = calloc(trace->n ? trace->n : 1, sizeof(*s->requests));
	s->batch = calloc(options->max_batch, sizeof(*s->batch));
	s->items = calloc(options->max_batch, sizeof(*s->items));
	if (!s->cache || !s->requests || !s->batch || !s->items)
		goto no_memory;
	for (size_t i = 0; i < trace->n; i++)
		s->requests[i].spec = &trace->requests[i];
	*out = s;
	return 0;
no_memory:
	sched_free(s);
	engine_error_set(e, "no memory for a schedule of %zu requests", trace->n);
	return -ENOMEM;
}

void sched_free(struct sched *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->requests && i < s->trace->n; i++)
		free(s->requests[i].blocks);
	prefix_free(s->cache);
	free(s->requests);
	free(s->batch);
	free(s->items);
	free(s);
}

bool sched_next_arrival(const struct sched *s, uint64_t *arrival_ns)
{
	if (s->arriving == s->trace->n)
		return false;
	*arrival_ns = s->trace->requests[s->arriving].arrival_ns;
	return true;
}

/* ---- blocks ---- */

static int tell(struct sched *s, enum sched_kv_event event, const struct sched_block *block)
{
	return s->hooks.kv ? s->hooks.kv(s->hooks.ctx, event, block) : 0;
}

/* Blocks for the whole prompt and answer. The last token of the answer is not kept. */
static uint64_t blocks_needed(const struct sched *s, const struct trace_request *spec)
{
	uint64_t tokens = (uint64_t)spec->input_tokens + spec->output_tokens - 1;

	return (tokens + s->options.block_tokens - 1) / s->options.block_tokens;
}

static const uint64_t *hashes(const struct sched *s, const struct trace_request *spec)
{
	return &s->trace->hashes[spec->first_hash];
}

/* Blocks of a prompt that may be shared: whole ones. */
static uint32_t whole_blocks(const struct sched *s, const struct trace_request *spec)
{
	if (!s->options.share_prefixes || !spec->n_hashes)
		return 0;
	return spec->input_tokens / s->options.block_tokens;
}

/* Of these, those a prompt can take over: at least its last token is computed anew. */
static uint32_t shareable_blocks(const struct sched *s, const struct trace_request *spec)
{
	uint32_t whole = whole_blocks(s, spec);

	return whole && !(spec->input_tokens % s->options.block_tokens) ? whole - 1 : whole;
}

/* What a block holds: a shared prefix is named by its hash, the rest by request and position. */
static uint64_t content_of(const struct sched *s, size_t request, uint32_t block)
{
	const struct trace_request *spec = s->requests[request].spec;

	if (block < whole_blocks(s, spec))
		return random_mix(hashes(s, spec)[block] * 2);
	return random_mix(random_mix((uint64_t)request + 1) + block) | 1;
}

static int give_back(struct sched *s, struct sched_request *q)
{
	int err = 0;

	/* From the tail, so that of what stays cached the tail is evicted first. */
	for (uint32_t i = q->n_blocks; i--;) {
		const struct sched_block *block = &q->blocks[i];
		int fate = prefix_put(s->cache, block->number);

		if (!err)
			err = tell(s, fate == PREFIX_EMPTY ? SCHED_KV_FREE : SCHED_KV_PUT, block);
	}
	free(q->blocks);
	q->blocks = NULL;
	q->n_blocks = 0;
	return err;
}

/* Hold the resident prefix and take blocks for the rest; there are enough. */
static int take_blocks(struct sched *s, size_t request, uint32_t shared)
{
	struct sched_request *q = &s->requests[request];
	uint32_t n = (uint32_t)blocks_needed(s, q->spec);
	int err = 0;

	q->blocks = calloc(n, sizeof(*q->blocks));
	if (!q->blocks)
		return -ENOMEM;
	for (uint32_t i = 0; i < n && !err; i++) {
		struct sched_block *block = &q->blocks[i];

		block->number = i < shared ? prefix_hold(s->cache, hashes(s, q->spec)[i]) :
					     prefix_take(s->cache, NULL);
		if (block->number == PREFIX_NONE)
			return -ENOMEM;
		q->n_blocks++;
		block->content = content_of(s, request, i);
		err = tell(s, i < shared ? SCHED_KV_SHARE : SCHED_KV_TAKE, block);
	}
	return err;
}

static int publish(struct sched *s, const struct sched_request *q)
{
	uint32_t whole = whole_blocks(s, q->spec);

	for (uint32_t i = 0; i < whole; i++) {
		int err = prefix_publish(s->cache, q->blocks[i].number, hashes(s, q->spec)[i]);

		/* -EEXIST: it was shared, or another request computed the same at the same time. */
		if (err && err != -EEXIST)
			return err;
	}
	return 0;
}

/* ---- admission ---- */

static void reject(struct sched *s, struct sched_request *q)
{
	q->state = SCHED_REJECTED;
	s->stats.rejected++;
	s->stats.rejected_tokens += (uint64_t)q->spec->input_tokens + q->spec->output_tokens;
}

static void arrive(struct sched *s, uint64_t now_ns)
{
	while (s->arriving < s->trace->n &&
	       s->trace->requests[s->arriving].arrival_ns <= now_ns) {
		struct sched_request *q = &s->requests[s->arriving++];

		s->stats.arrived++;
		q->state = SCHED_WAITING;
		if (blocks_needed(s, q->spec) > s->options.kv_blocks)
			reject(s, q);
	}
}

static void note_peaks(struct sched *s)
{
	struct prefix_stats stats;

	prefix_get_stats(s->cache, &stats);
	if (stats.held > s->stats.peak_blocks)
		s->stats.peak_blocks = stats.held;
	if (s->n_batch > s->stats.peak_batch)
		s->stats.peak_batch = (uint32_t)s->n_batch;
}

/* Return: 1 admitted, 0 its KV does not fit now, or a negative errno. */
static int admit(struct sched *s, size_t request)
{
	struct sched_request *q = &s->requests[request];
	uint32_t asked = shareable_blocks(s, q->spec);
	size_t idle = 0;
	size_t shared = 0;
	int err;

	if (asked)
		shared = prefix_match(s->cache, hashes(s, q->spec), asked, &idle);
	if (blocks_needed(s, q->spec) - shared + idle > prefix_available(s->cache))
		return 0;
	prefix_count(s->cache, whole_blocks(s, q->spec), shared);
	q->state = SCHED_PREFILL;
	s->batch[s->n_batch++] = request;
	err = take_blocks(s, request, (uint32_t)shared);
	if (err)
		return err;
	q->cached_tokens = (uint32_t)shared * s->options.block_tokens;
	q->context = q->cached_tokens;
	s->stats.prompt_tokens += q->spec->input_tokens;
	s->stats.cached_tokens += q->cached_tokens;
	note_peaks(s);
	return 1;
}

static int admit_waiting(struct sched *s)
{
	while (s->waiting < s->arriving && s->n_batch < s->options.max_batch) {
		int ret = 1;

		if (s->requests[s->waiting].state == SCHED_WAITING)
			ret = admit(s, s->waiting);
		if (ret <= 0)
			return ret;
		s->waiting++;
	}
	return 0;
}

/* ---- steps ---- */

static void plan_item(struct sched *s, size_t request, uint32_t tokens)
{
	const struct sched_request *q = &s->requests[request];
	bool prefill = q->state == SCHED_PREFILL;

	s->items[s->n_items++] = (struct sched_item) {
		.request = request,
		.tokens = tokens,
		.context = q->context,
		.prefill = prefill,
		.sampled = !prefill || q->context + tokens == q->spec->input_tokens,
	};
}

static uint32_t plan_decodes(struct sched *s)
{
	uint32_t planned = 0;

	for (size_t i = 0; i < s->n_batch; i++) {
		if (s->requests[s->batch[i]].state != SCHED_DECODE)
			continue;
		plan_item(s, s->batch[i], 1);
		planned++;
	}
	return planned;
}

static uint32_t plan_prefills(struct sched *s, uint32_t budget)
{
	uint32_t planned = 0;

	for (size_t i = 0; i < s->n_batch && planned < budget; i++) {
		const struct sched_request *q = &s->requests[s->batch[i]];
		uint32_t tokens = q->spec->input_tokens - q->context;

		if (q->state != SCHED_PREFILL)
			continue;
		if (tokens > budget - planned)
			tokens = budget - planned;
		plan_item(s, s->batch[i], tokens);
		planned += tokens;
	}
	return planned;
}

int sched_plan_step(struct sched *s, uint64_t now_ns, struct sched_plan *plan)
{
	uint32_t decodes, prefills;
	int err;

	*plan = (struct sched_plan) {};
	arrive(s, now_ns);
	err = admit_waiting(s);
	if (err)
		return err;
	s->n_items = 0;
	decodes = plan_decodes(s);
	prefills = plan_prefills(s, s->options.max_step_tokens - decodes);
	*plan = (struct sched_plan) {
		.items = s->items,
		.n = s->n_items,
		.tokens = (uint64_t)decodes + prefills,
		.prefill_tokens = prefills,
	};
	return 0;
}

static int finish(struct sched *s, struct sched_request *q, uint64_t now_ns)
{
	q->state = SCHED_FINISHED;
	q->finish_ns = now_ns;
	s->stats.finished++;
	return give_back(s, q);
}

static int commit_item(struct sched *s, const struct sched_item *item, uint64_t now_ns)
{
	struct sched_request *q = &s->requests[item->request];
	int err;

	q->context += item->tokens;
	if (item->prefill)
		s->stats.prefilled_tokens += item->tokens;
	if (!item->sampled)
		return 0;
	q->produced++;
	s->stats.produced_tokens++;
	if (item->prefill) {
		q->state = SCHED_DECODE;
		q->first_token_ns = now_ns;
		err = publish(s, q);
		if (err)
			return err;
	}
	return q->produced == q->spec->output_tokens ? finish(s, q, now_ns) : 0;
}

/* Drop finished requests from the batch, keeping the order. */
static void compact_batch(struct sched *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_batch; i++)
		if (s->requests[s->batch[i]].state != SCHED_FINISHED)
			s->batch[n++] = s->batch[i];
	s->n_batch = n;
}

int sched_commit_step(struct sched *s, uint64_t now_ns)
{
	int err = 0;

	for (size_t i = 0; i < s->n_items && !err; i++)
		err = commit_item(s, &s->items[i], now_ns);
	s->n_items = 0;
	compact_batch(s);
	return err;
}

bool sched_done(const struct sched *s)
{
	return s->stats.finished + s->stats.rejected == s->trace->n;
}

const struct sched_request *sched_requests(const struct sched *s)
{
	return s->requests;
}

void sched_get_stats(const struct sched *s, struct sched_stats *stats)
{
	*stats = s->stats;
}

void sched_prefix_stats(const struct sched *s, struct prefix_stats *stats)
{
	prefix_get_stats(s->cache, stats);
}
