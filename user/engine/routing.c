// SPDX-License-Identifier: LGPL-2.1-or-later
/* Routing: which experts tokens need, recorded or drawn. */
#include "engine/routing.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/random.h"
#include "engine/routing_file.h"

#define SHARE_TOKENS	32768	/* tokens over which the experts' shares are measured */
#define REDRAWS		16	/* before the remaining experts are weighed one by one */

/**
 * struct routing - choices
 * @model: the model
 * @recorded: choices of a file; none when drawn
 * @next: by layer, the recorded token that comes next
 * @random: of draws
 * @cumulative: by popularity rank, sum of the weights up to it
 * @share: by popularity rank, share of tokens that take the expert
 * @expert_of: by layer and popularity rank
 * @taken: by expert, scratch
 */
struct routing {
	struct model_config model;
	struct routing_record recorded;
	size_t *next;
	struct random random;
	double *cumulative;
	double *share;
	uint32_t *expert_of;
	bool *taken;
};

static bool is_recorded(const struct routing *r)
{
	return r->recorded.layers;
}

/* ---- drawn ---- */

static void make_weights(struct routing *r, double zipf)
{
	double sum = 0;

	for (uint32_t i = 0; i < r->model.experts; i++) {
		sum += pow(i + 1, -zipf);
		r->cumulative[i] = sum;
	}
}

static double weight(const struct routing *r, uint32_t rank)
{
	return r->cumulative[rank] - (rank ? r->cumulative[rank - 1] : 0);
}

/* Fisher and Yates' shuffle. */
static void shuffle(struct random *random, uint32_t *values, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		values[i] = i;
	for (uint32_t i = n; i > 1; i--) {
		uint32_t at = random_below(random, i);
		uint32_t value = values[at];

		values[at] = values[i - 1];
		values[i - 1] = value;
	}
}

static void make_permutations(struct routing *r, uint64_t seed)
{
	for (uint32_t layer = 0; layer < r->model.layers; layer++) {
		struct random random;

		random_seed(&random, seed ^ (layer + 1) * 0x9e3779b97f4a7c15ULL);
		shuffle(&random, &r->expert_of[(size_t)layer * r->model.experts],
			r->model.experts);
	}
}

/* The first rank whose cumulative weight exceeds @at. */
static uint32_t rank_at(const struct routing *r, double at)
{
	uint32_t low = 0, high = r->model.experts - 1;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (r->cumulative[middle] > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* One of the ranks not taken, by weight: what redrawing would lead to, in bounded time. */
static uint32_t weigh_rest(struct routing *r)
{
	uint32_t last = 0;
	double rest = 0;
	double at;

	for (uint32_t i = 0; i < r->model.experts; i++)
		if (!r->taken[i])
			rest += weight(r, i);
	at = random_unit(&r->random) * rest;
	for (uint32_t i = 0; i < r->model.experts; i++) {
		if (r->taken[i])
			continue;
		last = i;
		at -= weight(r, i);
		if (at < 0)
			break;
	}
	return last;
}

/* The ranks of top_k different experts, one after the other, each by weight among the rest. */
static void draw_ranks(struct routing *r, uint32_t *ranks)
{
	double all = r->cumulative[r->model.experts - 1];

	for (uint32_t k = 0; k < r->model.top_k; k++) {
		uint32_t rank = rank_at(r, random_unit(&r->random) * all);

		for (int i = 0; i < REDRAWS && r->taken[rank]; i++)
			rank = rank_at(r, random_unit(&r->random) * all);
		if (r->taken[rank])
			rank = weigh_rest(r);
		r->taken[rank] = true;
		ranks[k] = rank;
	}
	for (uint32_t k = 0; k < r->model.top_k; k++)
		r->taken[ranks[k]] = false;
}

/* Measure the share of tokens that take each rank. */
static void make_shares(struct routing *r, uint32_t *ranks)
{
	for (uint32_t token = 0; token < SHARE_TOKENS; token++) {
		draw_ranks(r, ranks);
		for (uint32_t k = 0; k < r->model.top_k; k++)
			r->share[ranks[k]] += 1.0 / SHARE_TOKENS;
	}
}

static int prepare_draws(struct routing *r, const struct routing_options *o)
{
	uint32_t experts = r->model.experts;
	uint32_t *ranks = calloc(r->model.top_k, sizeof(*ranks));

	r->cumulative = calloc(experts, sizeof(*r->cumulative));
	r->share = calloc(experts, sizeof(*r->share));
	r->expert_of = calloc((size_t)r->model.layers * experts, sizeof(*r->expert_of));
	if (!ranks || !r->cumulative || !r->share || !r->expert_of) {
		free(ranks);
		return -ENOMEM;
	}
	make_weights(r, o->zipf);
	make_permutations(r, o->seed);
	random_seed(&r->random, o->seed);
	make_shares(r, ranks);
	free(ranks);
	return 0;
}

/* ---- both ---- */

static int check(const struct model_config *m, const struct routing_options *o,
		 struct engine_error *e)
{
	if (!m->experts) {
		engine_error_set(e, "%s has no experts to route to; leave the routing out",
				 m->name);
		return -EINVAL;
	}
	if (!(o->zipf >= 0 && o->zipf <= ROUTING_ZIPF_MAX)) {
		engine_error_set(e, "a Zipf exponent of %g is not from 0 to %g", o->zipf,
				 ROUTING_ZIPF_MAX);
		return -EINVAL;
	}
	return 0;
}

static int prepare(struct routing *r, const struct routing_options *o, struct engine_error *e)
{
	int err;

	r->taken = calloc(r->model.experts, sizeof(*r->taken));
	r->next = calloc(r->model.layers, sizeof(*r->next));
	if (!r->taken || !r->next) {
		engine_error_set(e, "no memory for the routing of %s", r->model.name);
		return -ENOMEM;
	}
	if (o->file)
		return routing_file_read(o->file, o->strict, &r->model, &r->recorded, e);
	err = prepare_draws(r, o);
	if (err)
		engine_error_set(e, "no memory for the routing of %s", r->model.name);
	return err;
}

int routing_create(const struct model_config *m, const struct routing_options *options,
		   struct routing **out, struct engine_error *e)
{
	struct routing *r;
	int err;

	*out = NULL;
	err = check(m, options, e);
	if (err)
		return err;
	r = calloc(1, sizeof(*r));
	if (!r) {
		engine_error_set(e, "no memory for the routing of %s", m->name);
		return -ENOMEM;
	}
	r->model = *m;
	err = prepare(r, options, e);
	if (err) {
		routing_free(r);
		return err;
	}
	*out = r;
	return 0;
}

void routing_free(struct routing *r)
{
	if (!r)
		return;
	routing_record_free(&r->recorded);
	free(r->next);
	free(r->cumulative);
	free(r->share);
	free(r->expert_of);
	free(r->taken);
	free(r);
}

uint64_t routing_bad_lines(const struct routing *r)
{
	return r->recorded.bad_lines;
}

/* The recorded choice of the next token in a layer. */
static const uint16_t *next_recorded(struct routing *r, uint32_t layer)
{
	const struct routing_layer *l = &r->recorded.layers[layer];
	const uint16_t *experts = &l->experts[r->next[layer] * r->model.top_k];

	r->next[layer] = (r->next[layer] + 1) % l->tokens;
	return experts;
}

void routing_token(struct routing *r, uint32_t layer, uint32_t *experts)
{
	const uint32_t *expert_of;
	const uint16_t *recorded;

	if (is_recorded(r)) {
		recorded = next_recorded(r, layer);
		for (uint32_t k = 0; k < r->model.top_k; k++)
			experts[k] = recorded[k];
		return;
	}
	expert_of = &r->expert_of[(size_t)layer * r->model.experts];
	draw_ranks(r, experts);
	for (uint32_t k = 0; k < r->model.top_k; k++)
		experts[k] = expert_of[experts[k]];
}

/* Experts that are marked, in order; the marks are taken back. */
static uint32_t collect(bool *marked, uint32_t n, uint32_t *experts)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (marked[i])
			experts[count++] = i;
		marked[i] = false;
	}
	return count;
}

static uint32_t step_one_by_one(struct routing *r, uint32_t layer, uint32_t tokens,
				uint32_t *experts, bool *marked)
{
	for (uint32_t token = 0; token < tokens; token++) {
		routing_token(r, layer, experts);
		for (uint32_t k = 0; k < r->model.top_k; k++)
			marked[experts[k]] = true;
	}
	return collect(marked, r->model.experts, experts);
}

/* After a whole round of the record nothing new comes. */
static uint32_t step_recorded(struct routing *r, uint32_t layer, uint32_t tokens,
			      uint32_t *experts)
{
	size_t round = r->recorded.layers[layer].tokens;
	size_t skipped = tokens > round ? tokens - round : 0;
	uint32_t count = step_one_by_one(r, layer, tokens - (uint32_t)skipped, experts, r->taken);

	r->next[layer] = (r->next[layer] + skipped) % round;
	return count;
}

static uint32_t step_at_once(struct routing *r, uint32_t layer, uint32_t tokens, uint32_t *experts)
{
	const uint32_t *expert_of = &r->expert_of[(size_t)layer * r->model.experts];

	for (uint32_t rank = 0; rank < r->model.experts; rank++) {
		double none = pow(1 - fmin(r->share[rank], 1), tokens);

		if (random_unit(&r->random) >= none)
			r->taken[expert_of[rank]] = true;
	}
	return collect(r->taken, r->model.experts, experts);
}

uint32_t routing_step(struct routing *r, uint32_t layer, uint32_t tokens, uint32_t *experts)
{
	bool marked[MODEL_EXPERTS_MAX] = {};

	if (is_recorded(r))
		return step_recorded(r, layer, tokens, experts);
	if (tokens > ROUTING_EXACT)
		return step_at_once(r, layer, tokens, experts);
	/* Draws use the scratch marks, so the step's own are apart. */
	return step_one_by_one(r, layer, tokens, experts, marked);
}
