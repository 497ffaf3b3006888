// SPDX-License-Identifier: LGPL-2.1-or-later
/* Check 8: which rows have a limit, which are told or skipped, and that it can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/validate.h"

#include "ini_fixture.h"

#define COLUMNS	"node,collective,num_workers,size_bytes,median_ms\n"

/* A switch of 8 that takes 1 ms and a second for each gigabyte that a node sends. */
static const char network[] =
	"[network]\nname = h100_dgx\ndescription = a test\n"
	"topology = switch\ntopology.source = assumed: a test\n"
	"nodes = 8\nnodes.source = assumed: a test\n"
	"link_bps = 1e9\nlink_bps.source = assumed: a test\n"
	"launch_ns = 1e6\nlaunch_ns.source = assumed: a test\n"
	"algorithms = ring\nalgorithms.source = assumed: a test\n";

static int run(struct ini_fixture *f, const char *rows, struct checks *all, struct engine_error *e)
{
	struct validate v = { 0 };
	int err;

	ini_fixture_text(f, "h100_dgx.ini", "%s", network);
	ini_fixture_text(f, "table.csv", COLUMNS "%s", rows);
	setenv("TERRACE_NETWORKS", f->folder, 1);
	assert_int_equal(forms_read(f->folder, &v.published, e), 0);
	*all = (struct checks) { 0 };
	err = validate_collectives(&v, all, e);
	forms_free(&v.published);
	unsetenv("TERRACE_NETWORKS");
	return err;
}

/* 16 MB: 1 + 24 ms on 4 nodes, 1 + 28 on 8. */
static void test_limit(void **state)
{
	struct engine_error e;
	struct checks all;

	assert_int_equal(run(*state, "h100_dgx,all_reduce,4,16000000,25\n"
			     "h100_dgx,all_reduce,8,16000000,33.9\n", &all, &e), 0);
	assert_int_equal(check_verdict(&all.check[0]), CHECK_PASSED);
	assert_int_equal(all.check[0].n, 2);
	assert_true(all.check[0].worst < -14.4 && all.check[0].worst > -14.5);
	checks_free(&all);
	assert_int_equal(run(*state, "h100_dgx,all_reduce,4,16000000,21\n", &all, &e), 0);
	assert_int_equal(check_verdict(&all.check[0]), CHECK_FAILED);
	checks_free(&all);
}

static void test_told(void **state)
{
	struct engine_error e;
	struct checks all;
	size_t i;

	assert_int_equal(run(*state, "h100_dgx,all_reduce,4,2000000,1\n"
			     "h100_dgx,all_reduce,2,16000000,1\n"
			     "h100_dgx,send_recv,2,16000000,1\n"
			     "a100_dgx,all_reduce,8,16000000,1\n", &all, &e), 0);
	assert_int_equal(all.n, 5);
	assert_int_equal(check_verdict(&all.check[0]), CHECK_EMPTY);
	for (i = 1; i < all.n; i++) {
		assert_int_equal(check_verdict(&all.check[i]), CHECK_REPORTED);
		assert_int_equal(all.check[i].n, 1);
	}
	checks_free(&all);
}

static void test_skipped(void **state)
{
	struct engine_error e;
	struct checks all;

	assert_int_equal(run(*state, "h100_dgx,all_reduce,8,16000000,\n"
			     "h100_dgx,all_reduce,16,16000000,1\n"
			     "h100_dgx,all_reduce,2.5,16000000,1\n"
			     "h100_dgx,scan,8,16000000,1\n"
			     "no_such,all_reduce,8,16000000,1\n", &all, &e), 0);
	assert_int_equal(all.check[0].skipped, 1);
	assert_int_equal(all.check[2].skipped, 2);
	assert_int_equal(all.check[2].n, 0);
	assert_int_equal(all.check[3].skipped, 1);
	assert_int_equal(all.check[4].skipped, 1);
	assert_non_null(strstr(all.check[4].reasons[0].text, "no network file of no_such"));
	checks_free(&all);
}

static void test_malformed_network(void **state)
{
	struct ini_fixture *f = *state;
	struct engine_error e;
	struct checks all;

	ini_fixture_text(f, "other.ini", "%s", "[network]\nnodes = x\n");
	assert_int_equal(run(f, "other,all_reduce,8,16000000,1\n", &all, &e), -EINVAL);
	assert_non_null(strstr(e.text, "other.ini:2:"));
	checks_free(&all);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, ini_fixture_begin, ini_fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_limit), TEST(test_told), TEST(test_skipped),
		TEST(test_malformed_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
