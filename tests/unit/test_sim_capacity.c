// SPDX-License-Identifier: LGPL-2.1-or-later
/* What devices hold: a model small enough to count by hand, and the models of two studies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "sim/capacity.h"

#define MODELS "user/models/"
#define GIB	(1ULL << 30)

/*
 * Three layers of width 8: attention of 2 heads of 4 with one KV head 8 x (16 + 8) = 192, norms 16,
 * FFN 3 x 8 x 6 = 144: 352 numbers a layer. Embedding and lm_head 10 x 8, last norm 8. Two bytes
 * each. KV 2 x 4 x 2 = 16 bytes a token and layer.
 */
static struct model_config tiny(void)
{
	return (struct model_config) {
		.weight_dtype = MODEL_BF16,
		.kv_dtype = MODEL_BF16,
		.layers = 3,
		.hidden = 8,
		.heads = 2,
		.kv_heads = 1,
		.head_dim = 4,
		.ffn = 6,
		.vocab = 10,
		.moe_every = 1,
		.global_every = 4,
	};
}

static struct model_config read(const char *path)
{
	struct engine_error e;
	struct model_config m;

	if (model_config_read(path, MODEL_BF16, &m, &e))
		fail_msg("%s", e.text);
	return m;
}

static uint64_t sum(struct capacity_weights w)
{
	return w.embedding + w.common + w.experts;
}

static void stages_share_the_layers(void **state)
{
	const struct capacity_shard one = { 1, 1, 1 }, two = { 1, 2, 1 }, split = { 2, 2, 1 };
	struct model_config m = tiny();
	struct capacity_weights w;

	(void)state;
	assert_int_equal(sum(capacity_weights(&m, &one, 0)), model_weight_bytes(&m));
	w = capacity_weights(&m, &two, 0);
	assert_int_equal(w.embedding, 160);
	assert_int_equal(w.common, 704);
	w = capacity_weights(&m, &two, 1);
	assert_int_equal(w.embedding, 0);
	assert_int_equal(w.common, 2 * 704 + 16 + 160);
	assert_int_equal(capacity_weights(&m, &split, 1).common, 704 + 8 + 80);
	assert_int_equal(capacity_kv_bytes(&m, &two, 0, 5), 80);
	assert_int_equal(capacity_kv_bytes(&m, &two, 1, 5), 160);
}

static void a_tied_embedding_is_where_it_is_used(void **state)
{
	const struct capacity_shard one = { 1, 1, 1 }, two = { 1, 2, 1 };
	struct model_config m = tiny();

	(void)state;
	m.tied = true;
	assert_int_equal(sum(capacity_weights(&m, &one, 0)), model_weight_bytes(&m));
	assert_int_equal(capacity_weights(&m, &one, 0).embedding, 0);
	assert_int_equal(capacity_weights(&m, &two, 0).embedding, 160);
	assert_int_equal(capacity_weights(&m, &two, 1).common, 2 * 704 + 16 + 160);
}

static void kv_is_split_by_heads_alone(void **state)
{
	const struct capacity_shard two = { 2, 1, 1 }, four = { 4, 1, 1 };
	struct model_config m = tiny();

	(void)state;
	assert_int_equal(capacity_kv_bytes(&m, &two, 0, 5), 240);
	m.kv_heads = 2;
	assert_int_equal(capacity_kv_bytes(&m, &two, 0, 5), 240);
	assert_int_equal(capacity_kv_bytes(&m, &four, 0, 5), 240);
	m.attention = MODEL_MLA;
	m.kv_lora_rank = 6;
	m.qk_rope_dim = 2;
	assert_int_equal(capacity_kv_bytes(&m, &two, 0, 5), 240);
	m.local_window = 3;
	assert_int_equal(capacity_kv_bytes(&m, &two, 0, 5), 144);
}

/* 8 devices decode data parallel and share the experts: all the rest is there eight times. */
static void groups_share_experts(void **state)
{
	const struct capacity_shard s = { 1, 1, 8 };
	struct model_config m = read(MODELS "llama-4-maverick.json");
	uint64_t experts = 24 * 128 * 3ULL * 5120 * 8192;

	(void)state;
	assert_int_equal(8 * sum(capacity_weights(&m, &s, 0)), 999730790400);
	assert_int_equal(8 * sum(capacity_weights(&m, &s, 0)),
			 2 * (8 * (model_params(&m) - experts) + experts));
	m = read(MODELS "deepseek-r1.json");
	assert_int_equal(8 * sum(capacity_weights(&m, &s, 0)), 1581699915776);
}

static void a_batch_is_what_is_left(void **state)
{
	const struct capacity_shard one = { 1, 1, 1 }, two = { 1, 2, 1 };
	struct model_config m = tiny();
	struct capacity_need need = { .device_bytes = 160 + 2288 + 480, .tokens = 5 };
	struct capacity_fit fit = capacity_fit(&m, &one, &need);

	(void)state;
	assert_int_equal(fit.weight_bytes, 160 + 3 * 704 + 16 + 160);
	assert_int_equal(fit.sequence_bytes, 240);
	assert_true(fit.group_batch == 2);
	assert_int_equal(fit.short_bytes, 0);
	need.device_bytes = 2448 + 239;
	fit = capacity_fit(&m, &one, &need);
	assert_int_equal(fit.short_bytes, 1);
	assert_true(fit.group_batch < 1 && fit.group_batch > 0.99);
	need.device_bytes = 2448;
	fit = capacity_fit(&m, &one, &need);
	assert_int_equal(fit.short_bytes, 240);
	assert_true(fit.group_batch == 0);
	/* The second stage is the fuller one: 1584 bytes of weights, 160 of a sequence. */
	need.device_bytes = 1584 + 400;
	fit = capacity_fit(&m, &two, &need);
	assert_int_equal(fit.stage, 1);
	assert_true(fit.group_batch == 2.5);
}

/* The residual stream of 8, and the most of 16 numbers of the heads, 12 of the FFN, 10 logits. */
static void activations_need_room(void **state)
{
	const struct capacity_shard one = { 1, 1, 1 }, two = { 2, 1, 1 }, stages = { 1, 2, 1 };
	struct model_config m = tiny();
	struct capacity_need need = { .device_bytes = 4096, .tokens = 5, .activations = true };

	(void)state;
	assert_int_equal(capacity_activation_bytes(&m, &one), (8 + 16) * 2);
	assert_int_equal(capacity_activation_bytes(&m, &two), (8 + 8) * 2);
	m.vocab = 100;
	assert_int_equal(capacity_activation_bytes(&m, &one), (8 + 100) * 2);
	m.vocab = 10;
	m.experts = 4;
	m.top_k = 3;
	m.expert_ffn = 5;
	m.shared_ffn = 1;
	assert_int_equal(capacity_activation_bytes(&m, &one), (8 + 32) * 2);
	m = tiny();
	assert_int_equal(capacity_fit(&m, &one, &need).sequence_bytes, 240 + 48);
	/* Of two microbatches in flight each stage works on one. */
	assert_int_equal(capacity_fit(&m, &stages, &need).sequence_bytes, 160 + 24);
}

static void the_best_sharding_copies_nothing(void **state)
{
	struct model_config m = read(MODELS "llama-3.1-405b.json");
	struct capacity_need need = { .device_bytes = 288 * GIB, .tokens = 1660 + 373 };
	struct capacity_shard s;
	struct capacity_fit fit = capacity_best(&m, 4, &need, &s);

	(void)state;
	assert_int_equal(s.tp, 4);
	assert_int_equal(s.pp, 1);
	assert_int_equal(s.dp, 1);
	assert_int_equal(fit.sequence_bytes, (1660 + 373) * 516096 / 4);
	assert_true(fit.group_batch > 405.2 && fit.group_batch < 405.4);
	/* 8 KV heads are split eight times: the other two ways are stages of 63 layers. */
	fit = capacity_best(&m, 16, &need, &s);
	assert_int_equal(s.tp, 8);
	assert_int_equal(s.pp, 2);
	assert_int_equal(s.dp, 1);
	assert_true(fit.group_batch > 3942 && fit.group_batch < 3942.1);
	fit = capacity_best(&m, 2, &need, &s);
	assert_int_equal(fit.short_bytes, model_weight_bytes(&m) / 2 + 2033 * 258048 - 288 * GIB);
	assert_true(fit.group_batch == 0);
}

static void what_does_not_fit_is_said(void **state)
{
	const struct capacity_shard one = { 1, 1, 1 };
	struct model_config m = tiny();
	struct capacity_need need = { .device_bytes = 2448, .tokens = 5 };
	struct capacity_fit fit = capacity_fit(&m, &one, &need);
	char text[200], small[10];

	(void)state;
	capacity_explain(&fit, &one, &need, text, sizeof(text));
	assert_string_equal(text, "TP 1 x PP 1 x DP 1: 2448 B lack 240 B for weights of 2448 B "
			    "and a sequence of 240 B");
	capacity_explain(&fit, &one, &need, small, sizeof(small));
	assert_string_equal(small, "TP 1 x PP");
	need.device_bytes = 2808;
	fit = capacity_fit(&m, &one, &need);
	capacity_explain(&fit, &one, &need, text, sizeof(text));
	assert_non_null(strstr(text, "hold weights of 2448 B and 1.50 sequences of 240 B"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stages_share_the_layers),
		cmocka_unit_test(a_tied_embedding_is_where_it_is_used),
		cmocka_unit_test(kv_is_split_by_heads_alone),
		cmocka_unit_test(groups_share_experts),
		cmocka_unit_test(a_batch_is_what_is_left),
		cmocka_unit_test(activations_need_room),
		cmocka_unit_test(the_best_sharding_copies_nothing),
		cmocka_unit_test(what_does_not_fit_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
