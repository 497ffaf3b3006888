// SPDX-License-Identifier: LGPL-2.1-or-later
/* Write budget and lifetime in words, and the decimal bytes they are written with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/wear.h"

/* An HBF stack of SLC with five years to go, a third of a day after it came online. */
static const struct wear_values hbf = {
	.capacity_bytes = 512000000000,
	.endurance_cycles = 100000,
	.waf_permille = 1020,
	.target_s = 157788000,
	.budget_bytes = 27485900000000,
	.cycles_milli = 12300,
	.lifetime_known = true,
	.lifetime_s = 21597343200, /* 99987.7 cycles at 0.4 a day */
	.extrapolated = true,
	.held = { [TERRACE_CLASS_WEIGHTS] = true, [TERRACE_CLASS_CONTEXT] = true },
	.left_bytes = {
		[TERRACE_CLASS_WEIGHTS] = 13740000000000, [TERRACE_CLASS_CONTEXT] = 13740000000000,
	},
};

static void check_says(const struct wear_values *w, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f) {
		fail_msg("no memory for a text");
		return;
	}
	wear_print(f, w);
	fclose(f);
	assert_string_equal(text, expected);
	free(text);
}

#define BUDGET "write budget: 512 GB x 100000 cycles / (1.02 x 1826 days) = 27.49 TB a day\nwrite budget left: 13.74 TB of weights, 13.74 TB of context\n"

static void test_arithmetic(void **state)
{
	struct wear_values w = hbf;

	(void)state;
	check_says(&w, BUDGET "lifetime: (100000 - 12.3) cycles left / 0.4 cycles a day = 684.38 years, extrapolated from less than a model day\n");
	w.extrapolated = false;
	w.waf_permille = 1000;
	check_says(&w, "write budget: 512 GB x 100000 cycles / (1 x 1826 days) = 27.49 TB a day\n"
		   "write budget left: 13.74 TB of weights, 13.74 TB of context\n"
		   "lifetime: (100000 - 12.3) cycles left / 0.4 cycles a day = 684.38 years\n");
}

static void test_nothing_to_divide_by(void **state)
{
	struct wear_values w = hbf;

	(void)state;
	w.lifetime_known = false;
	check_says(&w, BUDGET "lifetime: not known before the first model minute is over\n");
	w = hbf;
	w.extrapolated = false;
	w.cycles_milli = 0;
	w.lifetime_s = UINT64_MAX;
	check_says(&w, BUDGET "lifetime: (100000 - 0) cycles left / 0 cycles a day = unlimited\n");
	w.budget_bytes = UINT64_MAX;
	check_says(&w, "write budget: unlimited, the profile has no lifetime target\n"
		   "lifetime: (100000 - 0) cycles left / 0 cycles a day = unlimited\n");
	w = hbf;
	w.extrapolated = false;
	w.cycles_milli = 100000001;
	w.lifetime_s = 0;
	check_says(&w, BUDGET "lifetime: (100000 - 100000.001) cycles left / the cycles of the last day = none\n");
}

static void test_left_by_class(void **state)
{
	struct wear_values w = hbf;

	(void)state;
	w.lifetime_known = false;
	w.left_bytes[TERRACE_CLASS_WEIGHTS] = 1500000000000;
	w.left_bytes[TERRACE_CLASS_CONTEXT] = 0;
	w.debt_bytes = 2048;
	check_says(&w, "write budget: 512 GB x 100000 cycles / (1.02 x 1826 days) = 27.49 TB a day\n"
		   "write budget left: 1.5 TB of weights, 0 B of context, 2.048 kB spent beyond it\n"
		   "lifetime: not known before the first model minute is over\n");
}

static void test_decimal_bytes(void **state)
{
	static const struct {
		double bytes;
		const char *text;
	} all[] = {
		{ 0, "0 B" }, { 999, "999 B" }, { 999.96, "1 kB" }, { 1000, "1 kB" },
		{ 999900, "999.9 kB" }, { 999999, "1 MB" }, { 512e9, "512 GB" },
		{ 549755813888.0, "549.8 GB" }, { -1500, "-1.5 kB" }, { 1e18, "1 EB" },
		{ 18446744073709551615.0, "18.45 EB" },
	};
	char out[UNIT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		format_decimal_bytes(out, all[i].bytes);
		assert_string_equal(out, all[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_nothing_to_divide_by),
		cmocka_unit_test(test_left_by_class),
		cmocka_unit_test(test_decimal_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
