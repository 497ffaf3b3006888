// SPDX-License-Identifier: LGPL-2.1-or-later
/* The memory's bound on decoding, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "sim/decode_bound.h"

/* 704 bytes of weights a layer, 16 bytes of KV a token and layer; see test_sim_capacity.c. */
static struct model_config tiny(void)
{
	return (struct model_config) {
		.weight_dtype = MODEL_BF16,
		.kv_dtype = MODEL_BF16,
		.layers = 2,
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

static void assert_near(double ours, double expected)
{
	assert_true(fabs(ours - expected) <= expected / 1000000000);
}

/* A byte a nanosecond. */
static struct tmodel_profile memory(void)
{
	struct tmodel_profile p;

	tmodel_profile_init(&p);
	p.capacity_bytes = 1 << 20;
	p.read_bps = 1000000000;
	p.write_bps = 100000000;
	return p;
}

/* Layers, last norm and lm_head are read, of the embedding nothing that counts. */
static void a_step_reads_weights_and_kv(void **state)
{
	const struct capacity_shard one = { 1, 1, 1 };
	const struct decode_batch batch = { .sequences = 3, .tokens = 10, .written = 4 };
	struct model_config m = tiny();
	struct decode_traffic t = decode_traffic(&m, &one, 0, &batch);

	(void)state;
	assert_true(t.weights == 2 * 704 + 16 + 160);
	assert_true(t.kv_read == 3 * 10 * 32);
	assert_true(t.kv_written == 3 * 4 * 32);
}

/* A window bounds what is read; what is decoded is written in all layers. */
static void windows_bound_reads(void **state)
{
	const struct capacity_shard one = { 1, 1, 1 };
	const struct decode_batch batch = { .sequences = 1, .tokens = 10, .written = 1 };
	struct model_config m = tiny();
	struct decode_traffic t;

	(void)state;
	m.local_window = 4;
	m.global_every = 2;
	t = decode_traffic(&m, &one, 0, &batch);
	assert_true(t.kv_read == (4 + 10) * 16);
	assert_true(t.kv_written == 32);
}

/* One expert of 3 x 8 x 5 numbers of four works on a token; of two groups one token each. */
static void experts_are_read_when_tokens_choose_them(void **state)
{
	const struct capacity_shard groups = { 1, 1, 2 };
	struct decode_batch batch = { .sequences = 1, .tokens = 0, .written = 0 };
	struct model_config m = tiny();
	double common = 2 * (192 + 16 + 32) * 2 + 16 + 160;
	double experts = 2 * 4 * 120 * 2 / 2.0;
	struct decode_traffic t;

	(void)state;
	m.experts = 4;
	m.top_k = 1;
	m.expert_ffn = 5;
	t = decode_traffic(&m, &groups, 0, &batch);
	assert_near(t.weights, common + experts * (1 - 0.75 * 0.75));
	batch.sequences = 1000;
	t = decode_traffic(&m, &groups, 0, &batch);
	assert_near(t.weights, common + experts);
}

static void the_slowest_tier_bounds_a_stage(void **state)
{
	const struct decode_traffic t = { .weights = 1000, .kv_read = 600, .kv_written = 30 };
	const struct tmodel_profile p = memory();
	struct decode_tier tiers[] = {
		{ .stack = &p, .stacks = 1, .weights = 1, .kv = 0 },
		{ .stack = &p, .stacks = 1, .weights = 0, .kv = 1 },
	};

	(void)state;
	/* Writes are ten times slower than reads: 600 + 300. */
	assert_int_equal(decode_stage_ns(&t, tiers, 2), 1000);
	assert_int_equal(decode_stage_ns(&t, &tiers[1], 1), 900);
	tiers[0].stacks = 2;
	assert_int_equal(decode_stage_ns(&t, tiers, 2), 900);
	tiers[0].kv = 0.5;
	tiers[1].kv = 0.5;
	/* (1000 + 300) / 2 + 15 x 10 / 2, rounded up to whole bytes of each stack */
	assert_int_equal(decode_stage_ns(&t, tiers, 1), 650 + 80);
}

static void flash_is_sensed_once(void **state)
{
	const struct decode_traffic t = { .weights = 1000 };
	struct tmodel_profile p = memory();
	const struct decode_tier tier = { .stack = &p, .stacks = 1, .weights = 1, .kv = 1 };

	(void)state;
	p.page_read_ns = 3000;
	assert_int_equal(decode_stage_ns(&t, &tier, 1), 4000);
}

/* Two microbatches of 2: each stage reads its weights and half of the KV, one after the other. */
static void a_token_passes_all_stages(void **state)
{
	const struct capacity_shard one = { 1, 1, 1 }, two = { 1, 2, 1 };
	const struct decode_batch batch = { .sequences = 4, .tokens = 10, .written = 0 };
	const struct tmodel_profile p = memory();
	const struct decode_tier tier = { .stack = &p, .stacks = 1, .weights = 1, .kv = 1 };
	struct model_config m = tiny();
	double weights = 2 * 704 + 16 + 160, kv = 4 * 10 * 32;

	(void)state;
	assert_near(decode_tpot_seconds(&m, &one, &tier, 1, &batch),
		    (weights + kv) / 1e9);
	assert_near(decode_tpot_seconds(&m, &two, &tier, 1, &batch),
		    (weights + kv / 2) / 1e9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_reads_weights_and_kv),
		cmocka_unit_test(windows_bound_reads),
		cmocka_unit_test(experts_are_read_when_tokens_choose_them),
		cmocka_unit_test(the_slowest_tier_bounds_a_stage),
		cmocka_unit_test(flash_is_sensed_once),
		cmocka_unit_test(a_token_passes_all_stages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
