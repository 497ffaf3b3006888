// SPDX-License-Identifier: LGPL-2.1-or-later
/* One engine: steps, and who takes part in them. */
#include "sim/serve_rank.h"

#include <errno.h>
#include <stdlib.h>

static struct serve_list *new_lists(uint32_t n)
{
	struct serve_list *lists = malloc(n * sizeof(*lists));
	uint32_t i;

	for (i = 0; lists && i < n; i++)
		lists[i] = SERVE_LIST_EMPTY;
	return lists;
}

int serve_rank_init(struct serve_rank *r, const struct serve_options *options,
		    struct serve_units *units, struct serve_stats *stats)
{
	*r = (struct serve_rank) {
		.options = options,
		.units = units,
		.stats = stats,
		.waiting = SERVE_LIST_EMPTY,
		.running = SERVE_LIST_EMPTY,
		.piece = SERVE_NONE,
		.n_ends = units->answer_max + 1,
	};
	r->cache = prefix_create(options->kv_blocks);
	r->phases = new_lists(options->block_tokens);
	r->ends = new_lists(r->n_ends);
	return r->cache && r->phases && r->ends ? 0 : -ENOMEM;
}

void serve_rank_free(struct serve_rank *r)
{
	prefix_free(r->cache);
	free(r->phases);
	free(r->ends);
}

void serve_rank_arrive(struct serve_rank *r, uint32_t at)
{
	serve_list_append(&r->units->links, SERVE_QUEUE, &r->waiting, at);
	r->n_waiting++;
}

/* ---- requests that decode ---- */

static uint32_t context_of(const struct serve_rank *r, const struct serve_unit *u)
{
	return u->context + (u->decodes ? (uint32_t)(r->steps - u->joined) : 0);
}

/* The list of those that need a block when @u does. */
static struct serve_list *phase_of(const struct serve_rank *r, const struct serve_unit *u)
{
	uint32_t tokens = r->options->block_tokens;

	return &r->phases[(u->joined % tokens + tokens - u->context % tokens) % tokens];
}

/* The list of those that end when @u does, which has been there for @produced of its tokens. */
static struct serve_list *end_of(const struct serve_rank *r, const struct serve_unit *u)
{
	return &r->ends[(u->joined + u->spec->output_tokens - u->produced) % r->n_ends];
}

static void join(struct serve_rank *r, uint32_t at)
{
	struct serve_unit *u = &r->units->unit[at];

	u->joined = r->steps;
	u->decodes = true;
	serve_list_append(&r->units->links, SERVE_PHASE, phase_of(r, u), at);
	serve_list_append(&r->units->links, SERVE_END, end_of(r, u), at);
	r->decodes++;
	r->context += u->context;
}

static void leave(struct serve_rank *r, uint32_t at)
{
	struct serve_unit *u = &r->units->unit[at];
	uint32_t context = context_of(r, u);

	serve_list_remove(&r->units->links, SERVE_PHASE, phase_of(r, u), at);
	serve_list_remove(&r->units->links, SERVE_END, end_of(r, u), at);
	r->decodes--;
	r->context -= context;
	u->produced += (uint32_t)(r->steps - u->joined);
	u->context = context;
	u->decodes = false;
}

/* ---- requests that lose their blocks ---- */

static int put_off(struct serve_rank *r, uint32_t at)
{
	struct serve_unit *u = &r->units->unit[at];
	int err;

	if (u->decodes)
		leave(r, at);
	else
		r->piece = SERVE_NONE;
	err = serve_kv_publish(r, at, u->context);
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

/*
 * Take blocks for @tokens of a request that runs; who was let in last gives way until there are.
 *
 * Return: 0; 1 it had to give way itself; -ENOMEM.
 */
static int grow(struct serve_rank *r, uint32_t at, uint64_t tokens)
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

/*
 * Those that decode into a new block now. Others of the list may give way while it is gone through,
 * but only such as were let in later and so stand behind.
 */
static int plan_decodes(struct serve_rank *r, struct serve_planned *p)
{
	uint32_t at = r->phases[r->steps % r->options->block_tokens].first;
	int ret = 0;

	while (at != SERVE_NONE && !ret) {
		uint32_t context = context_of(r, &r->units->unit[at]);

		ret = serve_kv_publish(r, at, context);
		if (!ret)
			ret = grow(r, at, (uint64_t)context + 1);
		if (!ret)
			at = serve_list_after(&r->units->links, SERVE_PHASE, at);
	}
	p->step.decodes = r->decodes;
	p->step.decode_context = r->context + r->decodes;
	return ret < 0 ? ret : 0;
}

/* A piece of a prompt, for which there are blocks. */
static int plan_piece(struct serve_rank *r, uint32_t at, uint32_t tokens, struct serve_planned *p)
{
	struct serve_unit *u = &r->units->unit[at];
	uint64_t before = u->context;
	bool whole;

	p->step.prefills++;
	p->step.prefill_tokens += tokens;
	p->step.prefill_context += tokens * before + (uint64_t)tokens * (tokens + 1) / 2;
	u->context += tokens;
	whole = u->context == u->spec->input_tokens + u->produced;
	p->step.sampled += whole;
	r->piece = whole ? SERVE_NONE : at;
	r->stats->prefilled += tokens;
	r->stats->visits++;
	if (u->out->put_off)
		r->stats->recomputed += tokens;
	r->stuck = false;
	return serve_kv_publish(r, at, u->context);
}

static uint32_t at_most(uint32_t tokens, uint32_t budget)
{
	return tokens < budget ? tokens : budget;
}

static uint32_t missing(const struct serve_unit *u)
{
	return u->spec->input_tokens + u->produced - u->context;
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
	tokens = at_most(missing(u), r->options->max_step_tokens - p->step.decodes);
	if (!tokens)
		return 0;
	ret = grow(r, at, (uint64_t)u->context + tokens);
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
	r->stats->cached_tokens += u->context;
	if (u->seen)
		return;
	u->seen = true;
	u->out->scheduled_ns = now_ns;
	u->out->cached_tokens = u->context;
}

/* Let the first that waits in. Return: 1 done, 0 its prompt does not fit, or -ENOMEM. */
static int admit(struct serve_rank *r, uint64_t now_ns, uint32_t budget, struct serve_planned *p)
{
	uint32_t at = r->waiting.first, found, idle, tokens;
	struct serve_unit *u = &r->units->unit[at];
	uint64_t known = (uint64_t)u->spec->input_tokens + u->produced;
	int err;

	r->stats->visits++;
	/* At least the last token has to be computed: its successor comes out of it. */
	found = serve_kv_find(r, at, (uint32_t)((known - 1) / r->options->block_tokens), &idle);
	if (serve_kv_needs(r, known) - found + idle > prefix_available(r->cache)) {
		r->stuck = true;
		return 0;
	}
	serve_kv_hold(r, at, found);
	u->context = found * r->options->block_tokens;
	tokens = at_most(missing(u), budget);
	err = serve_kv_grow(r, at, (uint64_t)u->context + tokens);
	if (err)
		return -ENOMEM;
	let_in(r, at, now_ns);
	return plan_piece(r, at, tokens, p) ?: 1;
}

static int admit_waiting(struct serve_rank *r, uint64_t now_ns, struct serve_planned *p)
{
	int ret = 1;

	while (ret > 0 && r->n_waiting && !r->stuck && r->piece == SERVE_NONE &&
	       r->n_running < r->options->max_batch) {
		uint32_t used = p->step.decodes + p->step.prefill_tokens;

		if (used >= r->options->max_step_tokens)
			break;
		ret = admit(r, now_ns, r->options->max_step_tokens - used, p);
	}
	return ret < 0 ? ret : 0;
}

/* ---- what comes out of it ---- */

/* Its blocks are free when the step is done; until then nobody can take them from it. */
static void end(struct serve_rank *r, uint32_t at, struct serve_planned *p)
{
	serve_list_remove(&r->units->links, SERVE_QUEUE, &r->running, at);
	p->ended[p->n_ended++] = at;
	r->stats->visits++;
}

/* A prompt whose last piece is in the step. */
static void book_prompt(struct serve_rank *r, uint32_t at, struct serve_planned *p)
{
	struct serve_unit *u = &r->units->unit[at];

	if (!u->produced++)
		p->first[p->n_first++] = at;
	if (u->produced == u->spec->output_tokens)
		end(r, at, p);
	else
		join(r, at);
}

/* All that decode are a token further. */
static void book_decodes(struct serve_rank *r, struct serve_planned *p)
{
	struct serve_list *ends;

	p->step.sampled += r->decodes;
	r->stats->decoded += r->decodes;
	r->context += r->decodes;
	r->steps++;
	ends = &r->ends[r->steps % r->n_ends];
	while (ends->first != SERVE_NONE) {
		uint32_t at = ends->first;

		leave(r, at);
		end(r, at, p);
	}
}

/* Those at the end of the list of running ones whose prompts the step completes. */
static void book_prompts(struct serve_rank *r, struct serve_planned *p)
{
	uint32_t at = r->running.last, n = 0, from = at;

	for (; at != SERVE_NONE && !r->units->unit[at].decodes; n++) {
		from = at;
		at = r->units->links.of[at][SERVE_QUEUE].before;
	}
	for (at = from; n; n--) {
		uint32_t after = serve_list_after(&r->units->links, SERVE_QUEUE, at);

		if (at != r->piece)
			book_prompt(r, at, p);
		at = after;
	}
}

int serve_rank_plan(struct serve_rank *r, uint64_t now_ns, struct serve_planned *p)
{
	uint64_t put_off_before = r->stats->preemptions;
	int err;

	p->step = (struct serve_step) { 0 };
	p->n_first = 0;
	p->n_ended = 0;
	err = plan_decodes(r, p);
	if (!err)
		err = plan_rest(r, p);
	if (!err && r->stats->preemptions == put_off_before)
		err = admit_waiting(r, now_ns, p);
	if (err)
		return err;
	book_decodes(r, p);
	book_prompts(r, p);
	return 0;
}

void serve_rank_done(struct serve_rank *r, uint64_t now_ns, struct serve_planned *p)
{
	uint32_t i;

	for (i = 0; i < p->n_first; i++)
		r->units->unit[p->first[i]].out->first_token_ns = now_ns;
	for (i = 0; i < p->n_ended; i++) {
		uint32_t at = p->ended[i];

		r->units->unit[at].out->finish_ns = now_ns;
		serve_kv_publish(r, at, r->units->unit[at].context);
		serve_kv_free(r, at);
		r->n_running--;
		r->stuck = false;
	}
}
