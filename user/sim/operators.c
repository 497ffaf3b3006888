// SPDX-License-Identifier: LGPL-2.1-or-later
/* The operators of one step of a model: operations and bytes. */
#include "sim/operators_count.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Each count of all layers, so that those of OPERATORS_MAX operators can be added up. */
#define COUNT_MAX	(1ULL << 58)

double operators_experts_touched(const struct model_config *m, uint64_t tokens)
{
	if (!m->experts)
		return 0;
	return -(double)m->experts * expm1(tokens * log1p(-(double)m->top_k / m->experts));
}

static uint64_t kept(struct counting *c, __uint128_t count, uint64_t times)
{
	if (count > COUNT_MAX || count * times > COUNT_MAX) {
		c->too_large = true;
		return 0;
	}
	return count;
}

void count_add(struct counting *c, const struct count *count)
{
	const struct number_bits *b = &c->bits;
	const uint32_t bits[OPERATOR_DATA] = {
		b->weights, b->activations, b->activations, b->kv, b->kv
	};
	struct sim_operator *op = &c->out->op[c->out->n];
	int i;

	if (!count->times)
		return;
	op->name = count->name;
	op->times = count->times;
	op->ops = kept(c, count->ops, count->times);
	for (i = 0; i < OPERATOR_DATA; i++)
		op->bits[i] = kept(c, count->numbers[i] * bits[i], count->times);
	c->out->n++;
}

void count_product(struct counting *c, const char *name, uint64_t times, uint64_t inputs,
		   uint64_t outputs, uint64_t bias, enum operator_data to)
{
	struct count count = {
		.name = name,
		.times = times,
		.ops = 2 * c->tokens * inputs * outputs,
		.numbers = {
			[OPERATOR_WEIGHTS] = inputs * outputs + bias,
			[OPERATOR_ACT_READ] = c->tokens * inputs,
		},
	};

	count.numbers[to] = c->tokens * outputs;
	count_add(c, &count);
}

void count_each(struct counting *c, const char *name, uint64_t times, __uint128_t numbers,
		uint32_t ops, uint32_t inputs, uint64_t weights)
{
	struct count count = {
		.name = name,
		.times = times,
		.ops = numbers * ops,
		.numbers = {
			[OPERATOR_WEIGHTS] = weights,
			[OPERATOR_ACT_READ] = numbers * inputs,
			[OPERATOR_ACT_WRITE] = numbers,
		},
	};

	count_add(c, &count);
}

static void count_embedding(struct counting *c)
{
	__uint128_t numbers = c->tokens * c->model->hidden;
	__uint128_t all = (__uint128_t)c->model->vocab * c->model->hidden;
	struct count count = {
		.name = "embedding",
		.times = 1,
		.numbers = {
			[OPERATOR_WEIGHTS] = numbers < all ? numbers : all,
			[OPERATOR_ACT_WRITE] = numbers,
		},
	};

	count_add(c, &count);
}

/* The last norm and the lm_head are computed for the tokens that are sampled. */
static void count_output(struct counting *c)
{
	const struct model_config *m = c->model;
	struct counting sampled = *c;

	sampled.tokens = c->shape.batch;
	count_each(&sampled, "last_norm", 1, sampled.tokens * m->hidden, NORM_OPS, 1, m->hidden);
	count_product(&sampled, "lm_head", 1, m->hidden, m->vocab, 0, OPERATOR_ACT_WRITE);
	c->too_large = sampled.too_large;
}

static void count_exact(struct counting *c)
{
	const struct model_config *m = c->model;
	__uint128_t numbers = c->tokens * m->hidden;

	count_embedding(c);
	count_each(c, "attn_norm", c->layers, numbers, NORM_OPS, 1, m->hidden);
	count_attention(c);
	count_each(c, "attn_add", c->layers, numbers, SUM_OPS, 2, 0);
	count_each(c, "mlp_norm", c->layers, numbers, NORM_OPS, 1, m->hidden);
	count_ffn(c);
	count_each(c, "mlp_add", c->layers, numbers, SUM_OPS, 2, 0);
	count_output(c);
}

static int check_shape(const struct step_shape *s, struct engine_error *e)
{
	if (!s->batch || s->batch > STEP_BATCH_MAX || !s->context ||
	    s->context > STEP_CONTEXT_MAX || !s->tokens || s->tokens > s->context) {
		engine_error_set(e, "a step of %llu sequences, %llu tokens of each and a context of "
				 "%llu is out of range", (unsigned long long)s->batch,
				 (unsigned long long)s->tokens, (unsigned long long)s->context);
		return -EINVAL;
	}
	if (s->stage == STEP_DECODE && s->tokens > 1) {
		engine_error_set(e, "a decode takes one token of a sequence, not %llu",
				 (unsigned long long)s->tokens);
		return -EINVAL;
	}
	return 0;
}

static int check_bits(const struct number_bits *b, struct engine_error *e)
{
	const uint32_t bits[] = { b->weights, b->activations, b->kv };
	size_t i;

	for (i = 0; i < sizeof(bits) / sizeof(*bits); i++)
		if (!bits[i] || bits[i] > NUMBER_BITS_MAX) {
			engine_error_set(e, "a number has 1 to %d bits, not %u", NUMBER_BITS_MAX,
					 bits[i]);
			return -EINVAL;
		}
	return 0;
}

static int check_viewer(const struct model_config *m, const struct step_shape *s,
			struct engine_error *e)
{
	if (m->attention != MODEL_GQA || m->experts) {
		engine_error_set(e, "LLM-Viewer's counts are known for dense models with GQA only");
		return -EINVAL;
	}
	if (s->stage == STEP_PREFILL && s->tokens != s->context) {
		engine_error_set(e, "LLM-Viewer's prefill begins without context");
		return -EINVAL;
	}
	return 0;
}

static uint64_t moe_layers(const struct model_config *m)
{
	uint64_t n = 0;
	uint32_t i;

	for (i = 0; i < m->layers; i++)
		n += model_is_moe(m, i);
	return n;
}

int operators_of_step(const struct model_config *m, const struct step_shape *shape,
		      const struct number_bits *bits, enum operator_convention convention,
		      struct operators *out, struct engine_error *e)
{
	struct counting c = {
		.model = m, .shape = *shape, .bits = *bits, .out = out, .layers = m->layers,
	};
	__uint128_t t = shape->tokens;
	int err = check_shape(shape, e) ?: check_bits(bits, e);

	if (!err && convention == OPERATORS_LLM_VIEWER)
		err = check_viewer(m, shape, e);
	if (err)
		return err;
	out->n = 0;
	c.tokens = shape->batch * t;
	c.scores = shape->batch * (t * (shape->context - t) + t * (t + 1) / 2);
	c.moe_layers = moe_layers(m);
	if (convention == OPERATORS_LLM_VIEWER)
		count_viewer(&c);
	else
		count_exact(&c);
	if (c.too_large)
		engine_error_set(e, "the operators of the step have more than 2^58 operations or "
				 "bits: take a smaller batch or context");
	return c.too_large ? -ERANGE : 0;
}

struct sim_operator operators_total(const struct operators *ops)
{
	struct sim_operator total = { .name = "total", .times = 1 };
	const struct sim_operator *op;
	int i;

	for (op = ops->op; op < ops->op + ops->n; op++) {
		total.ops += op->times * op->ops;
		for (i = 0; i < OPERATOR_DATA; i++)
			total.bits[i] += op->times * op->bits[i];
	}
	return total;
}

const struct sim_operator *operators_find(const struct operators *ops, const char *name)
{
	size_t i;

	for (i = 0; i < ops->n; i++)
		if (!strcmp(ops->op[i].name, name))
			return &ops->op[i];
	return NULL;
}

double operator_bytes(const struct sim_operator *op)
{
	uint64_t bits = 0;
	int i;

	for (i = 0; i < OPERATOR_DATA; i++)
		bits += op->bits[i];
	return bits / 8.0;
}
