// SPDX-License-Identifier: LGPL-2.1-or-later
/* Checked arithmetic against the compiler's 128-bit integers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../modules/model_random.h"

static void test_muldiv_small(void **state)
{
	struct tmodel_sat sat = {};

	(void)state;
	assert_int_equal(tmodel_muldiv(7, 3, 2, TMODEL_DOWN, &sat), 10);
	assert_int_equal(tmodel_muldiv(7, 3, 2, TMODEL_UP, &sat), 11);
	assert_int_equal(tmodel_muldiv(6, 3, 2, TMODEL_UP, &sat), 9);
	assert_int_equal(tmodel_muldiv(0, TMODEL_U64_MAX, 1, TMODEL_UP, &sat), 0);
	assert_int_equal(tmodel_muldiv(0, 0, TMODEL_U64_MAX, TMODEL_UP, &sat), 0);
	assert_int_equal(sat.count, 0);
}

static void test_muldiv_limits(void **state)
{
	struct tmodel_sat sat = {};

	(void)state;
	/* The largest quotients that fit. */
	assert_true(tmodel_muldiv(TMODEL_U64_MAX, TMODEL_U64_MAX, TMODEL_U64_MAX, TMODEL_UP, &sat)
		    == TMODEL_U64_MAX);
	assert_true(tmodel_muldiv(TMODEL_U64_MAX, 1ULL << 63, 1ULL << 63, TMODEL_DOWN, &sat)
		    == TMODEL_U64_MAX);
	assert_true(tmodel_muldiv(TMODEL_U64_MAX, 2, 3, TMODEL_DOWN, &sat)
		    == 0xaaaaaaaaaaaaaaaaULL);
	assert_int_equal(sat.count, 0);

	/* One beyond. */
	assert_true(tmodel_muldiv(1ULL << 32, 1ULL << 32, 1, TMODEL_DOWN, &sat) == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 1);
	/* (2^64 - 1) x 3 / 2 needs 65 bits. */
	assert_true(tmodel_muldiv(TMODEL_U64_MAX, 3, 2, TMODEL_DOWN, &sat) == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 2);
}

static void test_muldiv_by_zero(void **state)
{
	struct tmodel_sat sat = {};

	(void)state;
	assert_true(tmodel_muldiv(1, 1, 0, TMODEL_DOWN, &sat) == TMODEL_U64_MAX);
	assert_true(tmodel_muldiv(0, 0, 0, TMODEL_UP, &sat) == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 2);
}

static void test_rounding_up_saturates(void **state)
{
	/* 2^65 - 1 = 31 x 1190112520884487201; half of it is 2^64 - 1 and a half. */
	const __u64 factor = 1190112520884487201ULL;
	struct tmodel_sat sat = {};

	(void)state;
	assert_true(tmodel_muldiv(31, factor, 2, TMODEL_DOWN, &sat) == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 0);
	assert_true(tmodel_muldiv(31, factor, 2, TMODEL_UP, &sat) == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 1);
}

static void test_add(void **state)
{
	struct tmodel_sat sat = {};

	(void)state;
	assert_int_equal(tmodel_add(2, 3, &sat), 5);
	assert_true(tmodel_add(TMODEL_U64_MAX, 0, &sat) == TMODEL_U64_MAX);
	assert_true(tmodel_add(TMODEL_U64_MAX - 3, 3, &sat) == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 0);
	assert_true(tmodel_add(TMODEL_U64_MAX, 1, &sat) == TMODEL_U64_MAX);
	assert_true(tmodel_add(1ULL << 63, 1ULL << 63, &sat) == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 2);
}

static void test_count_saturates(void **state)
{
	struct tmodel_sat sat = { .count = TMODEL_U64_MAX - 1 };

	(void)state;
	tmodel_add(TMODEL_U64_MAX, 1, &sat);
	assert_true(sat.count == TMODEL_U64_MAX);
	tmodel_add(TMODEL_U64_MAX, 1, &sat);
	tmodel_muldiv(1, 1, 0, TMODEL_DOWN, &sat);
	assert_true(sat.count == TMODEL_U64_MAX);
}

static void check_muldiv(__u64 a, __u64 b, __u64 c, enum tmodel_round round)
{
	__uint128_t product = (__uint128_t)a * b;
	struct tmodel_sat sat = {};
	__uint128_t expected;
	__u64 got = tmodel_muldiv(a, b, c, round, &sat);

	if (!c) {
		assert_int_equal(sat.count, 1);
		return;
	}
	expected = product / c + (round == TMODEL_UP && product % c);
	if (expected > TMODEL_U64_MAX) {
		assert_true(got == TMODEL_U64_MAX);
		assert_int_equal(sat.count, 1);
	} else {
		assert_true(got == (__u64)expected);
		assert_int_equal(sat.count, 0);
	}
}

static void test_muldiv_random(void **state)
{
	struct model_random r = { .state = 1 };
	int i;

	(void)state;
	for (i = 0; i < 1000000; i++) {
		__u64 a = model_random_any(&r);
		__u64 b = model_random_any(&r);
		__u64 c = model_random_any(&r);

		check_muldiv(a, b, c, i & 1 ? TMODEL_UP : TMODEL_DOWN);
	}
}

/* Words of all ones and single bits hit the corrections of the long division. */
static void test_muldiv_edges(void **state)
{
	__u64 words[4 * 64];
	struct model_random r = { .state = 2 };
	int i;

	(void)state;
	for (i = 0; i < 64; i++) {
		words[4 * i] = 1ULL << i;
		words[4 * i + 1] = (1ULL << i) - 1;
		words[4 * i + 2] = ~(1ULL << i);
		words[4 * i + 3] = ~((1ULL << i) - 1);
	}
	for (i = 0; i < 1000000; i++) {
		__u64 pick = model_random_next(&r);

		check_muldiv(words[pick >> 56], words[pick >> 48 & 255], words[pick >> 40 & 255],
			     i & 1 ? TMODEL_UP : TMODEL_DOWN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_muldiv_small),
		cmocka_unit_test(test_muldiv_limits),
		cmocka_unit_test(test_muldiv_by_zero),
		cmocka_unit_test(test_rounding_up_saturates),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_count_saturates),
		cmocka_unit_test(test_muldiv_random),
		cmocka_unit_test(test_muldiv_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
