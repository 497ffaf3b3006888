// SPDX-License-Identifier: LGPL-2.1-or-later
/* How long a step takes at least. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../modules/model_random.h"

#define FULL	1000
#define ROUNDS	100000

static struct tmodel_profile flash(void)
{
	struct tmodel_profile p;

	tmodel_profile_init(&p);
	p.capacity_bytes = 512ULL << 30;
	p.read_bps = 2000000000;
	p.write_bps = 500000000;
	p.read_latency_ns = 10;
	p.write_latency_ns = 20;
	p.page_read_ns = 3000;
	p.page_program_ns = 100000;
	p.page_bytes = 4096;
	p.erase_block_bytes = 1 << 20;
	return p;
}

static void test_tier(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_tier_load load = {};
	struct tmodel_sat sat = {};

	(void)state;
	assert_int_equal(tmodel_tier_ns(&p, &load, FULL, &sat), 0);
	load.read_bytes = 2000000;
	assert_int_equal(tmodel_tier_ns(&p, &load, FULL, &sat), 1000000 + 3010);
	load.write_bytes = 500000;
	assert_int_equal(tmodel_tier_ns(&p, &load, FULL, &sat), 2000000 + 3010);
	load.exposed_ns = 7;
	assert_int_equal(tmodel_tier_ns(&p, &load, FULL, &sat), 2000000 + 3017);
	assert_int_equal(tmodel_tier_ns(&p, &load, 500, &sat), 4000000 + 3017);
	/* Of a step that only writes the first write is exposed. */
	load = (struct tmodel_tier_load) { .write_bytes = 500000 };
	assert_int_equal(tmodel_tier_ns(&p, &load, FULL, &sat), 1000000 + 100020);
	assert_int_equal(sat.count, 0);
}

static void test_tier_saturates(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_tier_load load = { .read_bytes = 1, .exposed_ns = TMODEL_U64_MAX };
	struct tmodel_sat sat = {};

	(void)state;
	assert_true(tmodel_tier_ns(&p, &load, FULL, &sat) == TMODEL_U64_MAX);
	assert_true(sat.count >= 1);
}

static void test_compute(void **state)
{
	struct tmodel_accel a = { .peak_flops = 989000000000000, .efficiency_permille = 500 };
	struct tmodel_sat sat = {};

	(void)state;
	assert_int_equal(tmodel_compute_ns(&a, 0, &sat), 0);
	/* 8.03e9 parameters, 2 FLOPs each, at half of 989 TFLOP/s: 32,477.25 ns. */
	assert_int_equal(tmodel_compute_ns(&a, 16060000000, &sat), 32478);
	assert_int_equal(tmodel_compute_ns(&a, 494500000000000, &sat), 1000000000);
	a.efficiency_permille = 1000;
	assert_int_equal(tmodel_compute_ns(&a, 494500000000000, &sat), 500000000);
	/* A rack of 720 PFLOP/s: peak x 1000 does not fit into 64 bits. */
	a = (struct tmodel_accel) { .peak_flops = 720000000000000000, .efficiency_permille = 300 };
	assert_int_equal(tmodel_compute_ns(&a, 216000000000000000, &sat), 1000000000);
	a.peak_flops = 0;
	assert_int_equal(tmodel_compute_ns(&a, TMODEL_U64_MAX, &sat), 0);
	assert_int_equal(sat.count, 0);
	a.peak_flops = 1;
	assert_true(tmodel_compute_ns(&a, TMODEL_U64_MAX, &sat) == TMODEL_U64_MAX);
	assert_true(sat.count >= 1);
}

static void test_compute_random(void **state)
{
	struct model_random r = { .state = 21 };
	struct tmodel_sat sat = {};
	int i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct tmodel_accel a = {
			.peak_flops = model_random_range(&r, 1000000000, 1ULL << 60),
			.efficiency_permille = 1 + model_random_next(&r) % 1000,
		};
		__u64 flops = model_random_range(&r, 0, 1ULL << 53);
		__uint128_t work = (__uint128_t)flops * 1000000000000ULL;
		__uint128_t rate = (__uint128_t)a.peak_flops * a.efficiency_permille;

		assert_true(tmodel_compute_ns(&a, flops, &sat) == (work + rate - 1) / rate);
	}
	assert_int_equal(sat.count, 0);
}

static void test_bound(void **state)
{
	struct tmodel_bound b;
	struct tmodel_sat sat = {};

	(void)state;
	tmodel_bound_reset(&b, 500);
	assert_int_equal(b.overlapped_ns, 500);
	assert_int_equal(b.serial_ns, 500);
	tmodel_bound_add(&b, 0, 300, &sat);
	assert_int_equal(b.overlapped_ns, 500);
	assert_int_equal(b.serial_ns, 800);
	tmodel_bound_add(&b, TMODEL_TIERS_MAX - 1, 700, &sat);
	assert_int_equal(b.overlapped_ns, 700);
	assert_int_equal(b.serial_ns, 1500);
	assert_int_equal(b.compute_ns, 500);
	assert_int_equal(b.tier_ns[0], 300);
	assert_int_equal(b.tier_ns[TMODEL_TIERS_MAX - 1], 700);
	tmodel_bound_reset(&b, 1);
	assert_int_equal(b.tier_ns[0], 0);
	assert_int_equal(b.overlapped_ns, 1);
	assert_int_equal(sat.count, 0);
	tmodel_bound_add(&b, 0, TMODEL_U64_MAX, &sat);
	assert_true(b.serial_ns == TMODEL_U64_MAX);
	assert_true(b.overlapped_ns == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 1);
}

static void test_bound_random(void **state)
{
	struct model_random r = { .state = 22 };
	struct tmodel_sat sat = {};
	int i;

	(void)state;
	for (i = 0; i < ROUNDS / 10; i++) {
		__u64 compute = model_random_range(&r, 0, 1ULL << 58);
		__u64 sum = compute, largest = compute;
		struct tmodel_bound b;
		__u32 tier;

		tmodel_bound_reset(&b, compute);
		for (tier = 0; tier < TMODEL_TIERS_MAX; tier++) {
			__u64 ns = model_random_range(&r, 0, 1ULL << 58);

			tmodel_bound_add(&b, tier, ns, &sat);
			sum += ns;
			largest = ns > largest ? ns : largest;
		}
		for (tier = 0; tier < TMODEL_TIERS_MAX; tier++)
			assert_true(b.overlapped_ns >= b.tier_ns[tier]);
		assert_true(b.overlapped_ns == largest);
		assert_true(b.serial_ns == sum);
		assert_true(b.serial_ns >= b.overlapped_ns);
	}
	assert_int_equal(sat.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tier),
		cmocka_unit_test(test_tier_saturates),
		cmocka_unit_test(test_compute),
		cmocka_unit_test(test_compute_random),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_bound_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
