// SPDX-License-Identifier: LGPL-2.1-or-later
/* Time of a step: what is summed up, what is sent, who waits for whom; and room for KV. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "sim/kernel_time.h"
#include "sim/vllm_memory.h"

static const struct model_config dense_model = {
	.name = "dense", .weight_dtype = MODEL_BF16, .kv_dtype = MODEL_BF16, .layers = 10,
	.hidden = 1000, .heads = 10, .kv_heads = 2, .head_dim = 100, .ffn = 4000, .vocab = 30000,
};

static const struct model_config expert_model = {
	.name = "experts", .weight_dtype = MODEL_BF16, .kv_dtype = MODEL_BF16, .layers = 10,
	.hidden = 1000, .heads = 10, .kv_heads = 2, .head_dim = 100, .ffn = 4000, .vocab = 30000,
	.experts = 8, .top_k = 8, .expert_ffn = 500, .moe_every = 1,
};

static void add_part(struct kernel_tables *t, const char *name, double us)
{
	struct kernel_part *part = &t->part[t->n_parts++];

	strcpy(part->name, name);
	assert_int_equal(curve_add(&part->us, 1, us), 0);
}

/* Without gaps: microseconds of one step of one engine. */
static double step_us(const struct kernel_time *k, const struct serve_step *steps, uint32_t n,
		      double gaps)
{
	return (double)kernel_time_step((void *)k, steps, n) / 1e3 - gaps * KERNEL_GAP_US;
}

static void a_step_is_the_sum_of_its_kernels(void **state)
{
	static const char *const once[] = { "embedding", "final_layernorm", "lm_head", "sampler" };
	static const char *const layer[] = {
		"qkv_proj", "rotary_emb", "o_proj", "gate_up_proj", "act_fn", "down_proj",
	};
	const struct serve_step step = { .decodes = 1, .decode_context = 5, .sampled = 1 };
	struct kernel_tables t = { 0 };
	const struct kernel_time k = { .tables = &t, .model = &dense_model, .tp = 1, .ep = 1 };
	double gaps = 10 * (KERNEL_LAYER + KERNEL_DENSE);
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++)
		add_part(&t, once[i], 1000);
	for (i = 0; i < 6; i++)
		add_part(&t, layer[i], 10);
	assert_float_equal(step_us(&k, &step, 1, gaps), 4000 + 10 * 60, 0.01);
	/* Two norms to a layer, and a part that is not known here counts nothing. */
	add_part(&t, "layernorm", 3);
	add_part(&t, "something", 3);
	assert_float_equal(step_us(&k, &step, 1, gaps), 4000 + 10 * 66, 0.01);
	kernel_tables_free(&t);
}

static void what_is_sent_between_accelerators(void **state)
{
	struct serve_step step = { .decodes = 16, .decode_context = 160 };
	struct kernel_tables t = { 0 };
	struct kernel_time k = {
		.tables = &t, .model = &dense_model, .tp = 2, .ep = 1,
		.link_bytes_s = 1e9, .link_latency_s = 0.000005,
	};

	(void)state;
	/* 32000 bytes: twice a latency and half of them, for two in a layer and the embedding. */
	assert_float_equal(step_us(&k, &step, 1, 100), 21 * 2 * (5 + 16), 0.01);
	k.tp = 4;
	assert_float_equal(step_us(&k, &step, 1, 100), 21 * 6 * (5 + 8), 0.01);
	/* One token comes out: 60000 bytes, a quarter from each of the others. */
	step.sampled = 1;
	assert_float_equal(step_us(&k, &step, 1, 100), 21 * 6 * (5 + 8) + 3 * (5 + 15), 0.01);
	k.overhead_s = 0.001;
	step.sampled = 0;
	assert_float_equal(step_us(&k, &step, 1, 100), 1000 + 21 * 6 * (5 + 8), 0.01);
	k.link_bytes_s = 0;
	assert_int_equal(kernel_time_step(&k, &step, 1), UINT64_MAX);
}

static void experts_wait_for_the_slowest(void **state)
{
	const struct serve_step steps[2] = {
		{ .decodes = 12, .decode_context = 12, .sampled = 12 },
	};
	const double gaps = 10 * (KERNEL_LAYER + KERNEL_EXPERTS);
	struct kernel_tables t = { 0 };
	struct kernel_time k = {
		.tables = &t, .model = &expert_model, .tp = 1, .ep = 2,
		.link_bytes_s = 1e9, .link_latency_s = 0.000005,
	};
	static struct kernel_line line;

	(void)state;
	/* 6 tokens on 4 experts each: all 8 are chosen. */
	line = (struct kernel_line) { .x = 6 };
	curve_add(&line.curve, 4, 100);
	curve_add(&line.curve, 8, 200);
	t.experts.line = &line;
	t.experts.n = 1;
	/* 24000 bytes there and back. */
	assert_float_equal(step_us(&k, steps, 2, gaps), 10 * (100 + 2 * (5 + 24)), 0.01);
	k.ep = 1;
	assert_float_equal(step_us(&k, steps, 1, gaps), 10 * 200, 0.01);
	curve_free(&line.curve);
}

static void room_for_kv(void **state)
{
	struct vllm_memory c = {
		.memory_bytes = 24.0 * (1ULL << 30), .utilization = 0.9, .tp = 1, .ep = 1,
		.batch = 256, .step_tokens = 2048, .block_tokens = 16,
	};
	const struct model_config llama = {
		.weight_dtype = MODEL_BF16, .kv_dtype = MODEL_BF16, .layers = 32, .hidden = 4096,
		.heads = 32, .kv_heads = 8, .head_dim = 128, .ffn = 14336, .vocab = 128256,
	};
	uint32_t one;

	(void)state;
	one = vllm_memory_blocks(&c, &llama);
	/* vLLM had 2588. */
	assert_in_range(one, 2588 * 95 / 100, 2588 * 105 / 100);
	c.tp = 2;
	/* Half the weights, and half of each token's KV. */
	assert_true(vllm_memory_blocks(&c, &llama) > 4 * one);
	c.tp = 1;
	c.memory_bytes = 16.0 * (1ULL << 30);
	assert_int_equal(vllm_memory_blocks(&c, &llama), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_is_the_sum_of_its_kernels),
		cmocka_unit_test(what_is_sent_between_accelerators),
		cmocka_unit_test(experts_wait_for_the_slowest),
		cmocka_unit_test(room_for_kv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
