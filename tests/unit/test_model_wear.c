// SPDX-License-Identifier: LGPL-2.1-or-later
/* Wear, lifetime and write budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../modules/model_random.h"

#define HOUR		3600000000000ULL
#define S_PER_YEAR	31557600ULL

/* A stack of 512 GB with 100,000 cycles and a target of five years. */
static struct tmodel_profile flash(void)
{
	struct tmodel_profile p;

	tmodel_profile_init(&p);
	p.capacity_bytes = 512000000000;
	p.endurance_cycles = 100000;
	p.lifetime_s = 5 * S_PER_YEAR;
	return p;
}

static void test_write(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_wear w;
	struct tmodel_sat sat = {};

	(void)state;
	tmodel_wear_init(&w, 5 * HOUR);
	assert_int_equal(w.online_ns, 5 * HOUR);
	assert_int_equal(tmodel_wear_day_bytes(&w, 5 * HOUR), 0);
	p.waf_permille = 1020;
	tmodel_wear_write(&w, &p, 5 * HOUR, 1000, &sat);
	assert_int_equal(w.host_bytes, 1000);
	assert_int_equal(w.media_bytes, 1020);
	assert_int_equal(tmodel_wear_day_bytes(&w, 5 * HOUR), 1020);
	/* A write by single bytes loses none of the amplification. */
	for (int i = 0; i < 1000; i++)
		tmodel_wear_write(&w, &p, 5 * HOUR, 1, &sat);
	assert_int_equal(w.media_bytes, 2040);
	assert_int_equal(tmodel_wear_day_bytes(&w, 5 * HOUR), 2040);
	assert_int_equal(sat.count, 0);
}

static void test_cycles(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_wear w;
	struct tmodel_sat sat = {};

	(void)state;
	tmodel_wear_init(&w, 0);
	tmodel_wear_write(&w, &p, 0, 256000000000, &sat);
	assert_int_equal(tmodel_wear_cycles_milli(&w, &p, &sat), 500);
	tmodel_wear_write(&w, &p, 0, 511000000, &sat);
	assert_int_equal(tmodel_wear_cycles_milli(&w, &p, &sat), 500);
	tmodel_wear_write(&w, &p, 0, 1000000, &sat);
	assert_int_equal(tmodel_wear_cycles_milli(&w, &p, &sat), 501);
	assert_int_equal(sat.count, 0);
}

static void test_day_ring(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_wear w;
	struct tmodel_sat sat = {};
	__u64 h;

	(void)state;
	tmodel_wear_init(&w, 0);
	/* Hour h writes 2^h bytes, so that every sum tells which hours are in it. */
	for (h = 0; h < 30; h++) {
		tmodel_wear_write(&w, &p, h * HOUR + HOUR / 2, 1ULL << h, &sat);
		assert_int_equal(tmodel_wear_day_bytes(&w, h * HOUR + HOUR / 2),
				 (2ULL << h) - 1 - (h < 24 ? 0 : (1ULL << (h - 23)) - 1));
	}
	/* Nothing is written any more: the old hours leave one by one. */
	assert_int_equal(tmodel_wear_day_bytes(&w, 30 * HOUR), (1ULL << 30) - (1ULL << 7));
	assert_int_equal(tmodel_wear_day_bytes(&w, 51 * HOUR), (1ULL << 30) - (1ULL << 28));
	assert_int_equal(tmodel_wear_day_bytes(&w, 53 * HOUR - 1), 1ULL << 29);
	assert_int_equal(tmodel_wear_day_bytes(&w, 53 * HOUR), 0);
	assert_int_equal(tmodel_wear_day_bytes(&w, 1000 * HOUR), 0);
	assert_int_equal(sat.count, 0);
}

static void test_day_gaps(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_sat sat = {};
	struct tmodel_wear w;
	__u64 gap;

	(void)state;
	for (gap = 1; gap < 100; gap++) {
		__u64 kept = gap < 24 ? 7 : 0;

		tmodel_wear_init(&w, 3 * HOUR);
		tmodel_wear_write(&w, &p, 3 * HOUR, 7, &sat);
		tmodel_wear_write(&w, &p, (3 + gap) * HOUR, 100, &sat);
		assert_int_equal(tmodel_wear_day_bytes(&w, (3 + gap) * HOUR), kept + 100);
		/* No old hour comes back through the ring. */
		assert_int_equal(tmodel_wear_day_bytes(&w, (3 + gap + 23) * HOUR), 100);
		assert_int_equal(w.media_bytes, 107);
	}
	assert_int_equal(sat.count, 0);
}

static void test_clock_gone_back(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_wear w;
	struct tmodel_sat sat = {};

	(void)state;
	tmodel_wear_init(&w, 0);
	tmodel_wear_write(&w, &p, 10 * HOUR, 1, &sat);
	tmodel_wear_write(&w, &p, 9 * HOUR, 2, &sat);
	assert_int_equal(w.slot_hour, 10);
	assert_int_equal(tmodel_wear_day_bytes(&w, 33 * HOUR), 3);
	assert_int_equal(tmodel_wear_day_bytes(&w, 9 * HOUR), 3);
	assert_int_equal(tmodel_wear_day_bytes(&w, 34 * HOUR), 0);
}

static void test_lifetime_validity(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_lifetime l;
	struct tmodel_wear w;
	struct tmodel_sat sat = {};

	(void)state;
	tmodel_wear_init(&w, HOUR);
	tmodel_wear_lifetime(&w, &p, HOUR + TMODEL_NS_PER_MINUTE - 1, &l, &sat);
	assert_int_equal(l.valid, 0);
	tmodel_wear_lifetime(&w, &p, HOUR + TMODEL_NS_PER_MINUTE, &l, &sat);
	assert_int_equal(l.valid, 1);
	assert_int_equal(l.extrapolated, 1);
	assert_true(l.seconds == TMODEL_U64_MAX);
	tmodel_wear_lifetime(&w, &p, 25 * HOUR - 1, &l, &sat);
	assert_int_equal(l.extrapolated, 1);
	tmodel_wear_lifetime(&w, &p, 25 * HOUR, &l, &sat);
	assert_int_equal(l.extrapolated, 0);
	p.endurance_cycles = 0;
	tmodel_wear_lifetime(&w, &p, 25 * HOUR, &l, &sat);
	assert_int_equal(l.valid, 0);
	/* A clock before online is no time online. */
	p.endurance_cycles = 1;
	tmodel_wear_lifetime(&w, &p, 0, &l, &sat);
	assert_int_equal(l.valid, 0);
	assert_int_equal(sat.count, 0);
}

static void test_lifetime_values(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_lifetime l;
	struct tmodel_wear w;
	struct tmodel_sat sat = {};

	(void)state;
	/* A cycle in the first 100 s: 99,999 cycles of 100 s are left. */
	tmodel_wear_init(&w, 0);
	tmodel_wear_write(&w, &p, 0, 512000000000, &sat);
	tmodel_wear_lifetime(&w, &p, 100 * TMODEL_NS_PER_S, &l, &sat);
	assert_int_equal(l.seconds, 9999900);
	/* 48 GB/s without a pause, the fate of a stack in 12.3 days: 51.2 PB / 48 GB/s. */
	tmodel_wear_init(&w, 0);
	tmodel_wear_write(&w, &p, 0, 48000000000 * 3600, &sat);
	tmodel_wear_lifetime(&w, &p, HOUR, &l, &sat);
	assert_in_range(l.seconds, 1066666 - 3600 - 3, 1066666 - 3600 + 3);
	/* All cycles used, and more. */
	p.endurance_cycles = 1;
	tmodel_wear_lifetime(&w, &p, HOUR, &l, &sat);
	assert_int_equal(l.seconds, 0);
	/* The last day counts, not what was before it: two days later nothing is written. */
	p.endurance_cycles = 1000000;
	tmodel_wear_lifetime(&w, &p, 49 * HOUR, &l, &sat);
	assert_true(l.seconds == TMODEL_U64_MAX);
	assert_int_equal(l.valid, 1);
	assert_int_equal(sat.count, 0);
}

static void test_budget_values(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_sat sat = {};

	(void)state;
	/* 51.2 PB over 1826.25 days. */
	assert_int_equal(tmodel_wear_budget(&p, &sat), 28035592060232);
	p.waf_permille = 2000;
	assert_int_equal(tmodel_wear_budget(&p, &sat), 14017796030116);
	p.lifetime_s = 0;
	assert_true(tmodel_wear_budget(&p, &sat) == TMODEL_U64_MAX);
	p = flash();
	p.endurance_cycles = 0;
	assert_true(tmodel_wear_budget(&p, &sat) == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 0);
	/* 2^60 bytes x 1e12 cycles in a second: more than a u64 a day. */
	p.endurance_cycles = 1000000000000;
	p.capacity_bytes = 1ULL << 60;
	p.lifetime_s = 1;
	assert_true(tmodel_wear_budget(&p, &sat) == TMODEL_U64_MAX);
	assert_true(sat.count >= 1);
}

static void test_budget_random(void **state)
{
	struct model_random r = { .state = 41 };
	int i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		struct tmodel_sat sat = {};
		struct tmodel_profile p;
		__uint128_t exact;
		__u64 got;

		model_random_profile(&r, &p);
		if (!p.endurance_cycles || !p.lifetime_s)
			continue;
		got = tmodel_wear_budget(&p, &sat);
		/* At most 2^60 x 1e12 x 8.64e7: below 2^128. */
		exact = (__uint128_t)p.capacity_bytes * p.endurance_cycles * 86400000 /
			(p.waf_permille * p.lifetime_s);
		if (exact > TMODEL_U64_MAX) {
			assert_true(got == TMODEL_U64_MAX);
			assert_true(sat.count >= 1);
		} else {
			assert_true(got == exact);
			assert_int_equal(sat.count, 0);
		}
	}
}

/* Who writes exactly the budget, in any pieces, is told the lifetime that was aimed at. */
static void test_budget_reaches_target(void **state)
{
	struct model_random r = { .state = 42 };
	int i;

	(void)state;
	for (i = 0; i < 200; i++) {
		struct tmodel_profile p = flash();
		struct tmodel_lifetime l;
		struct tmodel_sat sat = {};
		struct tmodel_wear w;
		__u64 days = 2 + i % 5;
		__u64 budget, age_s, h;

		p.capacity_bytes = model_random_range(&r, 1000000000, 1ULL << 50);
		p.endurance_cycles = model_random_range(&r, 1000, 1000000);
		p.waf_permille = 1000 + model_random_next(&r) % 3000;
		p.lifetime_s = (1 + model_random_next(&r) % 10) * S_PER_YEAR;
		budget = tmodel_wear_budget(&p, &sat);
		if (budget < 1000000000)
			continue;
		tmodel_wear_init(&w, 0);
		for (h = 0; h < days * 24; h++)
			tmodel_wear_write(&w, &p, h * HOUR, budget / 24, &sat);
		tmodel_wear_lifetime(&w, &p, days * 24 * HOUR, &l, &sat);
		age_s = days * 86400;
		assert_int_equal(l.valid, 1);
		assert_int_equal(l.extrapolated, 0);
		/* Whole bytes an hour and whole seconds: one part in a million. */
		assert_true(l.seconds + age_s >= p.lifetime_s - p.lifetime_s / 1000000 - 4);
		assert_true(l.seconds + age_s <= p.lifetime_s + p.lifetime_s / 1000000 + 4);
		assert_int_equal(sat.count, 0);
	}
}

/* The same in the first day, from what was written since online. */
static void test_budget_first_day(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_lifetime l;
	struct tmodel_sat sat = {};
	struct tmodel_wear w;

	(void)state;
	tmodel_wear_init(&w, 7 * HOUR + 12345);
	tmodel_wear_write(&w, &p, 8 * HOUR, tmodel_wear_budget(&p, &sat) / 2, &sat);
	tmodel_wear_lifetime(&w, &p, 19 * HOUR + 12345, &l, &sat);
	assert_int_equal(l.extrapolated, 1);
	assert_in_range(l.seconds + 12 * 3600, p.lifetime_s - 3, p.lifetime_s + 3);
}

/* 100 TB, written twice a day for ten years with half as much again in the device. */
static void test_ten_years(void **state)
{
	const __u64 hours = 87660;
	struct tmodel_profile p = flash();
	struct tmodel_lifetime l;
	struct tmodel_sat sat = {};
	struct tmodel_wear w;
	__u64 h;

	(void)state;
	p.capacity_bytes = 100000000000000;
	p.waf_permille = 1500;
	p.lifetime_s = 10 * S_PER_YEAR;
	/* 1e14 x 1e5 / (1.5 x 3652.5 days) */
	assert_int_equal(tmodel_wear_budget(&p, &sat), 1825233858088067);
	tmodel_wear_init(&w, 0);
	for (h = 0; h < hours; h++)
		tmodel_wear_write(&w, &p, h * HOUR, 8000000000000, &sat);
	assert_true(w.host_bytes == hours * 8000000000000);
	assert_true(w.media_bytes == hours * 12000000000000);
	assert_int_equal(tmodel_wear_day_bytes(&w, (hours - 1) * HOUR), 24 * 12000000000000);
	/* 1,051,920 TB / 100 TB */
	assert_int_equal(tmodel_wear_cycles_milli(&w, &p, &sat), 10519200);
	tmodel_wear_lifetime(&w, &p, hours * HOUR, &l, &sat);
	/* 89,480.8 cycles of 100 TB at 12 TB an hour */
	assert_in_range(l.seconds, 2684424000 - 3, 2684424000);
	assert_int_equal(sat.count, 0);

	/* Capacity x cycles beyond 64 bits costs no accuracy: 1e12 cycles, 8.33 hours each. */
	p.endurance_cycles = 1000000000000;
	tmodel_wear_lifetime(&w, &p, hours * HOUR, &l, &sat);
	assert_in_range(l.seconds, 29999999684424000 - 3, 29999999684424000);
	assert_int_equal(sat.count, 0);
}

static void test_saturates(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_wear w;
	struct tmodel_sat sat = {};

	(void)state;
	p.waf_permille = 2000;
	tmodel_wear_init(&w, 0);
	tmodel_wear_write(&w, &p, 0, 1ULL << 63, &sat);
	assert_true(w.media_bytes == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 1);
	tmodel_wear_write(&w, &p, 0, 1ULL << 63, &sat);
	assert_true(w.host_bytes == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_day_ring),
		cmocka_unit_test(test_day_gaps),
		cmocka_unit_test(test_clock_gone_back),
		cmocka_unit_test(test_lifetime_validity),
		cmocka_unit_test(test_lifetime_values),
		cmocka_unit_test(test_budget_values),
		cmocka_unit_test(test_budget_random),
		cmocka_unit_test(test_budget_reaches_target),
		cmocka_unit_test(test_budget_first_day),
		cmocka_unit_test(test_ten_years),
		cmocka_unit_test(test_saturates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
