// SPDX-License-Identifier: LGPL-2.1-or-later
/* The placement rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/terrace.h>

#include "../modules/model_random.h"

#define ALL	0xf

static void check_order(const struct tmodel_place_tier *tiers, __u32 n, __u32 class_id,
			const char *expected)
{
	__u32 order[TMODEL_TIERS_MAX];
	char got[TMODEL_TIERS_MAX + 1] = {};
	__u32 count = tmodel_place_order(tiers, n, class_id, order);
	__u32 i;

	for (i = 0; i < count; i++)
		got[i] = 'a' + order[i];
	assert_string_equal(got, expected);
}

/* a HBM, b CXL, c HBF: as fast as HBM, limited endurance. */
static void test_hbm_cxl_hbf(void **state)
{
	const struct tmodel_place_tier tiers[] = {
		{ .online = 1, .rank = 0, .classes = ALL, .read_bps = 3276000000000 },
		{ .online = 1, .rank = 1, .classes = ALL, .read_bps = 25000000000 },
		{ .online = 1, .rank = 2, .classes = ALL, .read_bps = 1638000000000,
		  .endurance_cycles = 100000 },
	};

	(void)state;
	check_order(tiers, 3, TERRACE_CLASS_WEIGHTS, "cab");
	check_order(tiers, 3, TERRACE_CLASS_CONTEXT, "cab");
	check_order(tiers, 3, TERRACE_CLASS_KV, "abc");
	check_order(tiers, 3, TERRACE_CLASS_ACTIVATION, "abc");
	check_order(tiers, 2, TERRACE_CLASS_WEIGHTS, "ab");
	check_order(tiers, 0, TERRACE_CLASS_WEIGHTS, "");
}

/* A flash tier that reads less than half as fast as the fastest goes by its rank. */
static void test_slow_flash(void **state)
{
	struct tmodel_place_tier tiers[] = {
		{ .online = 1, .rank = 0, .classes = ALL, .read_bps = 1001 },
		{ .online = 1, .rank = 2, .classes = ALL, .read_bps = 10 },
		{ .online = 1, .rank = 1, .classes = ALL, .read_bps = 500,
		  .endurance_cycles = 3000 },
	};

	(void)state;
	check_order(tiers, 3, TERRACE_CLASS_WEIGHTS, "acb");
	check_order(tiers, 3, TERRACE_CLASS_KV, "abc");
	tiers[2].read_bps = 501;
	check_order(tiers, 3, TERRACE_CLASS_WEIGHTS, "cab");
	/* The fastest tier counts only when it may hold the class. */
	tiers[2].read_bps = 10;
	tiers[0].classes = 1 << TERRACE_CLASS_KV;
	check_order(tiers, 3, TERRACE_CLASS_WEIGHTS, "cb");
}

static void test_several_flashes(void **state)
{
	const struct tmodel_place_tier tiers[] = {
		{ .online = 1, .rank = 3, .classes = ALL, .read_bps = 800, .endurance_cycles = 1 },
		{ .online = 1, .rank = 2, .classes = ALL, .read_bps = 900, .endurance_cycles = 1 },
		{ .online = 1, .rank = 1, .classes = ALL, .read_bps = 800, .endurance_cycles = 1 },
		{ .online = 1, .rank = 0, .classes = ALL, .read_bps = 1000 },
	};

	(void)state;
	check_order(tiers, 4, TERRACE_CLASS_CONTEXT, "bcad");
	check_order(tiers, 4, TERRACE_CLASS_KV, "dcba");
}

static void test_allowed(void **state)
{
	struct tmodel_place_tier tiers[] = {
		{ .online = 0, .rank = 0, .classes = ALL, .read_bps = 1000 },
		{ .online = 1, .rank = 1, .classes = 1 << TERRACE_CLASS_KV, .read_bps = 1000 },
		{ .online = 1, .rank = 2, .classes = ALL, .read_bps = 1000 },
	};

	(void)state;
	check_order(tiers, 3, TERRACE_CLASS_WEIGHTS, "c");
	check_order(tiers, 3, TERRACE_CLASS_KV, "bc");
	check_order(tiers, 3, TMODEL_CLASSES, "");
	check_order(tiers, 3, ~0U, "");
	tiers[2].online = 0;
	check_order(tiers, 3, TERRACE_CLASS_ACTIVATION, "");
}

static void test_extremes(void **state)
{
	const struct tmodel_place_tier tiers[] = {
		{ .online = 1, .rank = ~0U, .classes = ~0U, .read_bps = TMODEL_U64_MAX },
		{ .online = 1, .rank = 0, .classes = ALL, .read_bps = 1ULL << 63,
		  .endurance_cycles = TMODEL_U64_MAX },
		{ .online = 1, .rank = 0, .classes = ALL, .read_bps = 0, .endurance_cycles = 1 },
	};

	(void)state;
	check_order(tiers, 3, TERRACE_CLASS_WEIGHTS, "bca");
	check_order(tiers, 3, TERRACE_CLASS_KV, "abc");
}

/* Every allowed tier exactly once, and mutable bytes on flash only when nothing else is left. */
static void test_random(void **state)
{
	struct model_random r = { .state = 51 };
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct tmodel_place_tier tiers[TMODEL_TIERS_MAX];
		__u32 order[TMODEL_TIERS_MAX];
		__u32 class_id = model_random_next(&r) % TMODEL_CLASSES;
		__u32 n = model_random_next(&r) % (TMODEL_TIERS_MAX + 1);
		__u32 allowed = 0, seen = 0, count, i;

		for (i = 0; i < n; i++) {
			tiers[i] = (struct tmodel_place_tier) {
				.online = model_random_next(&r) & 1,
				.rank = i,
				.classes = model_random_next(&r) & ALL,
				.read_bps = model_random_any(&r),
				.endurance_cycles = model_random_next(&r) % 3,
			};
			if (tiers[i].online && tiers[i].classes >> class_id & 1)
				allowed |= 1U << i;
		}
		count = tmodel_place_order(tiers, n, class_id, order);
		for (i = 0; i < count; i++) {
			assert_true(order[i] < n);
			assert_false(seen >> order[i] & 1);
			seen |= 1U << order[i];
		}
		assert_int_equal(seen, allowed);
		if (class_id != TERRACE_CLASS_KV && class_id != TERRACE_CLASS_ACTIVATION)
			continue;
		for (i = 1; i < count; i++)
			if (tiers[order[i - 1]].endurance_cycles)
				assert_true(tiers[order[i]].endurance_cycles);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hbm_cxl_hbf),
		cmocka_unit_test(test_slow_flash),
		cmocka_unit_test(test_several_flashes),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
