// SPDX-License-Identifier: LGPL-2.1-or-later
/* Time and bytes of a step on devices, with a model small enough to count by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "shard_fixture.h"

#define CLASS(c)	(1U << TERRACE_CLASS_##c)
#define US		1000
#define S_IN_US		1e6

static const struct serve_step decode = {
	.decodes = 1, .decode_context = 5, .sampled = 1,
};

static uint64_t once(const struct sim_system *s, const struct model_config *m,
		     struct shard_options o, const struct serve_step *step)
{
	struct shard shard;
	uint64_t ns;

	shard_must_init(&shard, s, m, o);
	ns = shard_step_ns(&shard, step, 1);
	shard_free(&shard);
	return ns;
}

/* Times are rounded up, of sums that may be a little more than their parts. */
static void assert_us(uint64_t ns, uint64_t us)
{
	assert_in_range(ns, us * US, us * US + 1);
}

static double sum(double (*bytes)[ROOFLINE_CLASSES], int class)
{
	double all = 0;

	for (int i = 0; i < TMODEL_TIERS_MAX; i++)
		all += bytes[i][class];
	return all;
}

static void decode_is_bytes_by_bandwidth(void **state)
{
	struct model_config m = shard_tiny();
	struct sim_system s;

	(void)state;
	shard_system(&s, 1);
	/* Weights and a row, KV of 5 tokens read and of one written. */
	assert_us(once(&s, &m, shard_tiny_options(1, 1, 1), &decode), 2672 + 16 + 5 * 96 + 96);
	s.tiers.tiers[1].profile.read_latency_ns = 7 * US;
	assert_us(once(&s, &m, shard_tiny_options(1, 1, 1), &decode), 3264 + 7);
}

static void bandwidth_and_software_cost_time(void **state)
{
	struct shard_options o = shard_tiny_options(1, 1, 1);
	struct model_config m = shard_tiny();
	struct sim_system s;

	(void)state;
	shard_system(&s, 1);
	o.bandwidth_permille = 500;
	assert_us(once(&s, &m, o, &decode), 2 * 3264);
	o.overhead_ns = 11 * US;
	assert_us(once(&s, &m, o, &decode), 2 * 3264 + 11);
}

static struct calibration calibration(void)
{
	struct calibration c = { .collective_permille = 1000 };

	for (int i = 0; i < CALIBRATION_KINDS; i++) {
		c.compute_permille[i] = 1000;
		c.bandwidth_permille[i] = 1000;
	}
	return c;
}

/* Kinds of operators one after the other, each with what it reaches, and what is fixed. */
static void a_calibration_adds_up_kinds(void **state)
{
	struct calibration c = calibration();
	struct shard_options o = shard_tiny_options(1, 1, 1);
	struct model_config m = shard_tiny();
	struct sim_system s;

	(void)state;
	shard_system(&s, 1);
	o.calibration = &c;
	assert_us(once(&s, &m, o, &decode), 2672 + 16 + 5 * 96 + 96);
	c.bandwidth_permille[CALIBRATION_GEMM] = 500;
	c.bandwidth_permille[CALIBRATION_DECODE_ATTENTION] = 250;
	assert_us(once(&s, &m, o, &decode), 2 * (2672 + 16 + 96) + 4 * 5 * 96);
	c.layer_ns = US;
	c.step_ns = 11 * US;
	assert_us(once(&s, &m, o, &decode), 2 * (2672 + 16 + 96) + 4 * 5 * 96 + 3 + 11);
}

/* Operations alone take time. */
static void a_calibration_replaces_the_efficiency(void **state)
{
	struct calibration c = calibration();
	struct shard_options o = shard_tiny_options(1, 1, 1);
	struct model_config m = shard_tiny();
	const struct serve_step many = {
		.decodes = 8, .decode_context = 40, .sampled = 8,
	};
	struct sim_system s;
	uint64_t whole, half;

	(void)state;
	shard_system(&s, 1);
	s.tiers.tiers[1].profile.read_bps = 1000000000000000ULL;
	s.tiers.tiers[1].profile.write_bps = 1000000000000000ULL;
	s.tiers.accel.peak_flops = 1000000000;
	s.tiers.accel.efficiency_permille = 500;
	half = once(&s, &m, o, &many);
	o.calibration = &c;
	whole = once(&s, &m, o, &many);
	assert_in_range(half, 2 * whole - 2, 2 * whole + 2);
	for (int i = 0; i < CALIBRATION_KINDS; i++)
		c.compute_permille[i] = 500;
	assert_in_range(once(&s, &m, o, &many), half - 2, half + 2);
}

static void serial_is_the_sum(void **state)
{
	struct shard_options o = shard_tiny_options(1, 1, 1);
	struct model_config m = shard_tiny();
	struct sim_system s;
	uint64_t tiers, both;

	(void)state;
	shard_system(&s, 1);
	tiers = once(&s, &m, o, &decode);
	s.tiers.accel.peak_flops = 1000000;
	o.serial = true;
	both = once(&s, &m, o, &decode);
	o.serial = false;
	s.tiers.tiers[1].profile.read_bps = 1000000000000000ULL;
	s.tiers.tiers[1].profile.write_bps = 1000000000000000ULL;
	assert_in_range(both, tiers + once(&s, &m, o, &decode) - 10,
			tiers + once(&s, &m, o, &decode) + 10);
}

static void tensor_parallel_halves(void **state)
{
	struct model_config m = shard_tiny();
	struct sim_system s;

	(void)state;
	shard_system(&s, 2);
	assert_us(once(&s, &m, shard_tiny_options(2, 1, 1), &decode), 3264 / 2);
	/* Half of the weights, but all KV where heads cannot be split: attention is smaller. */
	m.kv_heads = 1;
	assert_us(once(&s, &m, shard_tiny_options(2, 1, 1), &decode), (2288 + 16) / 2 + 6 * 48);
}

/* Of two all-reduces a layer and a gather of logits: 7 operations of a launch each. */
static void collectives_come_on_top(void **state)
{
	struct model_config m = shard_tiny();
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 2);
	s.network.launch_ns = 10 * US;
	shard_must_init(&shard, &s, &m, shard_tiny_options(2, 1, 1));
	assert_in_range(shard_step_ns(&shard, &decode, 1), 1702 * US, 1702 * US + 5);
	assert_true(shard.sums.network_s * S_IN_US > 69.99);
	assert_true(shard.sums.network_s * S_IN_US < 70.01);
	shard_free(&shard);
}

/* Stages of one and two layers: the second takes 2 x 832 + 176 and KV of two layers. */
static void stages_work_on_microbatches(void **state)
{
	const struct serve_step two = { .decodes = 2, .decode_context = 10, .sampled = 2 };
	struct model_config m = shard_tiny();
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 2);
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 2, 1));
	assert_us(shard_step_ns(&shard, &two, 1), 2 * (2 * 832 + 176 + 6 * 64));
	/* Each of the two microbatches reads all weights. */
	assert_true(sum(shard.sums.bytes.read, ROOFLINE_WEIGHTS) == 2 * (2672 + 16));
	shard_free(&shard);
	/* One request alone passes one stage after the other. */
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 2, 1));
	assert_us(shard_step_ns(&shard, &decode, 1), 2 * (2 * 832 + 176 + 6 * 64));
	assert_true(sum(shard.sums.bytes.read, ROOFLINE_WEIGHTS) == 2672 + 16);
	shard_free(&shard);
}

/* 2 x (3 x 416 + 8) a token, 2 x 80 for its logits, 4 x 8 x 3 for each of 5 tokens. */
static void operations_bound_a_step(void **state)
{
	struct model_config m = shard_tiny();
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 1);
	s.tiers.accel.peak_flops = 1000000;
	s.tiers.accel.efficiency_permille = 500;
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	assert_us(shard_step_ns(&shard, &decode, 1), 2 * (2512 + 160 + 480));
	assert_true(shard.sums.ops == 3152);
	assert_true(shard.sums.compute_s * S_IN_US > 6303.999);
	assert_true(shard.sums.compute_s * S_IN_US < 6304.001);
	assert_true(shard.sums.serial_s * S_IN_US > 6304 + 3264);
	assert_true(shard.sums.serial_s * S_IN_US < 6304 + 3264 + 1);
	shard_free(&shard);
	/* FP8 has half of the bytes and twice the operations a second. */
	m.weight_dtype = MODEL_FP8;
	assert_us(once(&s, &m, shard_tiny_options(1, 1, 1), &decode), 3152);
}

/* A piece of 4 tokens that ends at 6: they attend to 3 + 4 + 5 + 6, KV of 6 tokens is read once. */
static void a_piece_reads_its_context_once(void **state)
{
	const struct serve_step piece = {
		.prefill_tokens = 4, .prefill_context = 18, .prefills = 1,
	};
	struct model_config m = shard_tiny();
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 1);
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	assert_us(shard_step_ns(&shard, &piece, 1), 2672 + 4 * 16 + 6 * 96 + 4 * 96);
	assert_true(sum(shard.sums.bytes.read, ROOFLINE_KV) == 6 * 96);
	assert_true(sum(shard.sums.bytes.written, ROOFLINE_KV) == 4 * 96);
	shard_free(&shard);
}

/* KV has 31/32 of what weights leave, 288 bytes, in the first tier; the rest is in the second. */
static void bytes_by_tier_add_up(void **state)
{
	struct model_config m = shard_tiny();
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 1);
	s.tiers.tiers[1].profile.capacity_bytes = 160 + 2672 + 288;
	shard_add_tier(&s, "more", CLASS(KV), 1 << 20, 1000000);
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	assert_int_equal(shard.kv_blocks, (288 + (1 << 20)) * 31 / 32 / 96 / 4);
	shard_step_ns(&shard, &decode, 1);
	assert_true(shard.sums.bytes.read[1][ROOFLINE_WEIGHTS] == 2688);
	assert_true(shard.sums.bytes.read[1][ROOFLINE_KV] == 279);
	assert_true(shard.sums.bytes.read[2][ROOFLINE_KV] == 480 - 279);
	assert_true(sum(shard.sums.bytes.read, ROOFLINE_KV) == 480);
	assert_true(sum(shard.sums.bytes.written, ROOFLINE_KV) > 95.999);
	assert_true(sum(shard.sums.bytes.written, ROOFLINE_KV) < 96.001);
	shard_free(&shard);
}

/* 4 experts of 3 x 8 x 6, one chosen: a token reads one, of two groups' tokens 1.75 are. */
static void experts_are_read_when_chosen(void **state)
{
	const struct serve_step none = { 0 }, both[] = { decode, decode }, one[] = { decode, none };
	struct model_config m = shard_tiny();
	struct sim_system s;
	struct shard shard;
	double rest = 2672 - 3 * 288 + 3 * 64 + 16;

	(void)state;
	m.experts = 4;
	m.top_k = 1;
	m.expert_ffn = 6;
	shard_system(&s, 1);
	assert_us(once(&s, &m, shard_tiny_options(1, 1, 1), &decode),
		  (uint64_t)rest + 3 * 288 + 6 * 96);
	shard_system(&s, 2);
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 2));
	assert_us(shard_step_ns(&shard, both, 2),
		  (uint64_t)rest + 3 * 288 * 7 / 8 + 6 * 96);
	shard_free(&shard);
	/* The group without requests reads its half of the expert. */
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 2));
	shard_step_ns(&shard, one, 2);
	assert_true(sum(shard.sums.bytes.read, ROOFLINE_WEIGHTS) == rest + 2 * (3 * 288 / 2));
	shard_free(&shard);
}

/* Alone a device needs no network; between several, no time is a number without bandwidth. */
static void a_network_without_bandwidth_is_refused(void **state)
{
	struct shard_options o = shard_tiny_options(2, 1, 1);
	struct model_config m = shard_tiny();
	struct engine_error e;
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 2);
	network_init(&s.network);
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), -22);
	assert_non_null(strstr(e.text, "link_bps is 0: it must be from 1"));
	shard_free(&shard);
	s.devices = 1;
	o.shard.tp = 1;
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), 0);
	shard_free(&shard);
}

static void what_does_not_fit_is_said(void **state)
{
	struct shard_options o = shard_tiny_options(1, 1, 1);
	struct model_config m = shard_tiny();
	struct engine_error e;
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 1);
	s.tiers.tiers[1].profile.capacity_bytes = 160 + 2672 - 1;
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), -28);
	assert_non_null(strstr(e.text, "memory of a device lack 1 bytes for 2832 bytes of"));
	shard_free(&shard);
	s.tiers.tiers[1].profile.capacity_bytes = 160 + 2672 + 4 * 96 - 1;
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), -28);
	assert_non_null(strstr(e.text, "KV of one block"));
	shard_free(&shard);
	s.tiers.tiers[1].classes = CLASS(KV);
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), -18);
	assert_non_null(strstr(e.text, "no tier allows the class weights"));
	shard_free(&shard);
	o.shard.tp = 3;
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), -22);
	shard_free(&shard);
}

static void the_layout_with_most_kv_is_chosen(void **state)
{
	struct shard_options o = shard_tiny_options(0, 0, 0);
	struct model_config m = shard_tiny();
	struct engine_error e;
	struct sim_system s;

	(void)state;
	shard_system(&s, 2);
	/* Copies of the weights would leave next to nothing. */
	s.tiers.tiers[1].profile.capacity_bytes = 4000;
	assert_int_equal(shard_choose(&s, &m, &o, &e), 0);
	assert_int_equal(o.shard.tp, 2);
	o.shard = (struct capacity_shard) { .pp = 2 };
	assert_int_equal(shard_choose(&s, &m, &o, &e), 0);
	assert_int_equal(o.shard.pp, 2);
	assert_int_equal(o.shard.tp, 1);
	o.shard = (struct capacity_shard) { .pp = 3 };
	assert_int_equal(shard_choose(&s, &m, &o, &e), -22);
	s.tiers.tiers[1].profile.capacity_bytes = 100;
	o.shard = (struct capacity_shard) { 0 };
	assert_int_equal(shard_choose(&s, &m, &o, &e), -28);
	assert_non_null(strstr(e.text, "TP 2 x PP 1 x DP 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_is_bytes_by_bandwidth),
		cmocka_unit_test(bandwidth_and_software_cost_time),
		cmocka_unit_test(a_calibration_adds_up_kinds),
		cmocka_unit_test(a_calibration_replaces_the_efficiency),
		cmocka_unit_test(serial_is_the_sum),
		cmocka_unit_test(tensor_parallel_halves),
		cmocka_unit_test(collectives_come_on_top),
		cmocka_unit_test(stages_work_on_microbatches),
		cmocka_unit_test(operations_bound_a_step),
		cmocka_unit_test(a_piece_reads_its_context_once),
		cmocka_unit_test(bytes_by_tier_add_up),
		cmocka_unit_test(experts_are_read_when_chosen),
		cmocka_unit_test(a_network_without_bandwidth_is_refused),
		cmocka_unit_test(what_does_not_fit_is_said),
		cmocka_unit_test(the_layout_with_most_kv_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
