// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading network files, and the networks of this project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/collective.h"
#include "sim/network_file.h"

#include "ini_fixture.h"

/* 11 lines: a ring that is complete but for what a test adds. */
#define HEAD								\
	"[network]\n"							\
	"name = test\n"							\
	"description = a network for tests\n"				\
	"topology = ring\n"						\
	"topology.source = assumed: a test\n"				\
	"nodes = 8\n"							\
	"nodes.source = assumed: a test\n"				\
	"link_bps = 25e9\n"						\
	"link_bps.source = published: one,\n"				\
	"  two\n"							\
	"\n"

#define SOURCE(key)	key ".source = assumed: a test\n"

static int read_text(void **state, struct network_file *out, struct engine_error *e,
		     const char *text)
{
	struct ini_fixture *f = *state;

	ini_fixture_text(f, "test.ini", "%s", text);
	memset(e, 0, sizeof(*e));
	return network_file_read(f->path, out, e);
}

static void check_refused(void **state, const char *text, const char *const *words)
{
	struct network_file file;
	struct engine_error e;

	assert_int_equal(read_text(state, &file, &e, text), -EINVAL);
	for (; *words; words++)
		if (!strstr(e.text, *words))
			fail_msg("'%s' does not hold '%s'", e.text, *words);
}

#define CHECK_REFUSED(text, ...) \
	check_refused(state, text, (const char *const []) { "test.ini:", __VA_ARGS__, NULL })

static const struct engine_source *source_of(const struct network_file *f, const char *key)
{
	unsigned int i;

	for (i = 0; strcmp(network_file_key(i), key); i++)
		assert_true(i + 1 < NETWORK_KEYS);
	return &f->sources[i];
}

static void test_read(void **state)
{
	struct network_file f;
	struct engine_error e;

	if (read_text(state, &f, &e, HEAD "links = 4\n" SOURCE("links")
		      "link_ns = 100\n" SOURCE("link_ns")
		      "algorithms = ring  direct\n" SOURCE("algorithms") "[straggler]\n"
		      "distribution = percentiles\n" SOURCE("distribution")
		      "percentiles = 0:500 99.9:2e3 100:9000\n" SOURCE("percentiles")
		      "timeout_ns = 5000\n" SOURCE("timeout_ns")
		      "substitute = zero\n" SOURCE("substitute") "seed = 7\n" SOURCE("seed")))
		fail_msg("%s", e.text);
	assert_string_equal(f.name, "test");
	assert_string_equal(f.description, "a network for tests");
	assert_int_equal(f.network.topology, NETWORK_RING);
	assert_int_equal(f.network.nodes, 8);
	assert_int_equal(f.network.links, 4);
	assert_int_equal(f.network.link_bps, 25000000000);
	assert_int_equal(f.network.link_ns, 100);
	assert_int_equal(f.network.efficiency_permille, 1000);
	assert_int_equal(f.network.algorithms, 1 << ALGORITHM_RING | 1 << ALGORITHM_DIRECT);
	assert_int_equal(f.straggler.kind, STRAGGLER_PERCENTILES);
	assert_int_equal(f.straggler.n_points, 3);
	assert_true(f.straggler.points[1].share == 99.9 / 100);
	assert_int_equal(f.straggler.points[1].ns, 2000);
	assert_int_equal(f.straggler.timeout_ns, 5000);
	assert_int_equal(f.straggler.substitute, SUBSTITUTE_ZERO);
	assert_int_equal(f.straggler.seed, 7);
	assert_true(source_of(&f, "link_bps")->published);
	assert_string_equal(source_of(&f, "link_bps")->text, "one, two");
	assert_false(source_of(&f, "nodes")->published);
	assert_false(source_of(&f, "radix")->given);
}

static void test_shape(void **state)
{
	struct network_file f;
	struct engine_error e;

	if (read_text(state, &f, &e, "[network]\nname = t\ndescription = t\n"
		      "topology = torus_3d\n" SOURCE("topology") "nodes = 32\n" SOURCE("nodes")
		      "shape = 4 4 2\n" SOURCE("shape")
		      "link_bps = 1e9\n" SOURCE("link_bps")))
		fail_msg("%s", e.text);
	assert_int_equal(f.network.shape[2], 2);
	assert_int_equal(f.straggler.kind, STRAGGLER_NONE);
	CHECK_REFUSED("[network]\nshape = 4 4 2 2\n", ":2:", "more than 3 numbers");
	CHECK_REFUSED("[network]\nshape = 4 x\n", ":2:", "shape is 'x'");
	CHECK_REFUSED("[network]\nshape = 1 4\n", ":2:", "shape is 1", "from 2");
}

static void test_unknown(void **state)
{
	CHECK_REFUSED(HEAD "link_nss = 1\n", ":12:", "'link_nss'", "'link_ns'");
	CHECK_REFUSED(HEAD "lnks.source = assumed: x\n", ":12:", "'lnks'", "'links'");
	CHECK_REFUSED(HEAD "seed = 1\n", ":12:", "[network] has no key 'seed'");
	CHECK_REFUSED(HEAD "[stragler]\nseed = 1\n", "[stragler]", "[straggler]");
	CHECK_REFUSED("[network]\ntopology = thorus_2d\n", ":2:", "no topology 'thorus_2d'",
		      "'torus_2d'");
	CHECK_REFUSED(HEAD "algorithms = ring rng\n", ":12:", "'rng'", "'ring'");
	CHECK_REFUSED(HEAD "[straggler]\ndistribution = normal\n", ":13:", "'lognormal'");
}

static void test_values(void **state)
{
	CHECK_REFUSED(HEAD "links = 0\n", ":12:", "links is 0", "from 1 to 1024");
	CHECK_REFUSED(HEAD "links = -1\n", ":12:", "must be a number");
	CHECK_REFUSED(HEAD "hop_ns = 0.5\n", ":12:", "whole number");
	CHECK_REFUSED(HEAD "in_network = 2\n", ":12:", "from 0 to 1");
	CHECK_REFUSED(HEAD "nodes = 9\n", ":12:", "nodes is given a second time");
	CHECK_REFUSED(HEAD "name = other\n", ":12:", "name is given a second time");
	CHECK_REFUSED(HEAD "links = 1\n  2\n", ":13:", "goes on in this line");
	CHECK_REFUSED(HEAD "algorithms =\n", ":12:", "algorithms is empty");
	CHECK_REFUSED(HEAD "in_network = 1\n" SOURCE("in_network"), "a ring has no switch");
	CHECK_REFUSED(HEAD "radix = 2\n" SOURCE("radix"), "a ring has no such radix");
}

static void test_percentiles(void **state)
{
#define PERCENTILES(text) \
	HEAD "[straggler]\ndistribution = percentiles\n" SOURCE("distribution") \
	"percentiles = " text "\n" SOURCE("percentiles")
	CHECK_REFUSED(PERCENTILES("0:1 50"), ":15:", "'50' is no percentile");
	CHECK_REFUSED(PERCENTILES("0:1 x:2"), ":15:", "'x' is no percentile");
	CHECK_REFUSED(PERCENTILES("0:1 nan:2"), ":15:", "no percentile");
	CHECK_REFUSED(PERCENTILES("0:1 101:2"), ":15:", "from 0 to 100");
	CHECK_REFUSED(PERCENTILES("0:1 100:x"), ":15:", "a percentile is 'x'");
	CHECK_REFUSED(PERCENTILES("0:1 50:9 40:9 100:9"), "must ascend");
	CHECK_REFUSED(PERCENTILES("0:0 1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:9 10:10 11:11 12:12 "
				  "13:13 14:14 15:15 100:16"), ":15:", "more than 16");
	CHECK_REFUSED(HEAD "[straggler]\ndistribution = percentiles\n" SOURCE("distribution"), "0 percentiles");
	CHECK_REFUSED(HEAD "[straggler]\ndistribution = exponential\n" SOURCE("distribution"), "mean_ns is 0");
}

static void test_sources(void **state)
{
	CHECK_REFUSED(HEAD "links = 2\n", ":12:", "links has no source");
	CHECK_REFUSED(HEAD "links.source = assumed: x\n", ":12:", "links has a source but no value");
	CHECK_REFUSED(HEAD "links.source = guessed\n", ":12:", "'published: ...' or 'assumed: ...'");
	CHECK_REFUSED(HEAD "links.source = assumed:\n", ":12:", "'assumed: ...'");
	CHECK_REFUSED(HEAD "links = 2\n" SOURCE("links") "links.source = assumed: x\n", ":14:",
		      "given a second time");
}

#define NAMED "[network]\nname = x\ndescription = y\n"

static void test_missing(void **state)
{
	CHECK_REFUSED("", "no name");
	CHECK_REFUSED("[network]\nname = x\n", "no description");
	CHECK_REFUSED(NAMED, "no topology: add it");
	CHECK_REFUSED(NAMED "topology = ring\n" SOURCE("topology") "nodes = 2\n" SOURCE("nodes"),
		      "no link_bps");
	CHECK_REFUSED("[network\n", ":1:");
	CHECK_REFUSED("[network]\nnonsense\n", ":2:");
}

static void test_find(void **state)
{
	struct ini_fixture *fixture = *state;
	struct network_file f;
	struct engine_error e;

	ini_fixture_text(fixture, "mine.ini", "%s", HEAD);
	assert_int_equal(setenv("TERRACE_NETWORKS", fixture->folder, 1), 0);
	assert_int_equal(network_file_find("mine", &f, &e), 0);
	assert_int_equal(f.network.nodes, 8);
	assert_int_equal(network_file_find("h100_dgx", &f, &e), 0);
	assert_int_equal(f.network.links, 18);
	assert_int_equal(network_file_find("no_such", &f, &e), -ENOENT);
	assert_non_null(strstr(e.text, "no_such"));
	assert_non_null(strstr(e.text, "TERRACE_NETWORKS"));
	assert_int_equal(network_file_find("../networks/h100_dgx", &f, &e), -ENOENT);
	assert_int_equal(network_file_find("", &f, &e), -ENOENT);
	unsetenv("TERRACE_NETWORKS");
}

/* All of them can be read and are called what their file is. */
static void test_shipped(void **state)
{
	struct network_file f;
	struct engine_error e;
	char name[128];
	glob_t files;
	size_t i;

	(void)state;
	assert_int_equal(glob("user/networks/*.ini", 0, NULL, &files), 0);
	for (i = 0; i < files.gl_pathc; i++) {
		if (network_file_read(files.gl_pathv[i], &f, &e))
			fail_msg("%s", e.text);
		snprintf(name, sizeof(name), "%s.ini", f.name);
		assert_string_equal(basename(files.gl_pathv[i]), name);
	}
	globfree(&files);
}

/* Numbers of the shipped file by their keys; words and lists are none. */
static void test_numbers(void **state)
{
	struct network_file f;
	struct engine_error e;
	uint64_t value = 0;
	unsigned int i, found = 0;

	(void)state;
	assert_int_equal(network_file_find("h100_dgx", &f, &e), 0);
	for (i = 0; i < NETWORK_KEYS; i++) {
		const char *key = network_file_key(i);
		bool number = network_file_number(&f, i, &value);

		if (!strcmp(key, "link_bps") || !strcmp(key, "nodes")) {
			assert_true(number);
			assert_int_equal(value, *key == 'n' ? 8 : 25000000000);
			found++;
		} else if (!strcmp(key, "topology") || !strcmp(key, "algorithms")) {
			assert_false(number);
			found++;
		}
	}
	assert_int_equal(found, 4);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, ini_fixture_begin, ini_fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read), TEST(test_shape), TEST(test_unknown), TEST(test_values),
		TEST(test_percentiles), TEST(test_sources), TEST(test_missing), TEST(test_find),
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
