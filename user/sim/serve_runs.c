// SPDX-License-Identifier: LGPL-2.1-or-later
/* Blocks of a trace without hash ids, by their number alone. */
#include "sim/serve_runs.h"

uint32_t serve_runs_find(const struct serve_rank *r, uint32_t at, uint32_t asked, uint32_t *idle)
{
	uint32_t left = r->units->unit[at].left;

	r->stats->visits++;
	*idle = left < asked ? left : asked;
	return *idle;
}

static void forget(struct serve_rank *r, uint32_t at, uint32_t n)
{
	struct serve_unit *u = &r->units->unit[at];

	u->left -= n;
	r->cached -= n;
	if (!u->left)
		serve_list_remove(&r->units->links, SERVE_LEFT, &r->left, at);
}

void serve_runs_hold(struct serve_rank *r, uint32_t at, uint32_t n)
{
	struct serve_unit *u = &r->units->unit[at];

	u->n_blocks = n;
	u->published = n;
	r->held += n;
	forget(r, at, u->left);
}

void serve_runs_take(struct serve_rank *r, uint32_t n)
{
	uint32_t empty = r->options->kv_blocks - r->held - r->cached, evicted, part;

	r->held += n;
	for (evicted = n > empty ? n - empty : 0; evicted; evicted -= part) {
		uint32_t oldest = r->left.first, left = r->units->unit[oldest].left;

		part = left < evicted ? left : evicted;
		r->stats->evictions += part;
		forget(r, oldest, part);
	}
}

void serve_runs_free(struct serve_rank *r, uint32_t at)
{
	struct serve_unit *u = &r->units->unit[at];

	r->held -= u->n_blocks;
	r->cached += u->published;
	u->left = u->published;
	if (u->left)
		serve_list_append(&r->units->links, SERVE_LEFT, &r->left, at);
	u->n_blocks = 0;
	u->published = 0;
}
