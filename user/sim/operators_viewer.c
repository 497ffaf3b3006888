// SPDX-License-Identifier: LGPL-2.1-or-later
/* Operators as LLM-Viewer counts them: what it does differently is kept here. */
#include "sim/operators_count.h"

/* Numbers of a head; the tool derives them from the hidden size. */
static uint64_t head_dim(const struct counting *c)
{
	return c->model->hidden / c->model->heads;
}

static void count_projections(struct counting *c)
{
	const struct model_config *m = c->model;
	uint64_t h = m->hidden, kv = m->kv_heads * head_dim(c);

	count_product(c, "q_proj", c->layers, h, h, 0, OPERATOR_ACT_WRITE);
	count_product(c, "k_proj", c->layers, h, kv, 0, OPERATOR_KV_WRITE);
	count_product(c, "v_proj", c->layers, h, kv, 0, OPERATOR_KV_WRITE);
	count_product(c, "out_proj", c->layers, h, h, 0, OPERATOR_ACT_WRITE);
	count_product(c, "gate_proj", c->layers, h, m->ffn, 0, OPERATOR_ACT_WRITE);
	count_product(c, "up_proj", c->layers, h, m->ffn, 0, OPERATOR_ACT_WRITE);
	count_product(c, "down_proj", c->layers, m->ffn, h, 0, OPERATOR_ACT_WRITE);
}

/* Queries times keys and scores times values: each score is a number in memory. */
static void count_matmuls(struct counting *c)
{
	const struct model_config *m = c->model;
	uint64_t queries = c->shape.stage == STEP_DECODE ? m->heads : m->kv_heads;
	__uint128_t scores = c->tokens * c->shape.context * m->heads;
	__uint128_t kv = (__uint128_t)c->shape.batch * c->shape.context * m->kv_heads *
			 head_dim(c);
	struct count qk = {
		.name = "qk_matmul",
		.times = c->layers,
		.ops = 2 * scores * head_dim(c),
		.numbers = {
			[OPERATOR_ACT_READ] = c->tokens * queries * head_dim(c),
			[OPERATOR_ACT_WRITE] = scores,
			[OPERATOR_KV_READ] = kv,
		},
	};
	struct count sv = {
		.name = "sv_matmul",
		.times = c->layers,
		.ops = qk.ops,
		.numbers = {
			[OPERATOR_ACT_READ] = scores,
			[OPERATOR_ACT_WRITE] = c->tokens * m->heads * head_dim(c),
			[OPERATOR_KV_READ] = kv,
		},
	};

	count_add(c, &qk);
	count_add(c, &sv);
	count_each(c, "softmax", c->layers, scores, SOFTMAX_OPS, 1, 0);
}

/* One operation a weight, activations of one sequence. */
static void count_lm_head(struct counting *c)
{
	const struct model_config *m = c->model;
	__uint128_t weights = (__uint128_t)m->hidden * m->vocab;
	struct count count = {
		.name = "lm_head",
		.times = 1,
		.ops = c->shape.batch * weights,
		.numbers = {
			[OPERATOR_WEIGHTS] = weights,
			[OPERATOR_ACT_READ] = m->hidden,
			[OPERATOR_ACT_WRITE] = m->vocab,
		},
	};

	count_add(c, &count);
}

void count_viewer(struct counting *c)
{
	__uint128_t numbers = c->tokens * c->model->hidden;

	count_projections(c);
	count_matmuls(c);
	count_each(c, "attn_norm", c->layers, numbers, NORM_OPS, 1, 0);
	count_each(c, "mlp_norm", c->layers, numbers, NORM_OPS, 1, 0);
	count_each(c, "attn_add", c->layers, numbers, SUM_OPS, 1, 0);
	count_each(c, "mlp_add", c->layers, numbers, SUM_OPS, 1, 0);
	/* Two inputs, and numbers of the hidden size, not of the FFN's. */
	count_each(c, "mlp_act", c->layers, numbers, ACTIVATION_OPS, 2, 0);
	count_lm_head(c);
}
