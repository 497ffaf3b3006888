// SPDX-License-Identifier: LGPL-2.1-or-later
/* Batches of a layout that are worth looking at. */
#include "sim/search_slo.h"

#include <math.h>
#include <stdlib.h>

/**
 * struct probe - what batches are held against
 * @from: what is looked for is that much more
 * @tokens: whose KV is held
 */
struct probe {
	struct shard *shard;
	const struct search_work *work;
	const struct search_slo *slo;
	double rate;
	uint32_t from;
	double tokens;
};

uint32_t search_largest(uint32_t most, search_holds_fn *holds, void *ctx)
{
	uint32_t good = 0, bad = most + 1, middle;

	while (bad - good > 1) {
		middle = good + (bad - good) / 2;
		if (holds(ctx, middle))
			good = middle;
		else
			bad = middle;
	}
	return good;
}

static struct search_pool time_of(const struct probe *p, uint32_t batch)
{
	struct search_pool pool;

	search_pool_time(p->shard, p->work, batch, &pool);
	return pool;
}

bool search_slo_kept(const struct search_pool *p, const struct search_slo *slo)
{
	return p->ttft_s <= slo->ttft_s && p->tpot_s <= slo->tpot_s;
}

static bool keeps_slo(void *ctx, uint32_t batch)
{
	struct probe *p = ctx;
	struct search_pool pool = time_of(p, batch);

	return search_slo_kept(&pool, p->slo);
}

static bool serves_less(void *ctx, uint32_t batch)
{
	struct probe *p = ctx;

	return time_of(p, p->from + batch).capacity < p->rate;
}

uint32_t search_slo_batch(struct shard *s, const struct search_work *w,
			  const struct search_slo *slo, uint32_t most, enum search_limit *limit)
{
	struct probe p = { .shard = s, .work = w, .slo = slo };
	uint32_t batch = search_largest(most, keeps_slo, &p);

	if (batch < most)
		*limit = time_of(&p, batch + 1).tpot_s > slo->tpot_s ? SEARCH_SLO_TPOT :
								       SEARCH_SLO_TTFT;
	return batch;
}

/* ---- all that are worth it ---- */

static int by_batch(const void *a, const void *b)
{
	const struct search_batch *x = a, *y = b;

	if (x->batch != y->batch)
		return x->batch < y->batch ? -1 : 1;
	return (x->limit == SEARCH_FREE) - (y->limit == SEARCH_FREE);
}

/* Each once, with the reason why it is not larger if there is one. */
static uint32_t tidy(struct search_batch *batches, uint32_t n)
{
	uint32_t i, kept = 0;

	qsort(batches, n, sizeof(*batches), by_batch);
	for (i = 0; i < n; i++)
		if (!kept || batches[kept - 1].batch != batches[i].batch)
			batches[kept++] = batches[i];
	return kept;
}

/* Tokens whose KV the first @tiers of the order hold. */
static double tokens_held(const struct shard *s, uint32_t tiers)
{
	double least = INFINITY, room;
	uint32_t i, k;

	for (i = 0; i < s->n_stages; i++) {
		room = 0;
		for (k = 0; k < tiers; k++)
			room += s->stage[i].kv_room[s->kv_order[k]];
		least = fmin(least, room / s->stage[i].token_kv);
	}
	return least;
}

static bool is_held(void *ctx, uint32_t batch)
{
	struct probe *p = ctx;

	return (double)search_pool_kept(p->shard, p->work, batch) <= p->tokens;
}

uint32_t search_batches(struct shard *s, const struct search_work *w, const struct search_slo *slo,
			struct search_batch *out)
{
	enum search_limit most_by, slo_by = SEARCH_FREE;
	uint32_t most = search_pool_most(s, w, &most_by), n = 0, i, full;
	struct probe p = { .shard = s, .work = w };

	if (!most)
		return 0;
	out[n++] = (struct search_batch) { most, most_by };
	i = search_slo_batch(s, w, slo, most, &slo_by);
	if (i && i < most)
		out[n++] = (struct search_batch) { i, slo_by };
	for (i = 1; i < most; i *= 2)
		out[n++] = (struct search_batch) { i, SEARCH_FREE };
	for (i = 1; i < s->n_kv; i++) {
		p.tokens = tokens_held(s, i);
		full = search_largest(most, is_held, &p);
		if (full && full < most)
			out[n++] = (struct search_batch) { full, SEARCH_FREE };
	}
	return tidy(out, n);
}

/* ---- one that serves so many ---- */

uint32_t search_rate_batch(struct shard *s, const struct search_work *w, double rate,
			   const struct search_batch *batches, uint32_t n)
{
	struct probe p = { .shard = s, .work = w, .rate = rate };
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (time_of(&p, batches[i].batch).capacity >= rate)
			return p.from + search_largest(batches[i].batch - p.from - 1, serves_less,
						       &p) + 1;
		p.from = batches[i].batch;
	}
	return 0;
}

struct search_batch search_most_batch(struct shard *s, const struct search_work *w,
				      const struct search_batch *batches, uint32_t n)
{
	struct probe p = { .shard = s, .work = w };
	double most = 0, capacity;
	uint32_t i, best = 0;

	for (i = 0; i < n; i++) {
		capacity = time_of(&p, batches[i].batch).capacity;
		if (capacity <= most)
			continue;
		most = capacity;
		best = i;
	}
	return batches[best];
}
