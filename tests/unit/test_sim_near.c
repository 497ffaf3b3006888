// SPDX-License-Identifier: LGPL-2.1-or-later
/* Processing near memory: shards, what crosses the link, who can do what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "sim/near.h"

#define EXACT	0.000000000001

static void near_to(double ours, double expected)
{
	if (!(fabs(ours - expected) <= EXACT * fabs(expected)))
		fail_msg("%.12g is not %.12g", ours, expected);
}

/* 1 TB/s and 1 TFLOP/s inside, 50 GB/s to the outside. */
static struct near_module module_of(enum near_kind kind, uint64_t shard_bytes)
{
	struct near_module m;

	near_init(&m, kind);
	m.array_bps = 1000000000000;
	m.flops = 1000000000000;
	m.link_bps = 50000000000;
	if (shard_bytes)
		m.shard_bytes = shard_bytes;
	assert_int_equal(near_check(&m, "test", NULL), 0);
	return m;
}

/* Llama-3-70B in fp8: 70.6 GB, as one and as 80 layers. */
static void test_llama(void **state)
{
	struct near_module m = module_of(NEAR_PNM, 0);
	struct near_fit f = near_fit(&m, 1, 70600000000);

	(void)state;
	assert_int_equal(f.shards, 3);
	assert_int_equal(f.pieces, 3);
	assert_int_equal(f.whole, 0);
	f = near_fit(&m, 80, 882500000);
	assert_int_equal(f.shards, 3);
	assert_int_equal(f.pieces, 1);
	assert_int_equal(f.whole, 3);
	m = module_of(NEAR_PNM, 16000000000);
	assert_int_equal(near_fit(&m, 80, 882500000).shards, 5);
	assert_int_equal(near_fit(&m, 80, 882500000).whole, 5);
	m = module_of(NEAR_PIM, 64000000);
	f = near_fit(&m, 80, 882500000);
	assert_int_equal(f.shards, 1104);
	assert_int_equal(f.pieces, 14);
	assert_int_equal(f.whole, 0);
}

static void test_fit_edges(void **state)
{
	struct near_module m = module_of(NEAR_PIM, 64000000);
	struct near_fit f = near_fit(&m, 1, 64000000);

	(void)state;
	assert_int_equal(f.shards, 1);
	assert_int_equal(f.pieces, 1);
	assert_int_equal(f.whole, 1);
	f = near_fit(&m, 1, 64000001);
	assert_int_equal(f.shards, 2);
	assert_int_equal(f.pieces, 2);
	assert_int_equal(f.whole, 0);
	/* Two parts fit into a shard, a quarter of which stays empty. */
	f = near_fit(&m, 9, 24000000);
	assert_int_equal(f.shards, 4);
	assert_int_equal(f.whole, 5);
	assert_int_equal(near_fit(&m, UINT64_MAX, UINT64_MAX).shards, UINT64_MAX);
}

static void test_gemv(void **state)
{
	struct near_module m = module_of(NEAR_PIM, 0);
	struct near_work w = near_gemv(1000, 2000, 1, 1);

	(void)state;
	near_to(w.array, 2000000);
	near_to(w.far, 2000000);
	near_to(w.near, 3000);
	near_to(w.operations, 4000000);
	near_to(near_far_seconds(&m, &w), 2000000 / m.link_bps);
	/* Computing takes twice the reading. */
	near_to(near_seconds(&m, &w), 4000000 / m.flops + 3000 / m.link_bps);
	m.flops *= 4;
	near_to(near_seconds(&m, &w), 2000000 / m.array_bps + 3000 / m.link_bps);
	/* Many vectors are better computed where more logic is. */
	w = near_gemv(1000, 2000, 1000, 1);
	assert_true(near_seconds(&m, &w) > near_far_seconds(&m, &w));
	near_to(near_saved_joules(&w, 1000), (2000000 - 3000000) * 8.0 / 1000000000000);
}

static void test_attention(void **state)
{
	struct near_work w = near_attention(1000, 64, 8, 128, 2);

	(void)state;
	near_to(w.array, 2 * 1000 * 8 * 128 * 2);
	near_to(w.near, 2 * 64 * (128 * 2 + 4));
	near_to(w.operations, 4 * 1000 * 64 * 128);
}

static void test_top_k(void **state)
{
	struct near_module m = module_of(NEAR_PNM, 0);
	struct near_work w = near_top_k(10000, 4096, 16, 256, 2);

	(void)state;
	near_to(w.far, 10000 * 4096);
	near_to(w.near, 256 + 16 * 4096 + 16 * 8);
	near_to(w.operations, 10000 * 4096);
	assert_true(near_seconds(&m, &w) < near_far_seconds(&m, &w));
	w = near_top_k(8, 4096, 16, 256, 2);
	near_to(w.near, 256 + 8 * 4096 + 8 * 8);
}

static void test_gather(void **state)
{
	struct near_work w = near_gather(100, 72, 64);

	(void)state;
	near_to(w.far, 100 * 128);
	near_to(w.near, 100 * 80);
	near_to(near_saved_joules(&w, 4000), 4800 * 8 * 4.0 / 1000000000000);
}

static void test_operators(void **state)
{
	struct near_module pnm = module_of(NEAR_PNM, 0), pim = module_of(NEAR_PIM, 0);
	struct near_work w = near_top_k(100, 4096, 1, 256, 2);
	enum near_operator o;

	(void)state;
	for (o = 0; o < NEAR_OPERATORS; o++)
		assert_true(near_can(&pnm, o));
	assert_true(near_can(&pim, NEAR_GEMV) && near_can(&pim, NEAR_ATTENTION));
	assert_false(near_can(&pim, NEAR_TOP_K) || near_can(&pim, NEAR_GATHER));
	assert_true(isinf(near_seconds(&pim, &w)));
}

static void check_refused(struct near_module m, const char *const *words)
{
	struct engine_error e;

	assert_int_equal(near_check(&m, "near", &e), -EINVAL);
	for (; *words; words++)
		if (!strstr(e.text, *words))
			fail_msg("'%s' does not hold '%s'", e.text, *words);
}

#define CHECK_REFUSED(m, ...) \
	check_refused(m, (const char *const []) { "near: ", __VA_ARGS__, NULL })

static void test_refused(void **state)
{
	struct near_module m = module_of(NEAR_PIM, 0);

	(void)state;
	m.shard_bytes = 1000000000;
	CHECK_REFUSED(m, "pim", "1000000000 bytes", "from 32000000 to 67108864");
	m = module_of(NEAR_PNM, 0);
	m.shard_bytes = 64000000;
	CHECK_REFUSED(m, "pnm", "from 16000000000");
	m = module_of(NEAR_PIM, 0);
	m.operators |= 1 << NEAR_TOP_K;
	CHECK_REFUSED(m, "pim cannot do top_k");
	m = module_of(NEAR_PNM, 0);
	m.operators |= 1 << NEAR_OPERATORS;
	CHECK_REFUSED(m, "no name");
	m = module_of(NEAR_PNM, 0);
	m.link_bps = 0;
	CHECK_REFUSED(m, "link_bps is 0", "more than 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_llama), cmocka_unit_test(test_fit_edges),
		cmocka_unit_test(test_gemv), cmocka_unit_test(test_attention),
		cmocka_unit_test(test_top_k), cmocka_unit_test(test_gather),
		cmocka_unit_test(test_operators), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
