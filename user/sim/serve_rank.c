// SPDX-License-Identifier: LGPL-2.1-or-later
/* One engine: steps, and who takes part in them. */
#include "sim/serve_rank.h"

#include <errno.h>
#include <stdlib.h>

int serve_rank_init(struct serve_rank *r, const struct serve_options *options,
		    struct serve_units *units, struct serve_stats *stats)
{
	*r = (struct serve_rank) {
		.options = options,
		.units = units,
		.stats = stats,
		.waiting = SERVE_LIST_EMPTY,
		.running = SERVE_LIST_EMPTY,
		.left = SERVE_LIST_EMPTY,
		.piece = SERVE_NONE,
	};
	r->cache = prefix_create(options->kv_blocks);
	r->prompts = calloc(options->max_batch, sizeof(*r->prompts));
	return r->cache && r->prompts ? serve_decode_init(r) : -ENOMEM;
}

void serve_rank_free(struct serve_rank *r)
{
	prefix_free(r->cache);
	free(r->prompts);
	free(r->phases);
	free(r->ends);
}

void serve_rank_arrive(struct serve_rank *r, uint32_t at)
{
	serve_list_append(&r->units->links, SERVE_QUEUE, &r->waiting, at);
	r->n_waiting++;
}

/* Tokens of a request that are known; a prompt is computed with some more. */
static uint64_t known(const struct serve_unit *u)
{
	return (uint64_t)u->spec->input_tokens + u->produced;
}

static uint64_t whole(const struct serve_rank *r, const struct serve_unit *u)
{
	return known(u) + serve_decode_masks(r);
}

/* Tokens whose KV is final. */
static uint64_t final(const struct serve_unit *u)
{
	return u->context < known(u) ? u->context : known(u);
}

/* ---- requests that lose their blocks ---- */

static int put_off(struct serve_rank *r, uint32_t at)
{
	struct serve_unit *u = &r->units->unit[at];
	int err;

	if (u->decodes)
		serve_decode_leave(r, at);
	else
		r->piece = SERVE_NONE;
	err = serve_kv_publish_own(r, at, final(u));
	serve_kv_free(r, at);
	u->context = 0;
	u->out->put_off++;
	serve_list_remove(&r->units->links, SERVE_QUEUE, &r->running, at);
	serve_list_prepend(&r->units->links, SERVE_QUEUE, &r->waiting, at);
	r->n_running--;
	r->n_waiting++;
	r->stuck = false;
	r->stats->preemptions++;
	r->stats->visits++;
	return err;
}

int serve_rank_grow(struct serve_rank *r, uint32_t at, uint64_t tokens)
{
	int err;

	r->stats->visits++;
	while ((err = serve_kv_grow(r, at, tokens)) == -ENOSPC) {
		uint32_t last = r->running.last;

		err = put_off(r, last);
		if (err)
			return err;
		if (last == at)
			return 1;
	}
	return err;
}

/* ---- what a step does ---- */

/* A piece of a prompt, for which there are blocks. */
static int plan_piece(struct serve_rank *r, uint32_t at, uint32_t tokens, struct serve_planned *p)
{
	struct serve_unit *u = &r->units->unit[at];
	uint64_t before = u->context, masks = serve_decode_masks(r);

	p->step.prefills++;
	p->step.prefill_tokens += tokens;
	p->step.prefill_context += tokens * before + (uint64_t)tokens * (tokens + 1) / 2;
	u->context += tokens;
	r->piece = at;
	if (u->context == whole(r, u)) {
		r->piece = SERVE_NONE;
		r->prompts[r->n_prompts++] = at;
		p->step.sampled += (uint32_t)masks + 1;
		/* What is denoised together attends to all of it. */
		p->step.prefill_context += masks * (masks + 1) / 2;
	}
	r->stats->prefilled += tokens;
	r->stats->visits++;
	if (u->out->put_off)
		r->stats->recomputed += tokens;
	r->stuck = false;
	return serve_kv_publish(r, at, final(u));
}

/* Of a step. */
static uint32_t budget_left(const struct serve_rank *r, const struct serve_planned *p)
{
	return r->options->max_step_tokens - r->decodes * r->width - p->step.prefill_tokens;
}

/* Of a prompt. */
static uint32_t next_tokens(const struct serve_rank *r, const struct serve_unit *u,
			    const struct serve_planned *p)
{
	uint64_t missing = whole(r, u) - u->context;
	uint32_t budget = budget_left(r, p);

	return missing < budget ? (uint32_t)missing : budget;
}

/* The prompt that the step before left unfinished. */
static int plan_rest(struct serve_rank *r, struct serve_planned *p)
{
	uint32_t at = r->piece, tokens;
	struct serve_unit *u;
	int ret;

	if (at == SERVE_NONE)
		return 0;
	u = &r->units->unit[at];
	tokens = next_tokens(r, u, p);
	if (!tokens)
		return 0;
	ret = serve_rank_grow(r, at, (uint64_t)u->context + tokens);
	if (ret)
		return ret < 0 ? ret : 0;
	return plan_piece(r, at, tokens, p);
}

static void let_in(struct serve_rank *r, uint32_t at, uint64_t now_ns)
{
	struct serve_unit *u = &r->units->unit[at];

	serve_list_remove(&r->units->links, SERVE_QUEUE, &r->waiting, at);
	serve_list_append(&r->units->links, SERVE_QUEUE, &r->running, at);
	r->n_waiting--;
	r->n_running++;
	if (r->n_running > r->stats->peak_batch)
		r->stats->peak_batch = r->n_running;
	if (!u->decodes)
		r->stats->cached_tokens += u->context;
	if (u->seen)
		return;
	u->seen = true;
	u->out->scheduled_ns = now_ns;
	u->out->cached_tokens = u->decodes ? 0 : u->context;
}

/* Let the first that waits in. Return: 1 done, 0 its prompt does not fit, or -ENOMEM. */
static int admit_prompt(struct serve_rank *r, uint64_t now_ns, struct serve_planned *p)
{
	uint32_t at = r->waiting.first, found, idle, tokens;
	struct serve_unit *u = &r->units->unit[at];
	int err;

	/* At least the last token has to be computed: its successor comes out of it. */
	found = serve_kv_find(r, at, (uint32_t)((known(u) - 1) / r->options->block_tokens),
			      &idle);
	if (serve_kv_needs(r, whole(r, u)) - found + idle > serve_kv_available(r)) {
		r->stuck = true;
		return 0;
	}
	serve_kv_hold(r, at, found);
	u->context = found * r->options->block_tokens;
	tokens = next_tokens(r, u, p);
	err = serve_kv_grow(r, at, (uint64_t)u->context + tokens);
	if (err)
		return -ENOMEM;
	let_in(r, at, now_ns);
	return plan_piece(r, at, tokens, p) ?: 1;
}

/* The same for one whose prompt comes with it. */
static int admit_brought(struct serve_rank *r, uint64_t now_ns, struct serve_planned *p)
{
	uint32_t at = r->waiting.first;
	int err = serve_decode_bring(r, at, p);

	if (err == -ENOSPC)
		r->stuck = true;
	if (err)
		return err == -ENOSPC ? 0 : err;
	let_in(r, at, now_ns);
	return 1;
}

static int admit_waiting(struct serve_rank *r, uint64_t now_ns, struct serve_planned *p)
{
	int ret = 1;

	while (ret > 0 && r->n_waiting && !r->stuck && r->piece == SERVE_NONE &&
	       r->n_running < r->options->max_batch) {
		bool brought = r->options->brought && !r->units->unit[r->waiting.first].seen;

		if (budget_left(r, p) < (brought ? r->width : 1))
			break;
		r->stats->visits++;
		ret = brought ? admit_brought(r, now_ns, p) : admit_prompt(r, now_ns, p);
	}
	return ret < 0 ? ret : 0;
}

/* ---- what comes out of it ---- */

/* Its blocks are free when the step is done; until then nobody can take them from it. */
void serve_rank_end(struct serve_rank *r, uint32_t at, struct serve_planned *p)
{
	serve_list_remove(&r->units->links, SERVE_QUEUE, &r->running, at);
	p->ended[p->n_ended++] = at;
	r->stats->visits++;
}

int serve_rank_plan(struct serve_rank *r, uint64_t now_ns, struct serve_planned *p)
{
	uint64_t put_off_before = r->stats->preemptions;
	uint32_t i;
	int err;

	p->step = (struct serve_step) { 0 };
	p->n_first = 0;
	p->n_ended = 0;
	r->n_prompts = 0;
	err = serve_decode_plan(r);
	if (!err)
		err = plan_rest(r, p);
	if (!err && r->stats->preemptions == put_off_before)
		err = admit_waiting(r, now_ns, p);
	if (err)
		return err;
	serve_decode_book(r, p);
	for (i = 0; i < r->n_prompts; i++)
		serve_decode_prompt(r, r->prompts[i], p);
	return 0;
}

void serve_rank_done(struct serve_rank *r, uint64_t now_ns, struct serve_planned *p)
{
	uint32_t i;

	for (i = 0; i < p->n_first; i++)
		r->units->unit[p->first[i]].out->first_token_ns = now_ns;
	r->stats->served += p->n_ended;
	for (i = 0; i < p->n_ended; i++) {
		uint32_t at = p->ended[i];

		r->units->unit[at].out->finish_ns = now_ns;
		serve_kv_keep(r, at, r->units->unit[at].context);
		serve_kv_free(r, at);
		r->n_running--;
		r->stuck = false;
	}
}
