// SPDX-License-Identifier: LGPL-2.1-or-later
/* Layouts of all devices. */
#include <errno.h>
#include <math.h>

#include "sim/search_space.h"

/* @rate: of requests that come, or more than are served */
static void add(struct search *s, struct shard *shard, const struct search_work *w,
		const struct search_batch *batch, double rate)
{
	struct search_point p = { .pools = 1, .limit = batch->limit };

	search_pool_at(shard, w, batch->batch, rate, &p.pool[0]);
	p.rate = fmin(rate, p.pool[0].capacity);
	search_add(s, &p);
}

/* The batch that so many requests make; the one that serves most when they are too many. */
static void add_at_rate(struct search *s, struct shard *shard, const struct search_work *w,
			const struct search_batch *batches, uint32_t n)
{
	struct search_batch batch = {
		.batch = search_rate_batch(shard, w, s->load.rate, batches, n),
		.limit = SEARCH_RATE,
	};

	if (!batch.batch)
		batch = search_most_batch(shard, w, batches, n);
	add(s, shard, w, &batch, s->load.rate);
}

/* There is room for KV, but not for that of a request. */
static void refuse(struct search *s, const struct shard *shard, uint64_t blocks)
{
	const struct capacity_shard *l = &shard->options.shard;
	double most = 0, lack;
	struct engine_error why;
	uint32_t i, k;

	for (i = 0; i < shard->n_stages; i++) {
		const struct shard_stage *stage = &shard->stage[i];

		lack = (double)blocks * stage->token_kv * shard->options.block_tokens;
		for (k = 0; k < shard->n_kv; k++)
			lack -= stage->kv_room[shard->kv_order[k]];
		if (lack > most)
			most = lack;
	}
	engine_error_set(&why, "%s on TP %u x PP %u x DP %u: a device lacks %.0f bytes for KV of one "
			 "request: take more devices or stacks, a tier more, or --dtype fp8",
			 s->model->name, l->tp, l->pp, l->dp, most);
	search_refuse(s, l, most, &why);
}

static void laid(void *ctx, struct shard *shard)
{
	struct search *s = ctx;
	const struct search_work w = { SEARCH_WHOLE, s->load.input, s->load.output };
	struct search_batch batches[SEARCH_BATCHES_MAX];
	uint32_t n = search_batches(shard, &w, &s->slo, batches), i;

	if (!n)
		refuse(s, shard, search_pool_blocks(shard, &w));
	else if (s->load.rate > 0)
		add_at_rate(s, shard, &w, batches, n);
	else
		for (i = 0; i < n; i++)
			add(s, shard, &w, &batches[i], INFINITY);
}

int search_layouts(struct search *s)
{
	search_each(s, s->system, laid, s);
	return s->no_memory ? -ENOMEM : 0;
}
