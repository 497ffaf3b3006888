// SPDX-License-Identifier: LGPL-2.1-or-later
/* A search: what is looked at, and what is kept of it. */
#include "sim/search_space.h"

#include <errno.h>
#include <stdlib.h>

#include "sim/search_limits.h"

#define MILLION	1e6

/**
 * struct visit - of the layouts of a pool
 */
struct visit {
	struct search *search;
	const struct sim_system *system;
	search_laid_fn *laid;
	void *ctx;
};

/* ---- keeping ---- */

/* Places of a layout follow each other. */
void search_refuse(struct search *s, const struct capacity_shard *layout, double lack,
		   const struct engine_error *why)
{
	struct search_refused *all = s->refused;
	struct search_refused *last = s->n_refused ? all + s->n_refused - 1 : NULL;

	if (last && last->layout.tp == layout->tp && last->layout.pp == layout->pp) {
		if (lack < last->lack)
			*last = (struct search_refused) { *layout, lack, *why };
		return;
	}
	all = reallocarray(all, s->n_refused + 1, sizeof(*all));
	if (!all) {
		s->no_memory = true;
		return;
	}
	s->refused = all;
	all[s->n_refused++] = (struct search_refused) { *layout, lack, *why };
}

static void sum_up(const struct search *s, struct search_point *p)
{
	double watts = 0, usd_s = 0, g_s = 0;
	uint32_t i;

	p->life_s = p->pool[0].life_s;
	for (i = 0; i < p->pools; i++) {
		const struct search_pool *pool = &p->pool[i];

		watts += pool->watts;
		usd_s += pool->usd_s;
		g_s += pool->g_s;
		p->ttft_s += pool->ttft_s;
		p->tpot_s += pool->tpot_s;
		if (pool->life_s < p->life_s)
			p->life_s = pool->life_s;
	}
	if (s->load.output > 1)
		p->tpot_s += p->transfer_s / (s->load.output - 1);
	p->tokens_s = p->rate * s->load.output;
	p->joules = watts / p->tokens_s;
	p->usd = usd_s / p->tokens_s * MILLION;
	p->grams = g_s / p->tokens_s * MILLION;
	p->useful = p->ttft_s <= s->slo.ttft_s && p->tpot_s <= s->slo.tpot_s &&
		    p->rate >= s->load.rate;
}

void search_add(struct search *s, struct search_point *p)
{
	struct search_point *points = s->points;
	size_t room = s->room ? 2 * s->room : 256;

	if (s->n == s->room) {
		points = reallocarray(points, room, sizeof(*points));
		if (!points) {
			s->no_memory = true;
			return;
		}
		s->points = points;
		s->room = room;
	}
	sum_up(s, p);
	points[s->n++] = *p;
}

void search_free(struct search *s)
{
	free(s->points);
	free(s->refused);
}

/* ---- layouts ---- */

static void lay_out(struct visit *v, const struct shard_options *o)
{
	struct search *s = v->search;
	bool all = v->system->devices == s->system->devices;
	struct engine_error why;
	struct shard shard;
	int err;

	s->layouts++;
	err = shard_init(&shard, v->system, s->model, o, &why);
	if (!err)
		v->laid(v->ctx, &shard);
	else if (err == -ENOMEM)
		s->no_memory = true;
	else if (all)
		search_refuse(s, &o->shard, shard.lack, &why);
	shard_free(&shard);
}

static void look_at(void *ctx, const struct capacity_shard *layout)
{
	struct visit *v = ctx;
	struct search *s = v->search;
	struct shard_options o = s->options;
	size_t points = s->n, refused = s->n_refused;
	struct engine_error why;
	uint32_t i, k;

	if (s->ep && s->ep != search_ep(s->model, layout))
		return;
	if (search_excluded(s->model, layout, &why)) {
		s->layouts++;
		if (v->system->devices == s->system->devices)
			search_refuse(s, layout, 0, &why);
		return;
	}
	o.shard = *layout;
	for (i = 0; i < s->places.weights.n; i++)
		for (k = 0; k < s->places.kv.n; k++) {
			o.weights = s->places.weights.order[i];
			o.kv = s->places.kv.order[k];
			lay_out(v, &o);
		}
	/* It has room in one place or another. */
	if (s->n > points)
		s->n_refused = refused;
}

void search_each(struct search *s, const struct sim_system *system, search_laid_fn *laid,
		 void *ctx)
{
	struct visit v = { s, system, laid, ctx };

	shard_each_layout(system->devices, &s->options.shard, look_at, &v);
}
