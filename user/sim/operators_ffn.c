// SPDX-License-Identifier: LGPL-2.1-or-later
/* Operators of the feed-forward part: dense, and with experts. */
#include <math.h>

#include "sim/operators_count.h"

/* What a gated FFN's operators are called. */
struct ffn_names {
	const char *gate;
	const char *up;
	const char *act;
	const char *down;
};

static void count_gated(struct counting *c, const struct ffn_names *names, uint64_t times,
			uint64_t width)
{
	uint64_t h = c->model->hidden;

	count_product(c, names->gate, times, h, width, 0, OPERATOR_ACT_WRITE);
	count_product(c, names->up, times, h, width, 0, OPERATOR_ACT_WRITE);
	count_each(c, names->act, times, c->tokens * width, ACTIVATION_OPS, 2, 0);
	count_product(c, names->down, times, width, h, 0, OPERATOR_ACT_WRITE);
}

/* A product of each token with the matrices of its experts; those touched are read once. */
static void count_expert(struct counting *c, const char *name, uint64_t inputs, uint64_t outputs)
{
	const struct model_config *m = c->model;
	__uint128_t rows = c->tokens * m->top_k;
	double touched = operators_experts_touched(m, c->tokens);
	struct count count = {
		.name = name,
		.times = c->moe_layers,
		.ops = 2 * rows * inputs * outputs,
		.numbers = {
			[OPERATOR_WEIGHTS] = llround(touched * inputs * outputs),
			[OPERATOR_ACT_READ] = rows * inputs,
			[OPERATOR_ACT_WRITE] = rows * outputs,
		},
	};

	count_add(c, &count);
}

/* Outputs of a token's experts are weighted and added. */
static void count_expert_sum(struct counting *c)
{
	const struct model_config *m = c->model;
	__uint128_t numbers = c->tokens * m->hidden;

	count_each(c, "expert_sum", c->moe_layers, numbers, 2 * m->top_k, m->top_k, 0);
}

static void count_moe(struct counting *c)
{
	static const struct ffn_names shared = {
		"shared_gate", "shared_up", "shared_act", "shared_down"
	};
	const struct model_config *m = c->model;

	count_product(c, "router", c->moe_layers, m->hidden, m->experts,
		      m->router_bias ? m->experts : 0, OPERATOR_ACT_WRITE);
	count_expert(c, "expert_gate", m->hidden, m->expert_ffn);
	count_expert(c, "expert_up", m->hidden, m->expert_ffn);
	count_each(c, "expert_act", c->moe_layers, c->tokens * m->top_k * m->expert_ffn,
		   ACTIVATION_OPS, 2, 0);
	count_expert(c, "expert_down", m->expert_ffn, m->hidden);
	count_expert_sum(c);
	if (m->shared_ffn)
		count_gated(c, &shared, c->moe_layers, m->shared_ffn);
}

void count_ffn(struct counting *c)
{
	static const struct ffn_names dense = { "gate_proj", "up_proj", "mlp_act", "down_proj" };

	count_gated(c, &dense, c->layers - c->moe_layers, c->model->ffn);
	if (c->moe_layers)
		count_moe(c);
}
