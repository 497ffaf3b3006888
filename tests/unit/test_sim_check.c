// SPDX-License-Identifier: LGPL-2.1-or-later
/* Checks: verdicts at and beyond limits, the worst row, reasons, and what is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check.h"

static const struct check_limit limit = { -1, 3, 0, "%" };

static struct check *begin(struct checks *all, const struct check_limit *l)
{
	struct check *c = check_begin(all, "a check", l);

	assert_non_null(c);
	return c;
}

static void verdicts_at_the_limits(void **state)
{
	static const struct {
		double deviation;
		enum check_verdict verdict;
	} rows[] = {
		{ -1, CHECK_PASSED }, { 3, CHECK_PASSED }, { 0, CHECK_PASSED },
		{ -1.0001, CHECK_FAILED }, { 3.0001, CHECK_FAILED },
		{ NAN, CHECK_FAILED }, { INFINITY, CHECK_FAILED }, { -INFINITY, CHECK_FAILED },
	};
	struct checks all = {};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct check *c = begin(&all, &limit);

		assert_int_equal(check_verdict(c), CHECK_EMPTY);
		check_row(c, 0, "good");
		check_row(c, rows[i].deviation, "row");
		check_row(c, 1, "good");
		assert_int_equal(check_verdict(c), rows[i].verdict);
	}
	checks_free(&all);
	assert_int_equal(all.n, 0);
}

static void keeps_the_worst_row(void **state)
{
	struct checks all = {};
	struct check *c = begin(&all, &limit);

	(void)state;
	check_row(c, 1, "middle");
	check_row(c, 2.5, "high %d", 1);
	check_row(c, -0.9, "low");
	check_row(c, 2.7, "less");
	assert_string_equal(c->label, "low");
	assert_true(c->worst == -0.9);
	checks_free(&all);
}

static void medians(void **state)
{
	static const struct check_limit tight = { -10, 10, 2, "%" };
	struct checks all = {};
	struct check *c = begin(&all, &tight);
	int i;

	(void)state;
	assert_true(check_median(c) == 0);
	check_row(c, -3, "a");
	assert_true(check_median(c) == 3);
	assert_int_equal(check_verdict(c), CHECK_FAILED);
	check_row(c, 1, "b");
	assert_true(check_median(c) == 2);
	assert_int_equal(check_verdict(c), CHECK_PASSED);
	for (i = 0; i < 1000; i++)
		check_row(c, i % 2 ? 0.5 : -0.5, "many");
	assert_int_equal(c->n, 1002);
	assert_true(check_median(c) == 0.5);
	checks_free(&all);
}

static void counts_reasons(void **state)
{
	struct checks all = {};
	struct check *c = begin(&all, &limit);

	(void)state;
	check_skip(c, "no model '%s'", "x");
	check_skip(c, "no model '%s'", "y");
	check_skip(c, "no model '%s'", "x");
	assert_int_equal(c->skipped, 3);
	assert_int_equal(c->n_reasons, 2);
	assert_string_equal(c->reasons[0].text, "no model 'x'");
	assert_int_equal(c->reasons[0].rows, 2);
	assert_int_equal(check_verdict(c), CHECK_EMPTY);
	checks_free(&all);
}

static void takes_no_check(void **state)
{
	(void)state;
	check_row(NULL, 1, "row");
	check_skip(NULL, "why");
	check_note(NULL, "note");
}

static bool print(const struct checks *all, char *text, size_t size)
{
	FILE *out = fmemopen(text, size, "w");
	bool good;

	assert_non_null(out);
	good = checks_print(out, all);
	fclose(out);
	return good;
}

static void prints_counts(void **state)
{
	struct checks all = {};
	char text[2048];
	struct check *c;

	(void)state;
	c = begin(&all, &limit);
	check_row(c, 2, "first");
	check_note(c, "said");
	check_skip(c, "because");
	c = begin(&all, NULL);
	check_row(c, 1e6, "told");
	begin(&all, &limit);
	assert_true(print(&all, text, sizeof(text)));
	assert_non_null(strstr(text, "pass  a check: 1 row, worst +2 % (first)"));
	assert_non_null(strstr(text, "      said\n"));
	assert_non_null(strstr(text, "      skipped 1: because\n"));
	assert_non_null(strstr(text, "told  a check: 1 row"));
	assert_non_null(strstr(text, "none  a check: 0 rows"));
	assert_non_null(strstr(text, "\n1 passed, 0 failed, 1 rows skipped\n"));
	c = begin(&all, &limit);
	check_row(c, 4, "beyond");
	assert_false(print(&all, text, sizeof(text)));
	assert_non_null(strstr(text, "FAIL  a check: 1 row, worst +4 % (beyond)"));
	assert_non_null(strstr(text, "\n1 passed, 1 failed, 1 rows skipped\n"));
	checks_free(&all);
}

static void json_holds_the_same(void **state)
{
	struct checks all = {};
	struct check *c = begin(&all, &limit);
	json_t *json, *one;

	(void)state;
	check_row(c, NAN, "broken");
	check_skip(c, "because");
	json = checks_json(&all);
	one = json_array_get(json, 0);
	assert_string_equal(json_string_value(json_object_get(one, "verdict")), "FAIL");
	assert_true(json_is_null(json_object_get(one, "worst")));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(one, "skipped"),
							    "because")), 1);
	json_decref(json);
	checks_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_at_the_limits),
		cmocka_unit_test(keeps_the_worst_row),
		cmocka_unit_test(medians),
		cmocka_unit_test(counts_reasons),
		cmocka_unit_test(takes_no_check),
		cmocka_unit_test(prints_counts),
		cmocka_unit_test(json_holds_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
