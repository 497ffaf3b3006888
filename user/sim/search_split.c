// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Layouts of two pools: one for prompts, one for further tokens.
 *
 * KV of a prompt goes from each device of one group to one of the other: the larger of what one
 * sends and what one receives, once over the network. This goes on while steps do, but a request
 * waits for it, and a device has one transfer at a time.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sim/search_space.h"

/**
 * struct side - a pool of a split
 * @system: that many devices
 * @work: what is done there
 * @rate: most requests/s of a device that any layout serves as promised; 0 = none yet
 * @group: devices of a group of that layout
 */
struct side {
	struct sim_system system;
	struct search_work work;
	double rate;
	uint32_t group;
};

/**
 * struct split - two pools
 * @prompts: laid out as is best for them, if @laid
 * @first: its pool
 * @transfer: network that KV goes over
 */
struct split {
	struct search *search;
	struct side prefill;
	struct side decode;
	struct shard prompts;
	bool laid;
	struct search_pool first;
	struct network transfer;
};

static double groups(const struct search_pool *p)
{
	return p->layout.dp;
}

/* Remember what a device serves at best. */
static void remember(struct side *side, const struct search_pool *p)
{
	double rate = p->capacity / p->devices;

	if (rate <= side->rate)
		return;
	side->rate = rate;
	side->group = p->layout.tp * p->layout.pp;
}

/* ---- KV that goes from pool to pool ---- */

/* Of a prompt, on the device that has most of it. */
static double most_kv(const struct shard *s, double tokens)
{
	double most = 0;
	uint32_t i;

	for (i = 0; i < s->n_stages; i++) {
		const struct shard_stage *stage = &s->stage[i];
		double kept = fmin(tokens, s->model->local_window);

		most = fmax(most, tokens * stage->linear_kv + kept * stage->local_kv);
	}
	return most;
}

static double transfer_seconds(const struct split *t, const struct shard *decode)
{
	double tokens = t->prefill.work.input;
	double bytes = fmax(most_kv(&t->prompts, tokens), most_kv(decode, tokens));

	return collective_best(&t->transfer, COLLECTIVE_SEND_RECV, bytes).seconds;
}

/* ---- the pool of prompts ---- */

/* The layout that serves most in time; while there is none, the one that is in time first. */
static bool is_better(const struct search_pool *a, const struct search_pool *b, double ttft_s)
{
	bool in_time = a->ttft_s <= ttft_s, other_in_time = b->ttft_s <= ttft_s;

	if (in_time != other_in_time)
		return in_time;
	return in_time ? a->capacity > b->capacity : a->ttft_s < b->ttft_s;
}

static void try_prompts(void *ctx, struct shard *shard)
{
	struct split *t = ctx;
	const struct search_work *w = &t->prefill.work;
	enum search_limit limit;
	uint32_t most = search_pool_most(shard, w, &limit), batch;
	struct search_pool pool;

	if (!most)
		return;
	batch = search_slo_batch(shard, w, &t->search->slo, most, &limit);
	search_pool_time(shard, w, batch ?: 1, &pool);
	if (pool.ttft_s <= t->search->slo.ttft_s)
		remember(&t->prefill, &pool);
	if (t->laid && !is_better(&pool, &t->first, t->search->slo.ttft_s))
		return;
	if (t->laid)
		shard_free(&t->prompts);
	/* What it has in memory is kept. */
	t->prompts = *shard;
	shard->stage = NULL;
	t->first = pool;
	t->laid = true;
}

/* ---- the pool of further tokens ---- */

static void add(struct split *t, struct shard *shard, struct search_batch batch, double most,
		double transfer_s)
{
	struct search_point p = {
		.pool = { t->first },
		.pools = 2,
		.limit = batch.limit,
		.transfer_s = transfer_s,
	};

	search_pool_at(shard, &t->decode.work, batch.batch, most, &p.pool[1]);
	p.rate = fmin(p.pool[1].capacity, most);
	search_pool_use(&t->prompts, p.rate, &p.pool[0]);
	search_add(t->search, &p);
}

/* Batches that serve less than @most requests/s, if they may, and the one that serves as many. */
static void add_batches(struct split *t, struct shard *shard, const struct search_batch *batches,
			uint32_t n, double most, double transfer_s)
{
	double rate = t->search->load.rate;
	struct search_batch last = {
		.batch = search_rate_batch(shard, &t->decode.work, most, batches, n),
		.limit = rate > 0 && most >= rate ? SEARCH_RATE : SEARCH_OTHER_POOL,
	};
	uint32_t i;

	for (i = 0; rate <= 0 && i < n; i++)
		if (!last.batch || batches[i].batch < last.batch)
			add(t, shard, batches[i], most, transfer_s);
	if (last.batch)
		add(t, shard, last, most, transfer_s);
	else if (rate > 0)
		add(t, shard, search_most_batch(shard, &t->decode.work, batches, n), most,
		    transfer_s);
}

static void try_tokens(void *ctx, struct shard *shard)
{
	struct split *t = ctx;
	double transfer_s = transfer_seconds(t, shard), most = t->first.capacity;
	struct search_batch batches[SEARCH_BATCHES_MAX];
	struct search_slo slo = t->search->slo;
	struct search_pool pool;
	uint32_t n, i;

	slo.tpot_s -= transfer_s / (t->decode.work.output - 1);
	n = search_batches(shard, &t->decode.work, &slo, batches);
	if (!n)
		return;
	for (i = 0; i < n; i++) {
		search_pool_time(shard, &t->decode.work, batches[i].batch, &pool);
		if (search_slo_kept(&pool, &slo))
			remember(&t->decode, &pool);
	}
	if (transfer_s > 0) {
		most = fmin(most, groups(&t->first) / transfer_s);
		most = fmin(most, shard->options.shard.dp / transfer_s);
	}
	if (t->search->load.rate > 0)
		most = fmin(most, t->search->load.rate);
	add_batches(t, shard, batches, n, most, transfer_s);
}

/* ---- pools ---- */

static void try_pools(struct split *t, uint32_t prompts)
{
	t->laid = false;
	t->prefill.system.devices = prompts;
	t->decode.system.devices = t->search->system->devices - prompts;
	search_each(t->search, &t->prefill.system, try_prompts, t);
	if (!t->laid)
		return;
	/* Sums of the layout that was taken, not of the last batch that was tried. */
	search_pool_time(&t->prompts, &t->prefill.work, t->first.batch, &t->first);
	search_each(t->search, &t->decode.system, try_tokens, t);
	shard_free(&t->prompts);
}

/* Both pools serve as much, in whole groups of the larger one. */
static uint32_t balanced(const struct split *t)
{
	uint32_t all = t->search->system->devices, group = t->prefill.group, prompts;
	double share;

	if (t->prefill.rate <= 0 || t->decode.rate <= 0)
		return 0;
	if (t->decode.group > group)
		group = t->decode.group;
	share = t->decode.rate / (t->prefill.rate + t->decode.rate);
	prompts = (uint32_t)llround(share * all / group) * group;
	return prompts < all ? prompts : 0;
}

static bool is_power(uint32_t n)
{
	return !(n & (n - 1));
}

int search_splits(struct search *s)
{
	struct split *t = calloc(1, sizeof(*t));
	uint32_t all = s->system->devices, n, even;

	if (!t)
		return -ENOMEM;
	t->search = s;
	t->prefill.system = *s->system;
	t->decode.system = *s->system;
	t->prefill.work = (struct search_work) { SEARCH_PREFILL, s->load.input, s->load.output };
	t->decode.work = (struct search_work) { SEARCH_DECODE, s->load.input, s->load.output };
	system_group(s->system, all, &t->transfer);
	for (n = 1; n < all; n *= 2) {
		try_pools(t, n);
		if (!is_power(all - n))
			try_pools(t, all - n);
	}
	even = balanced(t);
	if (even && !is_power(even) && !is_power(all - even))
		try_pools(t, even);
	free(t);
	return s->no_memory ? -ENOMEM : 0;
}
