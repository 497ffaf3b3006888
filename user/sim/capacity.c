// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a set of devices holds. */
#include "sim/capacity.h"

#include <inttypes.h>
#include <stdio.h>

uint32_t capacity_first_layer(const struct model_config *m, const struct capacity_shard *s,
			      uint32_t stage)
{
	return (uint64_t)m->layers * stage / s->pp;
}

static uint64_t part_of(uint64_t bytes, uint64_t devices)
{
	return (bytes + devices - 1) / devices;
}

/* All of a layer that every token passes through. */
static uint64_t common_bytes(const struct model_config *m, uint32_t layer)
{
	uint64_t sum = 0;

	for (int part = MODEL_ATTENTION; part < MODEL_EXPERT; part++)
		sum += model_part_bytes(m, part, layer);
	return sum;
}

/* The last stage has the lm_head, which may be the first one's embedding. */
static void add_ends(const struct model_config *m, const struct capacity_shard *s, uint32_t stage,
		     struct capacity_weights *w)
{
	uint64_t embedding = model_part_bytes(m, MODEL_EMBEDDING, 0);

	if (stage == s->pp - 1)
		w->common += model_part_bytes(m, MODEL_NORM, m->layers) +
			     (m->tied ? embedding : model_part_bytes(m, MODEL_LM_HEAD, 0));
	if (!stage && !(m->tied && s->pp == 1))
		w->embedding = embedding;
}

struct capacity_weights capacity_weights(const struct model_config *m,
					 const struct capacity_shard *s, uint32_t stage)
{
	uint32_t layer, end = capacity_first_layer(m, s, stage + 1);
	struct capacity_weights w = { 0 };

	for (layer = capacity_first_layer(m, s, stage); layer < end; layer++) {
		w.common += common_bytes(m, layer);
		w.experts += m->experts * model_part_bytes(m, MODEL_EXPERT, layer);
	}
	add_ends(m, s, stage, &w);
	w.embedding = part_of(w.embedding, s->tp);
	w.common = part_of(w.common, s->tp);
	w.experts = part_of(w.experts, (uint64_t)s->tp * s->dp);
	return w;
}

uint64_t capacity_kv_bytes(const struct model_config *m, const struct capacity_shard *s,
			   uint32_t stage, uint64_t tokens)
{
	uint32_t ways = m->attention == MODEL_MLA ? 1 : m->kv_heads;
	uint32_t layer, end = capacity_first_layer(m, s, stage + 1);
	uint64_t sum = 0;

	for (layer = capacity_first_layer(m, s, stage); layer < end; layer++)
		sum += model_kv_layer_bytes(m, layer, tokens);
	return part_of(sum, s->tp < ways ? s->tp : ways);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Numbers of one token between two products of a layer, all devices of a group together. */
static uint64_t widest(const struct model_config *m)
{
	uint64_t heads = m->attention == MODEL_MLA ?
		(uint64_t)m->heads * (m->qk_nope_dim + m->qk_rope_dim + m->v_dim) :
		(uint64_t)m->head_dim * (m->heads + 2 * m->kv_heads);
	uint64_t routed = (uint64_t)m->top_k * m->expert_ffn + m->shared_ffn;
	/* Gate and up at a time. */
	uint64_t ffn = 2 * larger(m->ffn, m->experts ? routed : 0);

	return larger(larger(heads, ffn), m->vocab);
}

uint64_t capacity_activation_bytes(const struct model_config *m, const struct capacity_shard *s)
{
	return (m->hidden + part_of(widest(m), s->tp)) * m->weight_dtype;
}

/* The same of one stage alone. */
static struct capacity_fit fit_stage(const struct model_config *m, const struct capacity_shard *s,
				     const struct capacity_need *need, uint32_t stage)
{
	struct capacity_weights w = capacity_weights(m, s, stage);
	struct capacity_fit fit = {
		.stage = stage,
		.weight_bytes = w.embedding + w.common + w.experts,
		.sequence_bytes = capacity_kv_bytes(m, s, stage, need->tokens),
	};
	uint64_t wanted;

	if (need->activations)
		fit.sequence_bytes += part_of(capacity_activation_bytes(m, s), s->pp);
	wanted = fit.weight_bytes + fit.sequence_bytes;
	if (wanted > need->device_bytes)
		fit.short_bytes = wanted - need->device_bytes;
	if (fit.weight_bytes < need->device_bytes && fit.sequence_bytes)
		fit.group_batch = (double)(need->device_bytes - fit.weight_bytes) /
				  fit.sequence_bytes;
	return fit;
}

struct capacity_fit capacity_fit(const struct model_config *m, const struct capacity_shard *s,
				 const struct capacity_need *need)
{
	struct capacity_fit fit = fit_stage(m, s, need, 0);
	uint32_t stage;

	for (stage = 1; stage < s->pp; stage++) {
		struct capacity_fit other = fit_stage(m, s, need, stage);

		if (other.group_batch < fit.group_batch || other.short_bytes > fit.short_bytes)
			fit = other;
	}
	return fit;
}

static bool is_better(const struct capacity_fit *a, uint32_t a_groups,
		      const struct capacity_fit *b, uint32_t b_groups)
{
	if (a->short_bytes || b->short_bytes)
		return a->short_bytes < b->short_bytes;
	return a->group_batch * a_groups > b->group_batch * b_groups;
}

struct capacity_fit capacity_best(const struct model_config *m, uint32_t devices,
				  const struct capacity_need *need, struct capacity_shard *best)
{
	struct capacity_fit found, fit;
	uint32_t pp, dp;

	*best = (struct capacity_shard) { .tp = devices, .pp = 1, .dp = 1 };
	found = capacity_fit(m, best, need);
	for (pp = 1; pp <= devices && pp <= m->layers; pp++) {
		for (dp = 1; !(devices % pp) && dp <= devices / pp; dp++) {
			struct capacity_shard s = { devices / pp / dp, pp, dp };

			if (devices / pp % dp)
				continue;
			fit = capacity_fit(m, &s, need);
			if (!is_better(&fit, dp, &found, best->dp))
				continue;
			found = fit;
			*best = s;
		}
	}
	return found;
}

void capacity_explain(const struct capacity_fit *fit, const struct capacity_shard *s,
		      const struct capacity_need *need, char *text, size_t size)
{
	int n = snprintf(text, size, "TP %u x PP %u x DP %u: %" PRIu64 " B ", s->tp, s->pp, s->dp,
			 need->device_bytes);

	if (n < 0 || (size_t)n >= size)
		return;
	if (fit->short_bytes)
		snprintf(text + n, size - n, "lack %" PRIu64 " B for weights of %" PRIu64
			 " B and a sequence of %" PRIu64 " B", fit->short_bytes, fit->weight_bytes,
			 fit->sequence_bytes);
	else
		snprintf(text + n, size - n, "hold weights of %" PRIu64
			 " B and %.2f sequences of %" PRIu64 " B", fit->weight_bytes,
			 fit->group_batch, fit->sequence_bytes);
}
