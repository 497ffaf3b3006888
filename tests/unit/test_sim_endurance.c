// SPDX-License-Identifier: LGPL-2.1-or-later
/* Wear by KV at a constant rate, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "sim/endurance.h"

static void assert_near(double ours, double expected)
{
	assert_true(fabs(ours - expected) <= expected / 1000000);
}

static struct tmodel_profile stack(void)
{
	struct tmodel_profile p;

	tmodel_profile_init(&p);
	p.capacity_bytes = 1000000;
	p.endurance_cycles = 500;
	return p;
}

static void a_prompt_is_written_as_far_as_it_is_kept(void **state)
{
	struct model_config m = {
		.kv_dtype = MODEL_BF16,
		.layers = 4,
		.kv_heads = 1,
		.head_dim = 4,
		.local_window = 10,
		.global_every = 4,
	};

	(void)state;
	/* 16 bytes a token and layer: 3 x 10 + 100 of the prompt, 4 x 7 of the output. */
	assert_int_equal(endurance_request_bytes(&m, 100, 7), 16 * (130 + 28));
	m.local_window = 0;
	assert_int_equal(endurance_request_bytes(&m, 100, 7), 16 * 4 * 107);
}

static void cycles_are_capacities_written(void **state)
{
	struct tmodel_profile p = stack();

	(void)state;
	assert_near(endurance_cycles(&p, 1000, 2000), 2);
	assert_near(endurance_cycles(&p, 0, 2000), 0);
	p.waf_permille = 1500;
	assert_near(endurance_cycles(&p, 1000, 2000), 3);
	assert_true(isinf(endurance_cycles(&p, 1e18, 1e6)));
}

static void life_is_what_may_be_written_in_all(void **state)
{
	struct tmodel_profile p = stack();

	(void)state;
	assert_near(endurance_life_seconds(&p, 0, 1000), 500000);
	assert_near(endurance_life_seconds(&p, 250000, 1000), 375000);
	p.waf_permille = 1250;
	assert_near(endurance_life_seconds(&p, 0, 1000), 400000);
	/* After its life a stack has used its cycles. */
	assert_near(endurance_cycles(&p, 1000, 400000), 500);
	assert_true(endurance_life_seconds(&p, 1000000, 1000) == 0);
	assert_true(isinf(endurance_life_seconds(&p, 0, 0)));
	p.endurance_cycles = 0;
	assert_true(isinf(endurance_life_seconds(&p, 0, 1000)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prompt_is_written_as_far_as_it_is_kept),
		cmocka_unit_test(cycles_are_capacities_written),
		cmocka_unit_test(life_is_what_may_be_written_in_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
