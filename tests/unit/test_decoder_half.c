// SPDX-License-Identifier: LGPL-2.1-or-later
/* binary16 of the decoder: every number there is, and every border between two of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "examples/decoder/half.h"

#define INFINITE 0x7c00

/* From the definition: 10 bits of fraction, an exponent with bias 15, none implied below it. */
static double value_of(half h)
{
	int exponent = h >> 10 & 31, fraction = h & 1023;
	double value = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);

	return h & 0x8000 ? -value : value;
}

static void test_every_number(void **state)
{
	uint32_t h;

	(void)state;
	for (h = 0; h < 65536; h++) {
		if ((h & 0x7fff) >= INFINITE)
			continue;
		if (half_to_float(h) != value_of(h))
			fail_msg("%#x is %g, not %g", h, half_to_float(h), value_of(h));
		if (half_of_float(half_to_float(h)) != h)
			fail_msg("%#x becomes %#x", h, half_of_float(half_to_float(h)));
	}
}

/* To the nearest; from the middle to the one whose last bit is 0. */
static void test_rounding(void **state)
{
	uint32_t h;

	(void)state;
	for (h = 0; h < INFINITE - 1; h++) {
		float middle = (value_of(h) + value_of(h + 1)) / 2;
		uint32_t even = h & 1 ? h + 1 : h;

		assert_int_equal(half_of_float(middle), even);
		assert_int_equal(half_of_float(nextafterf(middle, 0)), h);
		assert_int_equal(half_of_float(nextafterf(middle, INFINITY)), h + 1);
		assert_int_equal(half_of_float(-middle), even | 0x8000);
	}
}

static void test_beyond(void **state)
{
	(void)state;
	assert_int_equal(half_of_float(65519.996F), 0x7bff);
	assert_int_equal(half_of_float(65520), INFINITE);
	assert_int_equal(half_of_float(3.4e38F), INFINITE);
	assert_int_equal(half_of_float(INFINITY), INFINITE);
	assert_int_equal(half_of_float(-INFINITY), INFINITE | 0x8000);
	assert_true(isinf(half_to_float(INFINITE)));
	assert_true(half_to_float(INFINITE | 0x8000) < 0);
	assert_true(isnan(half_to_float(half_of_float(NAN))));
	assert_true(isnan(half_to_float(INFINITE | 1)));
	assert_int_equal(half_of_float(nextafterf(0, 1)), 0);
	assert_int_equal(half_of_float(nextafterf(0, -1)), 0x8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_number),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_beyond),
	};

	return cmocka_run_group_tests_name("decoder half", tests, NULL, NULL);
}
