// SPDX-License-Identifier: LGPL-2.1-or-later
/* Operators of attention, grouped queries and latent (MLA). */
#include "sim/operators_count.h"

/* Keys or values of all tokens attended to, @width numbers each. */
static __uint128_t cached(const struct counting *c, uint64_t width)
{
	return (__uint128_t)c->shape.batch * c->shape.context * width;
}

/*
 * Scores, softmax and the weighted sum in one. @key, @value: numbers of a head that go into a
 * score, and into the sum.
 */
static void count_core(struct counting *c, uint64_t key, uint64_t value, __uint128_t expanded,
		       __uint128_t kv)
{
	const struct model_config *m = c->model;
	struct count count = {
		.name = "attention",
		.times = c->layers,
		.ops = c->scores * m->heads * (2 * (key + value) + SOFTMAX_OPS),
		.numbers = {
			[OPERATOR_ACT_READ] = c->tokens * m->heads * key + expanded,
			[OPERATOR_ACT_WRITE] = c->tokens * m->heads * value,
			[OPERATOR_KV_READ] = kv,
		},
	};

	count_add(c, &count);
}

static void count_gqa(struct counting *c)
{
	const struct model_config *m = c->model;
	uint64_t q = (uint64_t)m->heads * m->head_dim, kv = (uint64_t)m->kv_heads * m->head_dim;
	uint64_t q_bias = m->qkv_bias ? q : 0, kv_bias = m->qkv_bias ? kv : 0;

	count_product(c, "q_proj", c->layers, m->hidden, q, q_bias, OPERATOR_ACT_WRITE);
	count_product(c, "k_proj", c->layers, m->hidden, kv, kv_bias, OPERATOR_KV_WRITE);
	count_product(c, "v_proj", c->layers, m->hidden, kv, kv_bias, OPERATOR_KV_WRITE);
	if (m->qk_norm)
		count_each(c, "qk_norm", c->layers, c->tokens * (q + kv), NORM_OPS, 1,
			   2ULL * m->head_dim);
	count_core(c, m->head_dim, m->head_dim, 0, cached(c, 2 * kv));
	count_product(c, "out_proj", c->layers, q, m->hidden, 0, OPERATOR_ACT_WRITE);
}

static void count_mla_queries(struct counting *c)
{
	const struct model_config *m = c->model;
	uint64_t q = (uint64_t)m->heads * (m->qk_nope_dim + m->qk_rope_dim);

	if (!m->q_lora_rank) {
		count_product(c, "q_proj", c->layers, m->hidden, q, 0, OPERATOR_ACT_WRITE);
		return;
	}
	count_product(c, "q_a_proj", c->layers, m->hidden, m->q_lora_rank, 0, OPERATOR_ACT_WRITE);
	count_each(c, "q_norm", c->layers, c->tokens * m->q_lora_rank, NORM_OPS, 1,
		   m->q_lora_rank);
	count_product(c, "q_b_proj", c->layers, m->q_lora_rank, q, 0, OPERATOR_ACT_WRITE);
}

/* The matrix from the latent to keys and values: numbers @read and written, for @tokens. */
static void count_kv_b(struct counting *c, __uint128_t tokens, __uint128_t act_read,
		       __uint128_t act_write, __uint128_t kv_read)
{
	const struct model_config *m = c->model;
	__uint128_t weights = (__uint128_t)m->kv_lora_rank * m->heads *
			      (m->qk_nope_dim + m->v_dim);
	struct count count = {
		.name = "kv_b_proj",
		.times = c->layers,
		.ops = 2 * tokens * weights,
		.numbers = {
			[OPERATOR_WEIGHTS] = weights,
			[OPERATOR_ACT_READ] = act_read,
			[OPERATOR_ACT_WRITE] = act_write,
			[OPERATOR_KV_READ] = kv_read,
		},
	};

	count_add(c, &count);
}

/* Queries go into the space of the latent, what comes of attention goes out of it. */
static void count_mla_absorbed(struct counting *c)
{
	const struct model_config *m = c->model;
	uint64_t latent = m->kv_lora_rank, key = latent + m->qk_rope_dim;
	__uint128_t heads = c->tokens * m->heads;

	count_kv_b(c, c->tokens, heads * (m->qk_nope_dim + latent), heads * (latent + m->v_dim),
		   0);
	count_core(c, key, latent, 0, cached(c, key));
}

/* Keys and values of all heads are made from the latent, that of earlier chunks again. */
static void count_mla_plain(struct counting *c)
{
	const struct model_config *m = c->model;
	__uint128_t expanded = cached(c, (uint64_t)m->heads * (m->qk_nope_dim + m->v_dim));

	count_kv_b(c, cached(c, 1), 0, expanded, cached(c, m->kv_lora_rank));
	count_core(c, m->qk_nope_dim + m->qk_rope_dim, m->v_dim, expanded,
		   cached(c, m->qk_rope_dim));
}

static void count_mla(struct counting *c)
{
	const struct model_config *m = c->model;

	count_mla_queries(c);
	count_product(c, "kv_a_proj", c->layers, m->hidden, m->kv_lora_rank + m->qk_rope_dim, 0,
		      OPERATOR_KV_WRITE);
	count_each(c, "kv_norm", c->layers, c->tokens * m->kv_lora_rank, NORM_OPS, 1,
		   m->kv_lora_rank);
	if (c->shape.stage == STEP_DECODE)
		count_mla_absorbed(c);
	else
		count_mla_plain(c);
	count_product(c, "out_proj", c->layers, (uint64_t)m->heads * m->v_dim, m->hidden, 0,
		      OPERATOR_ACT_WRITE);
}

void count_attention(struct counting *c)
{
	if (c->model->attention == MODEL_MLA)
		count_mla(c);
	else
		count_gqa(c);
}
