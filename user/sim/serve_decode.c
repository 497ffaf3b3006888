// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Requests that decode.
 *
 * Autoregressively all of them move by a token in each step: who needs a block and who ends is
 * known when they join. Otherwise they move when a block of theirs is denoised, or in each step by
 * what was accepted; what they compute until then is the same for all.
 */
#include <errno.h>
#include <stdlib.h>

#include "engine/random.h"
#include "sim/serve_rank.h"

#define CERTAIN		(1ULL << 63)
#define PERMILLE	1000

static bool is_uniform(const struct serve_rank *r)
{
	return r->options->decoding.kind == SERVE_AUTOREGRESSIVE;
}

static bool is_diffusion(const struct serve_rank *r)
{
	return r->options->decoding.kind == SERVE_DIFFUSION;
}

/* ---- begin ---- */

static struct serve_list *new_lists(uint32_t n)
{
	struct serve_list *lists = malloc(n * sizeof(*lists));
	uint32_t i;

	for (i = 0; lists && i < n; i++)
		lists[i] = SERVE_LIST_EMPTY;
	return lists;
}

int serve_decode_init(struct serve_rank *r)
{
	const struct serve_decoding *d = &r->options->decoding;
	uint32_t i;

	r->width = serve_decoding_width(d);
	r->n_phases = is_uniform(r) ? r->options->block_tokens : 1;
	if (is_diffusion(r))
		r->n_phases = d->passes;
	r->n_ends = is_uniform(r) ? r->units->answer_max + 1 : 1;
	r->accept[0] = CERTAIN;
	for (i = 1; i <= SERVE_DRAFTS_MAX; i++)
		r->accept[i] = (uint64_t)((__uint128_t)r->accept[i - 1] *
					  d->acceptance_permille / PERMILLE);
	r->phases = new_lists(r->n_phases);
	r->ends = new_lists(r->n_ends);
	return r->phases && r->ends ? 0 : -ENOMEM;
}

uint32_t serve_decode_masks(const struct serve_rank *r)
{
	return is_diffusion(r) ? r->width - 1 : 0;
}

/* ---- who takes part ---- */

static uint32_t context_of(const struct serve_rank *r, const struct serve_unit *u)
{
	return u->context + (is_uniform(r) ? (uint32_t)(r->steps - u->joined) : 0);
}

/* The list of those that need a block when @u does. */
static uint32_t phase_of(const struct serve_rank *r, const struct serve_unit *u, uint32_t passes)
{
	uint32_t n = r->n_phases, before = is_uniform(r) ? u->context % n : passes;

	return (uint32_t)(r->steps % n + n - before) % n;
}

/* The list of those that end when @u does, which has been there for @produced of its tokens. */
static struct serve_list *end_of(const struct serve_rank *r, const struct serve_unit *u)
{
	return &r->ends[(u->joined + u->spec->output_tokens - u->produced) % r->n_ends];
}

void serve_decode_join(struct serve_rank *r, uint32_t at, uint32_t passes)
{
	struct serve_unit *u = &r->units->unit[at];

	u->joined = r->steps;
	u->decodes = true;
	u->phase = phase_of(r, u, passes);
	serve_list_append(&r->units->links, SERVE_PHASE, &r->phases[u->phase], at);
	if (is_uniform(r))
		serve_list_append(&r->units->links, SERVE_END, end_of(r, u), at);
	r->decodes++;
	r->context += u->context;
}

void serve_decode_leave(struct serve_rank *r, uint32_t at)
{
	struct serve_unit *u = &r->units->unit[at];
	uint32_t context = context_of(r, u);

	serve_list_remove(&r->units->links, SERVE_PHASE, &r->phases[u->phase], at);
	if (is_uniform(r)) {
		serve_list_remove(&r->units->links, SERVE_END, end_of(r, u), at);
		u->produced += (uint32_t)(r->steps - u->joined);
	}
	r->decodes--;
	r->context -= context;
	u->context = context;
	u->decodes = false;
}

int serve_decode_bring(struct serve_rank *r, uint32_t at, struct serve_planned *p)
{
	struct serve_unit *u = &r->units->unit[at];
	uint32_t first = is_diffusion(r) ? 0 : 1, context = u->spec->input_tokens + first - 1;
	int err = serve_kv_grow(r, at, (uint64_t)context + r->width);

	if (err)
		return err;
	u->context = context;
	u->produced = first;
	p->step.brought += u->spec->input_tokens;
	serve_decode_join(r, at, 0);
	return 0;
}

/* ---- what a step does ---- */

/*
 * Others of the list may give way while it is gone through, but not the one it is at, whose
 * neighbours are looked up afterwards. When that gives way itself, others may stand behind it that
 * were let in before: one that computed its prompt joins after one that brought it. So it begins
 * again, and those that have their blocks take none.
 */
int serve_decode_plan(struct serve_rank *r)
{
	const struct serve_list *list = &r->phases[r->steps % r->n_phases];
	uint32_t at = list->first;
	int ret = 0;

	while (at != SERVE_NONE && ret >= 0) {
		uint32_t context = context_of(r, &r->units->unit[at]);

		ret = serve_kv_publish(r, at, context);
		if (!ret)
			ret = serve_rank_grow(r, at, (uint64_t)context + r->width);
		at = ret ? list->first : serve_list_after(&r->units->links, SERVE_PHASE, at);
	}
	return ret < 0 ? ret : 0;
}

/* Drafts are tokens behind each other; those denoised together attend to all of them. */
static void sum_up(const struct serve_rank *r, struct serve_step *s)
{
	uint64_t width = r->width, read = r->context + width * r->decodes;

	s->decodes = r->decodes;
	s->beside = (r->width - 1) * r->decodes;
	s->sampled += r->width * r->decodes;
	s->decode_context = width * read;
	if (!is_diffusion(r))
		s->decode_context -= width * (width - 1) / 2 * r->decodes;
	s->reread = s->decode_context - read;
	r->stats->decoded += width * r->decodes;
	r->stats->turns += r->decodes;
}

/* A token for each; those that are done are known. */
static void book_uniform(struct serve_rank *r, struct serve_planned *p)
{
	struct serve_list *ends = &r->ends[r->steps % r->n_ends];

	r->context += r->decodes;
	r->stats->answered += r->decodes;
	while (ends->first != SERVE_NONE) {
		uint32_t at = ends->first;

		serve_decode_leave(r, at);
		serve_rank_end(r, at, p);
	}
}

/* Tokens that came out. Return: whether the answer goes on. */
static bool take(struct serve_rank *r, uint32_t at, uint32_t tokens, struct serve_planned *p)
{
	struct serve_unit *u = &r->units->unit[at];
	uint32_t left = u->spec->output_tokens - u->produced;
	uint32_t of_use = tokens < left ? tokens : left;

	if (!u->produced)
		p->first[p->n_first++] = at;
	u->produced += of_use;
	u->context += of_use;
	if (u->decodes) {
		r->context += of_use;
		r->stats->answered += of_use;
		r->stats->beyond += tokens - of_use;
	}
	r->stats->visits++;
	return of_use < left;
}

/* Drafts of a request that are accepted behind the tokens it has. */
static uint32_t draw(const struct serve_rank *r, uint32_t at)
{
	const struct serve_decoding *d = &r->options->decoding;
	uint64_t drawn = random_mix(random_mix(d->seed + random_mix((uint64_t)at + 1)) +
				    r->units->unit[at].produced) >> 1;
	uint32_t n = 0;

	while (n < d->drafts && drawn < r->accept[n + 1])
		n++;
	r->stats->drafted += d->drafts;
	r->stats->accepted += n;
	return n;
}

/* Those that have tokens now. Return: how many of them there were. */
static uint32_t book_moved(struct serve_rank *r, struct serve_planned *p)
{
	uint32_t at = r->phases[r->steps % r->n_phases].first, n = 0, after, tokens;

	for (; at != SERVE_NONE; at = after, n++) {
		after = serve_list_after(&r->units->links, SERVE_PHASE, at);
		tokens = is_diffusion(r) ? r->width : draw(r, at) + 1;
		if (take(r, at, tokens, p))
			continue;
		serve_decode_leave(r, at);
		serve_rank_end(r, at, p);
	}
	return n;
}

void serve_decode_book(struct serve_rank *r, struct serve_planned *p)
{
	uint32_t all = r->decodes;

	sum_up(r, &p->step);
	r->steps++;
	if (is_uniform(r))
		book_uniform(r, p);
	else if (is_diffusion(r))
		p->step.unwritten += r->width * (all - book_moved(r, p));
	else
		book_moved(r, p);
}

/* The first pass of a block was in the step: it is done if there is no other. */
static void begin_block(struct serve_rank *r, uint32_t at, struct serve_planned *p)
{
	struct serve_unit *u = &r->units->unit[at];

	u->context = u->spec->input_tokens + u->produced - 1;
	if (r->n_phases > 1) {
		p->step.unwritten += serve_decode_masks(r);
		serve_decode_join(r, at, 1);
	} else if (take(r, at, r->width, p)) {
		serve_decode_join(r, at, 0);
	} else {
		serve_rank_end(r, at, p);
	}
}

void serve_decode_prompt(struct serve_rank *r, uint32_t at, struct serve_planned *p)
{
	struct serve_unit *u = &r->units->unit[at];

	if (is_diffusion(r)) {
		begin_block(r, at, p);
		return;
	}
	if (!u->produced++)
		p->first[p->n_first++] = at;
	if (u->produced == u->spec->output_tokens)
		serve_rank_end(r, at, p);
	else
		serve_decode_join(r, at, 0);
}
