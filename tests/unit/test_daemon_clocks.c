// SPDX-License-Identifier: LGPL-2.1-or-later
/* Model time between two looks at both clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/clocks.h"

static void test_first_look(void **state)
{
	struct clocks c = {};

	(void)state;
	clocks_look(&c, 1000, 50);
	assert_true(clocks_model(&c, 0) == 50);
	assert_true(clocks_model(&c, 1000) == 50);
	assert_true(clocks_model(&c, 5000) == 50);
}

static void test_between(void **state)
{
	struct clocks c = {};

	(void)state;
	clocks_look(&c, 1000, 500);
	clocks_look(&c, 2000, 10500);
	assert_true(clocks_model(&c, 999) == 500);
	assert_true(clocks_model(&c, 1000) == 500);
	assert_true(clocks_model(&c, 1001) == 510);
	assert_true(clocks_model(&c, 1500) == 5500);
	assert_true(clocks_model(&c, 2000) == 10500);
	assert_true(clocks_model(&c, 9000) == 10500);
}

static void test_stopped(void **state)
{
	struct clocks c = {};

	(void)state;
	clocks_look(&c, 1000, 500);
	clocks_look(&c, 2000, 500);
	assert_true(clocks_model(&c, 1500) == 500);
	clocks_look(&c, 2000, 500);
	assert_true(clocks_model(&c, 2000) == 500);
}

static void test_large(void **state)
{
	const uint64_t ten_years = 10ULL * 366 * 86400 * 1000000000;
	struct clocks c = {};

	(void)state;
	clocks_look(&c, 1, 0);
	clocks_look(&c, 1 + ten_years, UINT64_MAX - 1);
	assert_true(clocks_model(&c, 1 + ten_years / 2) == (UINT64_MAX - 1) / 2);
}

static void test_backwards(void **state)
{
	struct clocks c = {};

	(void)state;
	clocks_look(&c, 1000, 50000);
	clocks_look(&c, 2000, 100);
	assert_true(clocks_model(&c, 1500) == 100);
	assert_true(clocks_model(&c, 2500) == 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_look),
		cmocka_unit_test(test_between),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_backwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
