// SPDX-License-Identifier: LGPL-2.1-or-later
/* Energy counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../modules/model_random.h"

#define FJ_PER_UJ	1000000000ULL
#define ROUNDS		100000

static struct tmodel_profile memory(void)
{
	struct tmodel_profile p;

	tmodel_profile_init(&p);
	p.read_fj_per_bit = 3000;
	p.write_fj_per_bit = 5000;
	p.link_fj_per_bit = 500;
	return p;
}

static void test_access(void **state)
{
	struct tmodel_profile p = memory();
	struct tmodel_energy e = {};
	struct tmodel_sat sat = {};

	(void)state;
	tmodel_energy_access(&e, &p, TMODEL_READ, 1, 0, &sat);
	assert_int_equal(e.uj, 0);
	assert_int_equal(e.rest_fj, 28000);
	tmodel_energy_access(&e, &p, TMODEL_WRITE, 1, 0, &sat);
	assert_int_equal(e.rest_fj, 28000 + 44000);
	/* Near the memory the link is not crossed. */
	e = (struct tmodel_energy) {};
	tmodel_energy_access(&e, &p, TMODEL_READ, 1, 1, &sat);
	assert_int_equal(e.rest_fj, 24000);
	/* 141 GB of weights at 3.5 pJ/bit: 3.948 J. */
	e = (struct tmodel_energy) {};
	tmodel_energy_access(&e, &p, TMODEL_READ, 141000000000, 0, &sat);
	assert_int_equal(e.uj, 3948000);
	assert_int_equal(e.rest_fj, 0);
	assert_int_equal(sat.count, 0);
}

static void test_power(void **state)
{
	struct tmodel_energy e = {};
	struct tmodel_sat sat = {};

	(void)state;
	tmodel_energy_power(&e, 1, 1, &sat);
	assert_int_equal(e.rest_fj, 1);
	tmodel_energy_power(&e, 40000000, TMODEL_NS_PER_S, &sat);
	assert_int_equal(e.uj, 40000000);
	assert_int_equal(e.rest_fj, 1);
	tmodel_energy_power(&e, 1, FJ_PER_UJ - 1, &sat);
	assert_int_equal(e.uj, 40000001);
	assert_int_equal(e.rest_fj, 0);
	assert_int_equal(sat.count, 0);
}

static void test_add_carries(void **state)
{
	struct tmodel_energy to = { .uj = 1, .rest_fj = FJ_PER_UJ - 1 };
	struct tmodel_energy e = { .uj = 2, .rest_fj = FJ_PER_UJ - 1 };
	struct tmodel_sat sat = {};

	(void)state;
	tmodel_energy_add(&to, &e, &sat);
	assert_int_equal(to.uj, 4);
	assert_int_equal(to.rest_fj, FJ_PER_UJ - 2);
	assert_int_equal(e.uj, 2);
	assert_int_equal(sat.count, 0);
}

static void test_saturates(void **state)
{
	struct tmodel_energy to = { .uj = TMODEL_U64_MAX, .rest_fj = FJ_PER_UJ - 1 };
	struct tmodel_energy e = { .rest_fj = 1 };
	struct tmodel_sat sat = {};

	(void)state;
	tmodel_energy_add(&to, &e, &sat);
	assert_true(to.uj == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 1);
	e = (struct tmodel_energy) {};
	tmodel_energy_power(&e, TMODEL_U64_MAX, TMODEL_U64_MAX, &sat);
	assert_true(e.uj == TMODEL_U64_MAX);
	assert_true(e.rest_fj < FJ_PER_UJ);
	assert_int_equal(sat.count, 2);
}

static void test_accel(void **state)
{
	struct tmodel_accel a = { .idle_uw = 100000000, .active_uw = 700000000 };
	struct tmodel_energy e = {};
	struct tmodel_sat sat = {};

	(void)state;
	/* 2 ms at 700 W and 8 ms at 100 W: 2.2 J. */
	tmodel_accel_energy(&e, &a, 2000000, 10000000, &sat);
	assert_int_equal(e.uj, 2200000);
	/* A step as long as its compute time has no idle part. */
	e = (struct tmodel_energy) {};
	tmodel_accel_energy(&e, &a, 2000000, 2000000, &sat);
	assert_int_equal(e.uj, 1400000);
	e = (struct tmodel_energy) {};
	tmodel_accel_energy(&e, &a, 2000000, 1000000, &sat);
	assert_int_equal(e.uj, 1400000);
	assert_int_equal(sat.count, 0);
}

/* Cutting an access into pieces changes nothing, and the sum is exact. */
static void test_split(void **state)
{
	struct model_random r = { .state = 31 };
	struct tmodel_sat sat = {};
	int i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct tmodel_energy whole = {}, pieces = {};
		__u64 bytes = model_random_range(&r, 1, 1ULL << 60);
		enum tmodel_dir dir = model_random_next(&r) & 1 ? TMODEL_READ : TMODEL_WRITE;
		int near = model_random_next(&r) & 1;
		__uint128_t fj;
		struct tmodel_profile p;
		__u64 left = bytes;

		model_random_profile(&r, &p);
		tmodel_energy_access(&whole, &p, dir, bytes, near, &sat);
		while (left) {
			__u64 piece = model_random_range(&r, 1, left);

			tmodel_energy_access(&pieces, &p, dir, piece, near, &sat);
			left -= piece;
		}
		assert_true(whole.uj == pieces.uj);
		assert_true(whole.rest_fj == pieces.rest_fj);
		fj = dir == TMODEL_READ ? p.read_fj_per_bit : p.write_fj_per_bit;
		fj = (fj + (near ? 0 : p.link_fj_per_bit)) * 8 * bytes;
		assert_true((__uint128_t)whole.uj * FJ_PER_UJ + whole.rest_fj == fj);
	}
	assert_int_equal(sat.count, 0);
}

/*
 * Ten years of 365.25 days, an hour a call: 100 TB read at 29 pJ/bit with the link, 100 TB written,
 * and 100 W.
 */
static void test_ten_years(void **state)
{
	const __u64 hours = 87660;
	struct tmodel_profile p = { .read_fj_per_bit = 25000, .write_fj_per_bit = 30000,
				    .link_fj_per_bit = 4000 };
	struct tmodel_energy reads = {}, writes = {}, idle = {}, all = {};
	struct tmodel_sat sat = {};
	__u64 i;

	(void)state;
	for (i = 0; i < hours; i++) {
		tmodel_energy_access(&reads, &p, TMODEL_READ, 100000000000000, 0, &sat);
		tmodel_energy_access(&writes, &p, TMODEL_WRITE, 100000000000000, 0, &sat);
		tmodel_energy_power(&idle, 100000000, 3600 * TMODEL_NS_PER_S, &sat);
	}
	/* 8e14 bits x 29 pJ = 23,200 J; x 34 pJ = 27,200 J; 100 W x 3,600 s = 360,000 J. */
	assert_true(reads.uj == hours * 23200000000);
	assert_true(writes.uj == hours * 27200000000);
	assert_true(idle.uj == hours * 360000000000);
	assert_int_equal(reads.rest_fj + writes.rest_fj + idle.rest_fj, 0);
	/* The same ten years in one call. */
	tmodel_energy_power(&all, 100000000, hours * 3600 * TMODEL_NS_PER_S, &sat);
	assert_true(all.uj == idle.uj);
	assert_int_equal(sat.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_add_carries),
		cmocka_unit_test(test_saturates),
		cmocka_unit_test(test_accel),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_ten_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
