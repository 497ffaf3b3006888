// SPDX-License-Identifier: LGPL-2.1-or-later
/* Operators of a step: by hand, and against what the engine counts of whole models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "sim/models.h"
#include "sim/operators.h"

/* Two layers, 4 heads of 2 numbers, 2 KV heads. */
static const struct model_config tiny = {
	.name = "tiny", .attention = MODEL_GQA, .layers = 2, .hidden = 8, .heads = 4, .kv_heads = 2,
	.head_dim = 2, .ffn = 16, .vocab = 10, .moe_every = 1,
};

static const struct number_bits mixed = { .weights = 4, .activations = 16, .kv = 8 };

static struct operators count(const struct model_config *m, const struct step_shape *shape,
			      const struct number_bits *bits, enum operator_convention convention)
{
	struct engine_error e = {};
	struct operators ops;

	if (operators_of_step(m, shape, bits, convention, &ops, &e))
		fail_msg("%s", e.text);
	return ops;
}

static void expect(const struct operators *ops, const char *name, uint64_t times, uint64_t n_ops,
		   const uint64_t bits[OPERATOR_DATA])
{
	const struct sim_operator *op = operators_find(ops, name);
	int i;

	if (!op) {
		fail_msg("there is no %s", name);
		return;
	}
	assert_int_equal(op->times, times);
	assert_int_equal(op->ops, n_ops);
	for (i = 0; i < OPERATOR_DATA; i++)
		if (op->bits[i] != bits[i])
			fail_msg("%s: %d: %llu bits, not %llu", name, i,
				 (unsigned long long)op->bits[i], (unsigned long long)bits[i]);
}

#define BITS(...)	((uint64_t[OPERATOR_DATA]) { __VA_ARGS__ })

/* Three sequences with a context of 5; weights of 4 bits, activations of 16, KV of 8. */
static void decode_by_hand(void **state)
{
	const struct step_shape step = { STEP_DECODE, 3, 1, 5 };
	struct operators ops = count(&tiny, &step, &mixed, OPERATORS_EXACT);

	(void)state;
	expect(&ops, "embedding", 1, 0, BITS(24 * 4, 0, 24 * 16, 0, 0));
	expect(&ops, "attn_norm", 2, 7 * 24, BITS(8 * 4, 24 * 16, 24 * 16, 0, 0));
	expect(&ops, "q_proj", 2, 2 * 64 * 3, BITS(64 * 4, 24 * 16, 24 * 16, 0, 0));
	expect(&ops, "k_proj", 2, 2 * 32 * 3, BITS(32 * 4, 24 * 16, 0, 0, 12 * 8));
	/* 15 scores for each of 4 heads: 2 x 2 numbers twice, and softmax. */
	expect(&ops, "attention", 2, 15 * 4 * (2 * 4 + 5),
	       BITS(0, 24 * 16, 24 * 16, 2 * 15 * 4 * 8, 0));
	expect(&ops, "attn_add", 2, 24, BITS(0, 48 * 16, 24 * 16, 0, 0));
	expect(&ops, "gate_proj", 2, 2 * 128 * 3, BITS(128 * 4, 24 * 16, 48 * 16, 0, 0));
	expect(&ops, "mlp_act", 2, 2 * 48, BITS(0, 96 * 16, 48 * 16, 0, 0));
	expect(&ops, "down_proj", 2, 2 * 128 * 3, BITS(128 * 4, 48 * 16, 24 * 16, 0, 0));
	expect(&ops, "last_norm", 1, 7 * 24, BITS(8 * 4, 24 * 16, 24 * 16, 0, 0));
	expect(&ops, "lm_head", 1, 2 * 80 * 3, BITS(80 * 4, 24 * 16, 30 * 16, 0, 0));
	assert_null(operators_find(&ops, "router"));
}

/* What that tool does differently: scores in memory, queries of a prefill, the lm_head. */
static void viewer_by_hand(void **state)
{
	const struct step_shape decode = { STEP_DECODE, 3, 1, 5 };
	const struct step_shape prefill = { STEP_PREFILL, 3, 5, 5 };
	struct operators ops = count(&tiny, &decode, &mixed, OPERATORS_LLM_VIEWER);

	(void)state;
	expect(&ops, "qk_matmul", 2, 2 * 60 * 2, BITS(0, 24 * 16, 60 * 16, 60 * 8, 0));
	expect(&ops, "sv_matmul", 2, 2 * 60 * 2, BITS(0, 60 * 16, 24 * 16, 60 * 8, 0));
	expect(&ops, "softmax", 2, 5 * 60, BITS(0, 60 * 16, 60 * 16, 0, 0));
	expect(&ops, "attn_norm", 2, 7 * 24, BITS(0, 24 * 16, 24 * 16, 0, 0));
	expect(&ops, "mlp_act", 2, 2 * 24, BITS(0, 48 * 16, 24 * 16, 0, 0));
	expect(&ops, "lm_head", 1, 80 * 3, BITS(80 * 4, 8 * 16, 10 * 16, 0, 0));
	assert_int_equal(ops.n, 16);
	ops = count(&tiny, &prefill, &mixed, OPERATORS_LLM_VIEWER);
	expect(&ops, "qk_matmul", 2, 2 * 300 * 2, BITS(0, 60 * 16, 300 * 16, 60 * 8, 0));
	expect(&ops, "sv_matmul", 2, 2 * 300 * 2, BITS(0, 300 * 16, 120 * 16, 60 * 8, 0));
	expect(&ops, "q_proj", 2, 2 * 64 * 15, BITS(64 * 4, 120 * 16, 120 * 16, 0, 0));
}

static void totals_add_up(void **state)
{
	const struct step_shape step = { STEP_DECODE, 3, 1, 5 };
	struct operators ops = count(&tiny, &step, &mixed, OPERATORS_EXACT);
	struct sim_operator total = operators_total(&ops);
	double bytes = 0;
	size_t i;

	(void)state;
	for (i = 0; i < ops.n; i++)
		bytes += ops.op[i].times * operator_bytes(&ops.op[i]);
	assert_true(bytes == operator_bytes(&total));
	assert_int_equal(total.times, 1);
	/* K and V of three tokens in two layers, half a byte a weight. */
	assert_int_equal(total.bits[OPERATOR_KV_WRITE], 2 * 2 * 12 * 8);
	assert_int_equal(total.bits[OPERATOR_KV_READ], 2 * 2 * 15 * 4 * 8);
}

static const char *const models[] = {
	"llama-2-7b", "llama-3.1-405b", "qwen3-8b", "qwen3-32b", "mixtral-8x7b", "qwen3-30b-a3b",
	"deepseek-v3",
};

#define MODELS	(sizeof(models) / sizeof(*models))

static void find(const char *name, struct model_config *m)
{
	struct engine_error e = {};

	if (sim_model_find(name, MODEL_BF16, m, &e))
		fail_msg("%s", e.text);
}

/* A step of so many tokens that it needs every row and expert reads each weight once. */
static void weights_are_all_parameters(void **state)
{
	const struct number_bits bits = { 16, 16, 16 };
	const struct step_shape step = { STEP_PREFILL, 1024, 1024, 1024 };
	struct model_config m;
	struct operators ops;
	size_t i;

	(void)state;
	for (i = 0; i < MODELS; i++) {
		find(models[i], &m);
		ops = count(&m, &step, &bits, OPERATORS_EXACT);
		assert_int_equal(operators_total(&ops).bits[OPERATOR_WEIGHTS] / 16,
				 model_params(&m));
	}
}

/* Operators that are no product with weights, and what of attention is softmax. */
static uint64_t other_ops(const struct operators *ops)
{
	static const char *const names[] = {
		"attn_norm", "mlp_norm", "attn_add", "mlp_add", "mlp_act", "last_norm", "qk_norm",
		"q_norm", "kv_norm", "expert_act", "expert_sum", "shared_act",
	};
	const struct sim_operator *op;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		op = operators_find(ops, names[i]);
		sum += op ? op->times * op->ops : 0;
	}
	return sum;
}

/* Norms, their like, and biases: parameters that model_flops() counts as if they were products. */
static uint64_t vector_params(const struct model_config *m)
{
	uint64_t sum = (2ULL * m->layers + 1) * m->hidden;
	uint32_t layer;

	if (m->qk_norm)
		sum += 2ULL * m->layers * m->head_dim;
	if (m->attention == MODEL_MLA)
		sum += (uint64_t)m->layers * (m->q_lora_rank + m->kv_lora_rank);
	for (layer = 0; m->router_bias && layer < m->layers; layer++)
		sum += model_is_moe(m, layer) ? m->experts : 0;
	return sum;
}

static void expect_flops(const struct model_config *m, const struct step_shape *step)
{
	const struct number_bits bits = { 8, 8, 8 };
	struct operators ops = count(m, step, &bits, OPERATORS_EXACT);
	uint64_t t = step->tokens, tokens = step->batch * t;
	uint64_t scores = step->batch * (t * (step->context - t) + t * (t + 1) / 2);
	struct model_work work = { .tokens = tokens, .sampled = step->batch };
	uint64_t products = operators_total(&ops).ops - other_ops(&ops) -
			    5 * scores * m->heads * m->layers;

	if (step->stage == STEP_DECODE)
		work.decode_context = scores;
	else
		work.prefill_context = scores;
	assert_int_equal(products, model_flops(m, &work) - 2 * tokens * vector_params(m));
}

static void operations_are_the_engines(void **state)
{
	struct model_config m;
	size_t i;

	(void)state;
	for (i = 0; i < MODELS; i++) {
		find(models[i], &m);
		expect_flops(&m, &(struct step_shape) { STEP_DECODE, 1, 1, 1 });
		expect_flops(&m, &(struct step_shape) { STEP_DECODE, 37, 1, 4097 });
		expect_flops(&m, &(struct step_shape) { STEP_PREFILL, 1, 1, 1 });
		expect_flops(&m, &(struct step_shape) { STEP_PREFILL, 3, 1000, 1000 });
	}
}

/* A prefill in chunks attends to the same pairs, and writes the same KV, as one in one step. */
static void chunks_add_up(void **state)
{
	const struct number_bits bits = { 8, 8, 8 };
	const struct step_shape whole = { STEP_PREFILL, 2, 700, 700 };
	const struct step_shape first = { STEP_PREFILL, 2, 300, 300 };
	const struct step_shape second = { STEP_PREFILL, 2, 400, 700 };
	struct operators a, b, c;
	struct model_config m;
	size_t i;

	(void)state;
	for (i = 0; i < MODELS; i++) {
		find(models[i], &m);
		a = count(&m, &whole, &bits, OPERATORS_EXACT);
		b = count(&m, &first, &bits, OPERATORS_EXACT);
		c = count(&m, &second, &bits, OPERATORS_EXACT);
		assert_int_equal(operators_find(&a, "attention")->ops,
				 operators_find(&b, "attention")->ops +
				 operators_find(&c, "attention")->ops);
		assert_int_equal(operators_total(&a).bits[OPERATOR_KV_WRITE],
				 operators_total(&b).bits[OPERATOR_KV_WRITE] +
				 operators_total(&c).bits[OPERATOR_KV_WRITE]);
		assert_int_equal(operators_total(&a).bits[OPERATOR_KV_WRITE] / 8 * 2,
				 1400 * model_kv_token_bytes(&m));
	}
}

static void kv_read_is_the_cache(void **state)
{
	const struct number_bits bits = { 16, 16, 16 };
	const struct step_shape step = { STEP_DECODE, 5, 1, 1000 };
	struct model_config m;
	struct operators ops;
	size_t i;

	(void)state;
	for (i = 0; i < MODELS; i++) {
		find(models[i], &m);
		ops = count(&m, &step, &bits, OPERATORS_EXACT);
		assert_int_equal(operators_total(&ops).bits[OPERATOR_KV_READ] / 8,
				 5000 * model_kv_token_bytes(&m));
	}
}

static void experts_touched(void **state)
{
	struct model_config m = tiny;
	struct operators one, many;

	(void)state;
	assert_true(operators_experts_touched(&m, 5) == 0);
	m.experts = 8;
	m.top_k = 2;
	m.expert_ffn = 4;
	assert_true(fabs(operators_experts_touched(&m, 1) - 2) < 0.000000000001);
	assert_true(fabs(operators_experts_touched(&m, 2) - 3.5) < 0.000000000001);
	assert_true(operators_experts_touched(&m, 1 << 20) == 8);
	one = count(&m, &(struct step_shape) { STEP_DECODE, 1, 1, 5 }, &mixed, OPERATORS_EXACT);
	many = count(&m, &(struct step_shape) { STEP_DECODE, 2, 1, 5 }, &mixed, OPERATORS_EXACT);
	expect(&one, "expert_up", 2, 2 * 2 * 32, BITS(2 * 32 * 4, 2 * 8 * 16, 2 * 4 * 16, 0, 0));
	expect(&many, "expert_up", 2, 4 * 2 * 32, BITS(112 * 4, 4 * 8 * 16, 4 * 4 * 16, 0, 0));
	expect(&one, "expert_sum", 2, 4 * 8, BITS(0, 2 * 8 * 16, 8 * 16, 0, 0));
	assert_null(operators_find(&one, "gate_proj"));
	m.top_k = 8;
	assert_true(operators_experts_touched(&m, 1) == 8);
}

static void refuses_steps_out_of_range(void **state)
{
	static const struct step_shape steps[] = {
		{ STEP_DECODE, 0, 1, 5 }, { STEP_DECODE, 1, 0, 5 }, { STEP_DECODE, 1, 1, 0 },
		{ STEP_DECODE, 1, 2, 5 }, { STEP_PREFILL, 1, 6, 5 },
		{ STEP_DECODE, STEP_BATCH_MAX + 1ULL, 1, 5 },
		{ STEP_DECODE, 1, 1, STEP_CONTEXT_MAX + 1ULL },
	};
	static const struct number_bits bits[] = { { 0, 8, 8 }, { 8, 65, 8 }, { 8, 8, 0 } };
	const struct step_shape good = { STEP_DECODE, 1, 1, 5 };
	struct operators ops;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		assert_int_equal(operators_of_step(&tiny, &steps[i], &mixed, OPERATORS_EXACT, &ops,
						   NULL), -EINVAL);
	for (i = 0; i < sizeof(bits) / sizeof(*bits); i++)
		assert_int_equal(operators_of_step(&tiny, &good, &bits[i], OPERATORS_EXACT, &ops,
						   NULL), -EINVAL);
}

/* The largest step is refused, not wrapped; the largest that fits does not wrap either. */
static void refuses_what_does_not_fit(void **state)
{
	const struct step_shape largest = {
		STEP_PREFILL, STEP_BATCH_MAX, STEP_CONTEXT_MAX, STEP_CONTEXT_MAX
	};
	struct step_shape step = { STEP_PREFILL, 1, 1, 1 };
	struct engine_error e = {};
	struct operators ops;
	double before = 0, now;

	(void)state;
	assert_int_equal(operators_of_step(&tiny, &largest, &mixed, OPERATORS_EXACT, &ops, &e),
			 -ERANGE);
	assert_non_null(strstr(e.text, "2^58"));
	assert_int_equal(operators_of_step(&tiny, &largest, &mixed, OPERATORS_LLM_VIEWER, &ops,
					   &e), -ERANGE);
	for (; step.context <= STEP_CONTEXT_MAX; step.context *= 2) {
		step.tokens = step.context;
		if (operators_of_step(&tiny, &step, &mixed, OPERATORS_EXACT, &ops, NULL))
			break;
		now = operators_total(&ops).ops;
		assert_true(now > before);
		before = now;
	}
	assert_true(step.context > 1 << 20);
}

static void viewer_knows_dense_models_only(void **state)
{
	const struct step_shape chunk = { STEP_PREFILL, 1, 2, 5 };
	const struct step_shape step = { STEP_DECODE, 1, 1, 5 };
	struct model_config m;
	struct operators ops;

	(void)state;
	assert_int_equal(operators_of_step(&tiny, &chunk, &mixed, OPERATORS_LLM_VIEWER, &ops,
					   NULL), -EINVAL);
	find("mixtral-8x7b", &m);
	assert_int_equal(operators_of_step(&m, &step, &mixed, OPERATORS_LLM_VIEWER, &ops, NULL),
			 -EINVAL);
	find("deepseek-v3", &m);
	assert_int_equal(operators_of_step(&m, &step, &mixed, OPERATORS_LLM_VIEWER, &ops, NULL),
			 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_by_hand),
		cmocka_unit_test(viewer_by_hand),
		cmocka_unit_test(totals_add_up),
		cmocka_unit_test(weights_are_all_parameters),
		cmocka_unit_test(operations_are_the_engines),
		cmocka_unit_test(chunks_add_up),
		cmocka_unit_test(kv_read_is_the_cache),
		cmocka_unit_test(experts_touched),
		cmocka_unit_test(refuses_steps_out_of_range),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(viewer_knows_dense_models_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
