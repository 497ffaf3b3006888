// SPDX-License-Identifier: LGPL-2.1-or-later
/* All layouts of a number of devices, each once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "sim/shard.h"

#define DEVICES_MAX	64

/* How often each layout was told. */
struct told {
	unsigned int times[DEVICES_MAX + 1][DEVICES_MAX + 1][DEVICES_MAX + 1];
	unsigned int all;
};

static void count(void *ctx, const struct capacity_shard *layout)
{
	struct told *t = ctx;

	assert_in_range(layout->tp, 1, DEVICES_MAX);
	assert_in_range(layout->pp, 1, DEVICES_MAX);
	assert_in_range(layout->dp, 1, DEVICES_MAX);
	t->times[layout->tp][layout->pp][layout->dp]++;
	t->all++;
}

static const struct told *layouts(uint32_t devices, struct capacity_shard asked)
{
	static struct told t;

	memset(&t, 0, sizeof(t));
	shard_each_layout(devices, &asked, count, &t);
	return &t;
}

static void check_all(uint32_t devices)
{
	const struct told *t = layouts(devices, (struct capacity_shard) { 0 });
	uint32_t tp, pp, dp;

	for (tp = 1; tp <= devices; tp++)
		for (pp = 1; pp <= devices; pp++)
			for (dp = 1; dp <= devices; dp++)
				assert_int_equal(t->times[tp][pp][dp], tp * pp * dp == devices);
}

static void test_all_once(void **state)
{
	(void)state;
	check_all(1);
	check_all(7);
	check_all(12);
	check_all(DEVICES_MAX);
	/* 2^6 is given to three factors in (6 + 2) x (6 + 1) / 2 ways. */
	assert_int_equal(layouts(64, (struct capacity_shard) { 0 })->all, 28);
}

static void test_asked(void **state)
{
	const struct told *t = layouts(12, (struct capacity_shard) { .pp = 3 });

	(void)state;
	assert_int_equal(t->all, 3);
	assert_int_equal(t->times[4][3][1], 1);
	assert_int_equal(t->times[2][3][2], 1);
	assert_int_equal(t->times[1][3][4], 1);
	assert_int_equal(layouts(12, (struct capacity_shard) { .tp = 5 })->all, 0);
	assert_int_equal(layouts(12, (struct capacity_shard) { 2, 3, 2 })->all, 1);
	assert_int_equal(layouts(12, (struct capacity_shard) { 2, 3, 4 })->all, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_once),
		cmocka_unit_test(test_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
