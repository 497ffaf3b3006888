// SPDX-License-Identifier: LGPL-2.1-or-later
/* The roofline over tiers and bounds of throughput: by hand, limits, and the integer model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <math.h>
#include <string.h>

#include "engine/profile.h"
#include "sim/bound.h"
#include "sim/models.h"
#include "sim/precision.h"
#include "sim/roofline.h"

/* 800 bytes of weights, 80 and 40 of activations, 160 and 16 of KV. */
static const struct sim_operator op = {
	.name = "op", .times = 1, .ops = 1000, .bits = { 6400, 640, 320, 1280, 128 },
};

static void near(double value, double expected)
{
	if (fabs(value - expected) > fabs(expected) * 0.000000000001)
		fail_msg("%.15g is not %.15g", value, expected);
}

/* Half of the weights and all KV on a slower tier that writes slower still. */
static struct roofline two_tiers(void)
{
	return (struct roofline) {
		.peak_ops = 100,
		.n_tiers = 2,
		.tier[0] = { 100, 100, 0, { 0.5, 0, 1 } },
		.tier[1] = { 20, 4, 0, { 0.5, 1, 0 } },
	};
}

static void operator_by_hand(void **state)
{
	struct roofline r = two_tiers();
	struct roofline_time t = roofline_operator(&r, &op);

	(void)state;
	near(t.compute_s, 10);
	near(t.tier_s[0], 5.2);
	near(t.tier_s[1], 560 / 20.0 + 16 / 4.0);
	near(t.overlapped_s, 32);
	near(t.serial_s, 10 + 5.2 + 32);
	r.peak_ops = 0;
	assert_true(roofline_operator(&r, &op).compute_s == 0);
	r.n_tiers = 0;
	assert_true(roofline_operator(&r, &op).overlapped_s == 0);
}

/* One operator is bound by memory, the other by compute: together they overlap better. */
static void step_by_hand(void **state)
{
	struct operators ops = { .op = { op, { "busy", 3, 4000, { 0, 80, 0, 0, 0 } } }, .n = 2 };
	struct roofline r = two_tiers();
	struct roofline_step s = roofline_step(&r, &ops);

	(void)state;
	near(s.whole.compute_s, 10 + 120);
	near(s.whole.tier_s[0], 5.2 + 0.3);
	near(s.whole.tier_s[1], 32);
	near(s.by_operator_s, 32 + 120);
	near(s.whole.overlapped_s, 130);
	near(s.whole.serial_s, 130 + 5.5 + 32);
	r.tier[1].first_s = 2;
	r.tier[0].first_s = 0.5;
	s = roofline_step(&r, &ops);
	near(s.whole.tier_s[1], 34);
	near(s.by_operator_s, 32 + 120 + 2.5);
	/* A tier that is not touched exposes nothing. */
	r.tier[1] = (struct roofline_tier) { 20, 4, 2, { 0, 0, 0 } };
	near(roofline_step(&r, &ops).by_operator_s, 10 + 120 + 0.5);
}

/* For real models: bounds are in order, and a faster tier is never slower. */
static void bounds_are_in_order(void **state)
{
	const struct number_bits bits = { 8, 16, 8 };
	struct step_shape step = { STEP_DECODE, 1, 1, 2000 };
	struct roofline r = two_tiers();
	struct roofline_step slow, fast;
	struct engine_error e = {};
	struct model_config m;
	struct operators ops;

	(void)state;
	if (sim_model_find("mixtral-8x7b", MODEL_BF16, &m, &e))
		fail_msg("%s", e.text);
	for (; step.batch <= 1024; step.batch *= 4) {
		assert_int_equal(operators_of_step(&m, &step, &bits, OPERATORS_EXACT, &ops, &e), 0);
		r.tier[1].read_bps = 20;
		slow = roofline_step(&r, &ops);
		assert_true(slow.whole.overlapped_s <= slow.by_operator_s);
		assert_true(slow.by_operator_s <= slow.whole.serial_s);
		r.tier[1].read_bps = 40;
		fast = roofline_step(&r, &ops);
		assert_true(fast.by_operator_s <= slow.by_operator_s);
		assert_true(fast.whole.serial_s < slow.whole.serial_s);
	}
}

static void places_in_order(void **state)
{
	double room[2] = { 1000, 300 };
	struct roofline r = { .n_tiers = 2 };

	(void)state;
	assert_true(roofline_place(&r, ROOFLINE_WEIGHTS, 800, room) == 0);
	assert_true(roofline_place(&r, ROOFLINE_KV, 400, room) == 0);
	near(r.tier[0].share[ROOFLINE_WEIGHTS], 1);
	near(r.tier[1].share[ROOFLINE_WEIGHTS], 0);
	near(r.tier[0].share[ROOFLINE_KV], 0.5);
	near(r.tier[1].share[ROOFLINE_KV], 0.5);
	near(room[1], 100);
	assert_true(roofline_place(&r, ROOFLINE_ACTIVATIONS, 250, room) == 150);
	near(r.tier[1].share[ROOFLINE_ACTIVATIONS], 0.4);
	assert_true(roofline_place(&r, ROOFLINE_KV, 0, room) == 0);
	near(r.tier[0].share[ROOFLINE_KV], 0);
}

/* A read of whole chunks takes as long as in the model that the kernel has as well. */
static void expect_the_models_time(const struct tmodel_profile *p)
{
	__u64 chunk = p->page_bytes ? p->page_bytes * p->channels : 4096, bytes, roundings;
	struct tmodel_sat sat = {};
	struct roofline_tier t = {};
	double seconds, modelled;

	roofline_tier_of_profile(p, &t);
	for (bytes = chunk; bytes < 1ULL << 36; bytes *= 8) {
		seconds = bytes / t.read_bps + t.first_s;
		modelled = (tmodel_transfer_ns(p, TMODEL_READ, bytes, 1000, &sat) +
			    tmodel_exposed_ns(p, TMODEL_READ, bytes, 1000, &sat)) / 1e9;
		/* Whole nanoseconds, rounded up once for each chunk at most. */
		roundings = bytes / chunk + 2;
		assert_true(fabs(seconds - modelled) <= roundings * 0.000000001);
	}
	assert_int_equal(sat.count, 0);
}

static void profiles_read_as_the_model(void **state)
{
	struct engine_error e = {};
	struct engine_profile p;
	glob_t files;
	size_t i;

	(void)state;
	assert_int_equal(glob("user/profiles/*.ini", 0, NULL, &files), 0);
	for (i = 0; i < files.gl_pathc; i++) {
		if (engine_profile_read(files.gl_pathv[i], &p, &e))
			fail_msg("%s", e.text);
		expect_the_models_time(&p.model);
	}
	globfree(&files);
}

/* Sensing takes 10 us, a chunk 4.096 us on the bus: what is left of sensing shows. */
static void sensing_bounds_reads(void **state)
{
	const struct tmodel_profile p = {
		.read_bps = 1000000000, .write_bps = 1000000, .read_latency_ns = 500,
		.page_read_ns = 10000, .page_bytes = 4096, .channels = 1,
	};
	struct roofline_tier t = {};

	(void)state;
	roofline_tier_of_profile(&p, &t);
	near(t.read_bps, 4096 / 0.00001);
	near(t.first_s, 0.000004596);
	near(t.write_bps, 1e6);
	expect_the_models_time(&p);
}

/* 100 weights of half a byte, a node of two devices. */
static void bounds_by_hand(void **state)
{
	const struct bound_node node = { 2, 1e6, 1000, 40000 };
	struct bound_model m = {
		.config = {
			.layers = 1, .hidden = 8, .heads = 4, .kv_heads = 2, .head_dim = 2,
			.ffn = 16, .vocab = 10, .moe_every = 1, .kv_dtype = MODEL_BF16,
		},
		.weight_bits = 4, .kv_bits = 8,
	};
	/* Attention 192, FFN 384, norms 24, lm_head 80; and the embedding. */
	double work = 192 + 384 + 24 + 80, all = work + 80;
	double kv = 8 * (30 + 10 / 2.0), batch = (80000 - all / 2) / kv;
	double compute = batch * 2 * work / 2e6;

	(void)state;
	/* The row of the token's embedding is read too. */
	near(bound_stream(&m, &node, 1), 2000 / ((work + 8) / 2));
	near(bound_stream(&m, &node, 4), 4 * 2000 / ((work + 32) / 2));
	assert_true(bound_stream(&m, &node, 0) == 0);
	near(bound_serving(&m, &node, 30, 10),
	     batch * 10 / (10 * fmax(80000 / 2000.0, compute) + 30 * compute));
	near(bound_compute(&m, &node, 30, 10), 2e6 / (2 * work) / 4);
	m.weight_bits = 4096;
	assert_true(bound_serving(&m, &node, 30, 10) == 0);
}

static void precisions(void **state)
{
	struct precision p;

	(void)state;
	assert_true(precision_parse("bf16", &p) && p.weight_bits == 16 &&
		    p.dtype == ACCELERATOR_BF16);
	assert_true(precision_parse("int8 w-only", &p) && p.weight_bits == 8 &&
		    p.dtype == ACCELERATOR_BF16);
	assert_true(precision_parse("int4 g32 w-only", &p) && p.weight_bits == 4);
	assert_true(precision_parse("fp4", &p) && p.dtype == ACCELERATOR_FP4);
	assert_false(precision_parse("", &p));
	assert_false(precision_parse("fp", &p));
	assert_false(precision_parse("fp80", &p));
	assert_false(precision_parse("q4_k_m", &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operator_by_hand),
		cmocka_unit_test(step_by_hand),
		cmocka_unit_test(bounds_are_in_order),
		cmocka_unit_test(places_in_order),
		cmocka_unit_test(profiles_read_as_the_model),
		cmocka_unit_test(sensing_bounds_reads),
		cmocka_unit_test(bounds_by_hand),
		cmocka_unit_test(precisions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
