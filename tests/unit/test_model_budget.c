// SPDX-License-Identifier: LGPL-2.1-or-later
/* The write budget as a token bucket, age and worn reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/terrace.h>
#include <terrace/model.h>

#define DAY	TMODEL_NS_PER_DAY
#define TWO	(1U << TERRACE_CLASS_WEIGHTS | 1U << TERRACE_CLASS_KV)

/* 1,000,000 bytes with 100 cycles in 100 days: 1,000,000 bytes a day, 500,000 for each of two. */
static struct tmodel_profile flash(void)
{
	struct tmodel_profile p;

	tmodel_profile_init(&p);
	p.capacity_bytes = 1000000;
	p.endurance_cycles = 100;
	p.lifetime_s = 100 * 86400;
	p.page_read_ns = 1000;
	return p;
}

static struct tmodel_budget buckets(void)
{
	struct tmodel_profile p = flash();
	struct tmodel_budget b;
	struct tmodel_sat sat = {};

	tmodel_budget_init(&b, &p, TWO, 7 * DAY, &sat);
	assert_int_equal(sat.count, 0);
	return b;
}

static void test_full_at_first(void **state)
{
	struct tmodel_budget b = buckets();

	(void)state;
	assert_int_equal(b.share_bytes, 500000);
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, 7 * DAY), 500000);
	/* and never fuller */
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, 9 * DAY), 500000);
}

static void test_classes_do_not_take_from_each_other(void **state)
{
	struct tmodel_budget b = buckets();

	(void)state;
	assert_true(tmodel_budget_admit(&b, TERRACE_CLASS_KV, 7 * DAY, 400000));
	assert_false(tmodel_budget_admit(&b, TERRACE_CLASS_KV, 7 * DAY, 100001));
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, 7 * DAY), 100000);
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_WEIGHTS, 7 * DAY), 500000);
	assert_true(tmodel_budget_admit(&b, TERRACE_CLASS_KV, 7 * DAY, 100000));
	assert_false(tmodel_budget_admit(&b, TERRACE_CLASS_KV, 7 * DAY, 1));
}

static void test_fills_with_the_clock(void **state)
{
	struct tmodel_budget b = buckets();

	(void)state;
	tmodel_budget_spend(&b, TERRACE_CLASS_KV, 7 * DAY, 500000);
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, 7 * DAY + DAY / 4), 125000);
	/* the clock may not go back */
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, 7 * DAY), 125000);
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, 8 * DAY), 500000);
}

/* Looks that come too early for a whole byte lose nothing. */
static void test_many_looks(void **state)
{
	struct tmodel_budget b = buckets();
	uint64_t now;

	(void)state;
	tmodel_budget_spend(&b, TERRACE_CLASS_KV, 7 * DAY, 500000);
	for (now = 7 * DAY; now < 7 * DAY + DAY / 1000; now += 1000003)
		tmodel_budget_left(&b, TERRACE_CLASS_KV, now);
	assert_in_range(tmodel_budget_left(&b, TERRACE_CLASS_KV, 7 * DAY + DAY / 1000), 499, 500);
}

/* A byte takes 172.8 ms. How long everything was full before a write is no part of them. */
static void test_full_gains_nothing(void **state)
{
	struct tmodel_budget b = buckets();
	uint64_t now = 7 * DAY + 100000000;

	(void)state;
	tmodel_budget_spend(&b, TERRACE_CLASS_KV, now, 500000);
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, now + 172799999), 0);
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, now + 172800000), 1);
}

static void test_debt(void **state)
{
	struct tmodel_budget b = buckets();

	(void)state;
	tmodel_budget_spend(&b, TERRACE_CLASS_KV, 7 * DAY, 750000);
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, 7 * DAY), -250000);
	assert_false(tmodel_budget_admit(&b, TERRACE_CLASS_KV, 7 * DAY + DAY / 4, 1));
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, 8 * DAY), 250000);
	/* it stops where it would not fit */
	for (int i = 0; i < 10; i++)
		tmodel_budget_spend(&b, TERRACE_CLASS_KV, 8 * DAY, UINT64_MAX);
	assert_true(tmodel_budget_left(&b, TERRACE_CLASS_KV, 8 * DAY) < 0);
	assert_true(tmodel_budget_left(&b, TERRACE_CLASS_KV, 9 * DAY) < 0);
}

/* What is larger than a day's share waits for a full bucket, and then leaves a debt. */
static void test_larger_than_a_share(void **state)
{
	struct tmodel_budget b = buckets();

	(void)state;
	assert_true(tmodel_budget_admit(&b, TERRACE_CLASS_KV, 7 * DAY, 1000000));
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, 7 * DAY), -500000);
	assert_false(tmodel_budget_admit(&b, TERRACE_CLASS_KV, 8 * DAY, 1000000));
	assert_true(tmodel_budget_admit(&b, TERRACE_CLASS_KV, 9 * DAY, 1000000));
	tmodel_budget_refund(&b, TERRACE_CLASS_KV, 1000000);
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, 9 * DAY), 500000);
}

static void test_not_limited(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_budget b;
	struct tmodel_sat sat = {};

	(void)state;
	p.endurance_cycles = 0;
	tmodel_budget_init(&b, &p, TWO, 0, &sat);
	tmodel_budget_spend(&b, TERRACE_CLASS_KV, 0, UINT64_MAX);
	assert_true(tmodel_budget_admit(&b, TERRACE_CLASS_KV, 0, UINT64_MAX));
	assert_int_equal(tmodel_budget_left(&b, TERRACE_CLASS_KV, DAY), INT64_MAX);
}

static void test_age(void **state)
{
	struct tmodel_profile p = flash();

	(void)state;
	assert_int_equal(tmodel_wear_age(&p, UINT32_MAX, UINT32_MAX), TMODEL_AGE_GOOD);
	p.retention_s = 86400;
	p.read_disturb_reads = 100000;
	assert_int_equal(tmodel_wear_age(&p, 86399, 99999), TMODEL_AGE_GOOD);
	assert_int_equal(tmodel_wear_age(&p, 86400, 0), TMODEL_AGE_DUE);
	assert_int_equal(tmodel_wear_age(&p, 2 * 86400, 0), TMODEL_AGE_DUE);
	assert_int_equal(tmodel_wear_age(&p, 2 * 86400 + 1, 0), TMODEL_AGE_LOST);
	assert_int_equal(tmodel_wear_age(&p, 0, 100000), TMODEL_AGE_DUE);
}

static void test_worn_reads(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_wear w;
	struct tmodel_sat sat = {};

	(void)state;
	tmodel_wear_init(&w, 0);
	assert_int_equal(tmodel_wear_retry_ns(&w, &p, &sat), 0);
	tmodel_wear_write(&w, &p, 0, 24999999, &sat);
	assert_int_equal(tmodel_wear_retry_ns(&w, &p, &sat), 0);
	tmodel_wear_write(&w, &p, 0, 1, &sat);
	assert_int_equal(tmodel_wear_retry_ns(&w, &p, &sat), 1000);
	/* nothing hides tR of a read once, and the sensing more; writes take as long as ever */
	assert_int_equal(tmodel_wear_exposed_ns(&w, &p, TMODEL_READ, 1, 1000, &sat), 2000);
	assert_int_equal(tmodel_wear_exposed_ns(&w, &p, TMODEL_READ, 0, 1000, &sat), 1000);
	assert_int_equal(tmodel_wear_exposed_ns(&w, &p, TMODEL_WRITE, 1, 1000, &sat),
			 tmodel_exposed_ns(&p, TMODEL_WRITE, 1, 1000, &sat));
	tmodel_wear_write(&w, &p, 0, 1000000000, &sat);
	assert_int_equal(tmodel_wear_retry_ns(&w, &p, &sat), 4000);
	p.endurance_cycles = 0;
	assert_int_equal(tmodel_wear_retry_ns(&w, &p, &sat), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_at_first),
		cmocka_unit_test(test_classes_do_not_take_from_each_other),
		cmocka_unit_test(test_fills_with_the_clock),
		cmocka_unit_test(test_many_looks),
		cmocka_unit_test(test_full_gains_nothing),
		cmocka_unit_test(test_debt),
		cmocka_unit_test(test_larger_than_a_share),
		cmocka_unit_test(test_not_limited),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_worn_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
