// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A router scores the experts for the hidden state after attention; the best few are read, by an
 * address that was not known before. On a slow tier that is a wait in every layer, so the experts
 * are guessed: attention adds little to the hidden state, and the router chooses for the state
 * before it much as it does after it. What was guessed is fetched while attention computes. A wrong
 * guess costs a read, and a wait for the right expert; the text is the same.
 */
#include "experts.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "forward.h"
#include "refuse.h"

int experts_make(struct experts *e, const struct model *m)
{
	*e = (struct experts){ 0 };
	if (!m->experts)
		return 0;
	e->logit = calloc(m->experts, sizeof(*e->logit));
	e->share = calloc(m->experts_used, sizeof(*e->share));
	e->chosen = calloc(m->experts_used, sizeof(*e->chosen));
	e->guessed = calloc(m->experts_used, sizeof(*e->guessed));
	if (!e->logit || !e->share || !e->chosen || !e->guessed)
		return refuse("there is no memory for the choice of %u of %u experts: free some",
			      m->experts_used, m->experts);
	return 0;
}

void experts_release(struct experts *e)
{
	free(e->logit);
	free(e->share);
	free(e->chosen);
	free(e->guessed);
	*e = (struct experts){ 0 };
}

static bool contains(const uint32_t *list, uint32_t n, uint32_t value)
{
	uint32_t i;

	for (i = 0; i < n && list[i] != value; i++)
		;
	return i < n;
}

/* The best ones, best first, the first of equal ones. */
static void choose(const float *logit, uint32_t n, uint32_t used, uint32_t *chosen)
{
	uint32_t rank, i, best;

	for (rank = 0; rank < used; rank++) {
		best = n;
		for (i = 0; i < n; i++)
			if ((best == n || logit[i] > logit[best]) && !contains(chosen, rank, i))
				best = i;
		chosen[rank] = best;
	}
}

/* Softmax over all experts, of which the chosen are made to add up to 1: the others cancel out. */
static void weigh(const float *logit, const uint32_t *chosen, uint32_t used, float *share)
{
	float sum = 0;
	uint32_t i;

	for (i = 0; i < used; i++) {
		share[i] = expf(logit[chosen[i]] - logit[chosen[0]]);
		sum += share[i];
	}
	for (i = 0; i < used; i++)
		share[i] /= sum;
}

static void fetch(struct forward *f, const struct tensor *t, uint32_t expert)
{
	memory_prefetch(f->weights, tensor_slice_offset(t, expert), tensor_slice_bytes(t));
}

void experts_guess(struct forward *f, uint32_t layer)
{
	const struct layer *l = &f->model->layer[layer];
	struct experts *e = &f->experts;
	uint32_t i;

	forward_norm(f, &l->ffn_norm, f->x, f->norm);
	forward_multiply(f, &l->router, 0, f->norm, e->logit);
	choose(e->logit, f->model->experts, f->model->experts_used, e->guessed);
	for (i = 0; i < f->model->experts_used; i++) {
		fetch(f, &l->gate, e->guessed[i]);
		fetch(f, &l->up, e->guessed[i]);
		fetch(f, &l->down, e->guessed[i]);
	}
}

static void count_hits(struct experts *e, uint32_t used)
{
	uint32_t i;

	for (i = 0; i < used; i++)
		e->hits += contains(e->guessed, used, e->chosen[i]);
	e->asked += used;
}

void experts_network(struct forward *f, uint32_t layer)
{
	const struct layer *l = &f->model->layer[layer];
	uint32_t used = f->model->experts_used, rank, i;
	struct experts *e = &f->experts;

	forward_multiply(f, &l->router, 0, f->norm, e->logit);
	choose(e->logit, f->model->experts, used, e->chosen);
	weigh(e->logit, e->chosen, used, e->share);
	count_hits(e, used);
	memset(f->sum, 0, f->model->embd * sizeof(float));
	for (rank = 0; rank < used; rank++) {
		forward_network(f, l, e->chosen[rank], f->out);
		for (i = 0; i < f->model->embd; i++)
			f->sum[i] += e->share[rank] * f->out[i];
	}
}
