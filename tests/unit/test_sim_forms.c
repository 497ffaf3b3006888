// SPDX-License-Identifier: LGPL-2.1-or-later
/* Forms of tables: known by columns, read together, unknown ones named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "ini_fixture.h"
#include "sim/forms.h"

#define RATES	"trace,policy,capacity_blocks_512tok,prefix_block_hit_ratio,evictions"

static void knows_the_published_tables(void **state)
{
	struct engine_error e = {};
	struct forms f = {};
	int form;

	(void)state;
	if (forms_read("tests/data/validation", &f, &e))
		fail_msg("%s", e.text);
	assert_int_equal(f.n_unknown, 0);
	for (form = 0; form < FORMS; form++) {
		assert_non_null(form_name(form));
		if (!f.table[form].n_rows)
			fail_msg("no table is of the form '%s'", form_name(form));
	}
	assert_int_equal(f.table[FORM_VIEWER_TOTALS].n_rows, 960);
	assert_int_equal(f.table[FORM_VIEWER_LAYERS].n_rows, 480);
	assert_int_equal(f.table[FORM_BOUNDS].n_rows, 64);
	forms_free(&f);
}

/* Files of one form are one table, in the order of their names; more columns do no harm. */
static void joins_files_of_a_form(void **state)
{
	struct ini_fixture *folder = *state;
	struct engine_error e = {};
	struct forms f = {};

	ini_fixture_text(folder, "b.csv", "more," RATES "\nm,b,lru,1,2,3\n");
	ini_fixture_text(folder, "a.csv", RATES ",source\na,lru,1,2,3,s\n");
	ini_fixture_text(folder, "c.csv", "trace,policy\nt,p\n");
	ini_fixture_text(folder, "notes.txt", "\"");
	if (forms_read(folder->folder, &f, &e))
		fail_msg("%s", e.text);
	assert_int_equal(f.table[FORM_HIT_RATES].n_rows, 2);
	assert_string_equal(csv_text(&f.table[FORM_HIT_RATES], 0, "trace"), "a");
	assert_string_equal(csv_text(&f.table[FORM_HIT_RATES], 1, "trace"), "b");
	assert_string_equal(csv_text(&f.table[FORM_HIT_RATES], 1, "source"), "");
	assert_int_equal(f.n_unknown, 1);
	assert_non_null(strstr(f.unknown[0], "/c.csv"));
	forms_free(&f);
	assert_int_equal(f.n_unknown, 0);
}

static void refuses_what_cannot_be_read(void **state)
{
	struct ini_fixture *folder = *state;
	struct engine_error e = {};
	struct forms f = {};

	assert_int_equal(forms_read("/nonexistent", &f, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent"));
	ini_fixture_text(folder, "d.csv", "a,b\n1\n");
	assert_int_equal(forms_read(folder->folder, &f, &e), -EINVAL);
	assert_non_null(strstr(e.text, "d.csv:2"));
	forms_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_published_tables),
		cmocka_unit_test_setup_teardown(joins_files_of_a_form, ini_fixture_begin,
						ini_fixture_end),
		cmocka_unit_test_setup_teardown(refuses_what_cannot_be_read, ini_fixture_begin,
						ini_fixture_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
