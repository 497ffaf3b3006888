// SPDX-License-Identifier: LGPL-2.1-or-later
/* CSV tables: quoting, lengths, numbers, and hostile files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ini_fixture.h"
#include "sim/csv.h"

static void read_good(struct ini_fixture *f, struct csv *t, const char *text)
{
	struct engine_error e = {};

	ini_fixture_text(f, "t.csv", "%s", text);
	if (csv_read(f->path, t, &e))
		fail_msg("%s", e.text);
}

static void expect_bad(struct ini_fixture *f, const void *text, size_t size, const char *why)
{
	struct engine_error e = {};
	struct csv t;

	ini_fixture_write(f, "bad.csv", text, size);
	assert_int_equal(csv_read(f->path, &t, &e), -EINVAL);
	if (!strstr(e.text, why))
		fail_msg("'%s' does not say '%s'", e.text, why);
	assert_null(t.cells);
	assert_int_equal(t.n_columns, 0);
	assert_int_equal(t.n_rows, 0);
}

#define BAD(f, text, why)	expect_bad(f, text, sizeof(text) - 1, why)

static void reads_fields(void **state)
{
	struct csv t;

	read_good(*state, &t, "a,b,c\r\n1,\"x, \"\"y\"\"\",\n\n,,\"\"\nlast,2,3");
	assert_int_equal(t.n_columns, 3);
	assert_int_equal(t.n_rows, 3);
	assert_string_equal(csv_text(&t, 0, "a"), "1");
	assert_string_equal(csv_text(&t, 0, "b"), "x, \"y\"");
	assert_string_equal(csv_text(&t, 0, "c"), "");
	assert_string_equal(csv_text(&t, 1, "a"), "");
	assert_string_equal(csv_text(&t, 2, "c"), "3");
	assert_string_equal(csv_text(&t, 2, "d"), "");
	assert_int_equal(csv_column(&t, "c"), 2);
	assert_int_equal(csv_column(&t, "d"), -1);
	csv_free(&t);
	assert_null(t.cells);
}

static void reads_many_rows(void **state)
{
	char *text = malloc(5 * 4096 + 16), number[16];
	struct csv t;
	int i, n = sprintf(text, "n\n");

	for (i = 0; i < 4096; i++)
		n += sprintf(text + n, "%d\n", i % 1000);
	read_good(*state, &t, text);
	assert_int_equal(t.n_rows, 4096);
	for (i = 0; i < 4096; i++) {
		snprintf(number, sizeof(number), "%d", i % 1000);
		assert_string_equal(csv_text(&t, i, "n"), number);
	}
	csv_free(&t);
	free(text);
}

static void reads_numbers(void **state)
{
	struct csv t;
	double value = 7;

	read_good(*state, &t, "a,b,c,d,e,f,g\n1.5e3,-2,,12x,nan,inf,1e999\n");
	assert_true(csv_number(&t, 0, "a", &value) && value == 1500);
	assert_true(csv_number(&t, 0, "b", &value) && value == -2);
	assert_false(csv_number(&t, 0, "c", &value));
	assert_false(csv_number(&t, 0, "d", &value));
	assert_false(csv_number(&t, 0, "e", &value));
	assert_false(csv_number(&t, 0, "f", &value));
	assert_false(csv_number(&t, 0, "g", &value));
	assert_false(csv_number(&t, 0, "none", &value));
	assert_true(value == -2);
	csv_free(&t);
}

static void appends_by_name(void **state)
{
	struct csv t, from;

	read_good(*state, &t, "a,b\n1,2\n");
	read_good(*state, &from, "c,b\n3,4\n5,6\n");
	assert_int_equal(csv_append(&t, &from), 0);
	assert_int_equal(from.n_rows, 0);
	assert_int_equal(t.n_rows, 3);
	assert_string_equal(csv_text(&t, 1, "a"), "");
	assert_string_equal(csv_text(&t, 2, "b"), "6");
	csv_free(&t);
}

static void refuses_malformed_files(void **state)
{
	char wide[129];
	int i;

	BAD(*state, "", "empty");
	BAD(*state, "\n\r\n", "empty");
	BAD(*state, "a,b\n1\n", ":2: the row has not as many fields");
	BAD(*state, "a,b\n1,2\n1,2,3\n", ":3: the row has not as many fields");
	BAD(*state, "a\n\"open\n", ":2: a quote that is not closed");
	BAD(*state, "a\n\"open\"\"\n", ":2: a quote that is not closed");
	BAD(*state, "a\n\"x\"y\n", ":2: text behind a closed quote");
	BAD(*state, "a\nx\0y\n", ":2: a NUL");
	for (i = 0; i < 129; i++)
		wide[i] = i % 2 ? ',' : 'x';
	expect_bad(*state, wide, 129, ":1: more than 64 columns");
}

static void says_what_cannot_be_opened(void **state)
{
	struct engine_error e = {};
	struct csv t;

	(void)state;
	assert_int_equal(csv_read("/nonexistent/t.csv", &t, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/t.csv"));
}

/* Whatever bytes a file has: no error of memory, and what is read is whole. */
static void survives_random_files(void **state)
{
	static const char bytes[] = "a1,,,\"\"\n\n\r.x ";
	char text[64];
	unsigned int seed = 1;
	size_t i, n, row;
	struct csv t;
	int round;

	for (round = 0; round < 2000; round++) {
		seed = seed * 1103515245 + 12345;
		n = (seed >> 16) % sizeof(text);
		for (i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			text[i] = bytes[(seed >> 16) % (sizeof(bytes) - 1)];
		}
		ini_fixture_write(*state, "random.csv", text, n);
		if (csv_read(((struct ini_fixture *)*state)->path, &t, NULL))
			continue;
		assert_true(t.n_columns > 0);
		for (row = 0; row < t.n_rows; row++)
			for (i = 0; i < t.n_columns; i++)
				assert_true(strlen(t.cells[row * t.n_columns + i]) < sizeof(text));
		csv_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_fields),
		cmocka_unit_test(reads_many_rows),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(appends_by_name),
		cmocka_unit_test(refuses_malformed_files),
		cmocka_unit_test(says_what_cannot_be_opened),
		cmocka_unit_test(survives_random_files),
	};

	return cmocka_run_group_tests(tests, ini_fixture_begin, ini_fixture_end);
}
