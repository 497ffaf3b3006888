// SPDX-License-Identifier: LGPL-2.1-or-later
/* Numbers of the command line: ranges that are read, units that are printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include "cli/output.h"
#include "cli/ranges.h"

#define BUFFER	(10ULL << 20)

static void test_ranges(void **state)
{
	static const struct {
		const char *text;
		uint64_t offset, bytes;
	} good[] = {
		{ "all", 0, BUFFER },
		{ "0+4096", 0, 4096 },
		{ "4KiB+2MiB", 4096, 2 << 20 },
		{ "1GiB+3TiB", 1ULL << 30, 3ULL << 40 },
		{ "0+0", 0, 0 },
		{ "18446744073709551615+1", UINT64_MAX, 1 },
		{ "16777215TiB+1", 16777215ULL << 40, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint64_t offset = 1, bytes = 1;

		assert_int_equal(range_parse(good[i].text, BUFFER, &offset, &bytes), 0);
		assert_int_equal(offset, good[i].offset);
		assert_int_equal(bytes, good[i].bytes);
	}
}

static void test_bad_ranges(void **state)
{
	static const struct {
		const char *text;
		int error;
	} bad[] = {
		{ "", -EINVAL }, { "+", -EINVAL }, { "0", -EINVAL }, { "0+", -EINVAL },
		{ "+4096", -EINVAL }, { "-1+4096", -EINVAL }, { "0+-1", -EINVAL },
		{ " 0+4096", -EINVAL }, { "0+ 4096", -EINVAL }, { "0+4096 ", -EINVAL },
		{ "0-4096", -EINVAL }, { "0x0+4096", -EINVAL }, { "0+4kib", -EINVAL },
		{ "0+4K", -EINVAL }, { "0+4KiBMiB", -EINVAL }, { "1.5+4096", -EINVAL },
		{ "All", -EINVAL }, { "0+4096+4096", -EINVAL },
		{ "18446744073709551616+1", -ERANGE }, { "0+18446744073709551616", -ERANGE },
		{ "16777216TiB+1", -ERANGE }, { "0+18014398509481984KiB", -ERANGE },
	};
	uint64_t offset, bytes;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(range_parse(bad[i].text, BUFFER, &offset, &bytes), bad[i].error);
}

static void test_units(void **state)
{
	static const struct {
		void (*format)(char out[UNIT_MAX], uint64_t value);
		uint64_t value;
		const char *text;
	} cases[] = {
		{ format_bytes, 0, "0 B" },
		{ format_bytes, 1023, "1023 B" },
		{ format_bytes, 1024, "1.00 KiB" },
		{ format_bytes, 3ULL << 29, "1.50 GiB" },
		{ format_bytes, UINT64_MAX, "16384.00 PiB" },
		{ format_bandwidth, 999, "999 B/s" },
		{ format_bandwidth, 8000000000000ULL, "8000.00 GB/s" },
		{ format_time, 999, "999 ns" },
		{ format_time, 1500, "1.50 us" },
		{ format_time, 3200000000ULL, "3.20 s" },
		{ format_energy, 5, "5 uJ" },
		{ format_energy, 1500000, "1.50 J" },
		{ format_lifetime, 40, "40 s" },
		{ format_lifetime, 216000, "2.50 days" },
		{ format_lifetime, 315576000, "10.00 years" },
		{ format_lifetime, UINT64_MAX, "unlimited" },
	};
	char text[UNIT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cases[i].format(text, cases[i].value);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_amounts(void **state)
{
	json_t *most = json_amount(INT64_MAX), *more = json_amount((uint64_t)INT64_MAX + 1);

	(void)state;
	assert_int_equal(json_integer_value(most), INT64_MAX);
	assert_true(json_is_null(more));
	json_decref(most);
	json_decref(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_bad_ranges),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_amounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
