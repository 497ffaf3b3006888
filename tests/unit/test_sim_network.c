// SPDX-License-Identifier: LGPL-2.1-or-later
/* What topologies give: paths, cuts and loads, by hand and by counting all pairs of nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "sim/network.h"

#include "network_fixture.h"

#define EXACT	0.000000000001
#define NS	0.000000001

static void close_to(double ours, double expected)
{
	if (!(fabs(ours - expected) <= EXACT * fabs(expected)))
		fail_msg("%.15g is not %.15g", ours, expected);
}

static void check_facts(struct network n, double mean, uint64_t most, uint64_t links,
			double bisection, double exchange)
{
	struct network_facts f;
	struct engine_error e;

	if (network_check(&n, "test", &e))
		fail_msg("%s", e.text);
	f = network_facts(&n);
	close_to(f.hops_mean, mean);
	assert_int_equal(f.hops_max, most);
	assert_int_equal(f.links_per_node, links);
	close_to(f.bisection_links, bisection);
	close_to(f.bisection_bps, bisection * 1e9);
	close_to(f.exchange, exchange);
}

static void test_switch(void **state)
{
	struct network n = fixture_network(NETWORK_SWITCH, 8);

	(void)state;
	check_facts(n, 2, 2, 1, 4, 7.0 / 8);
	check_facts(fixture_network(NETWORK_SWITCH, 3), 2, 2, 1, 1, 2.0 / 3);
	n.links = 18;
	check_facts(n, 2, 2, 18, 72, 7.0 / 8);
	n.efficiency_permille = 800;
	close_to(network_edge_bps(&n), 18 * 0.8e9);
	close_to(network_facts(&n).bisection_bps, 72 * 0.8e9);
}

static void test_ring(void **state)
{
	(void)state;
	check_facts(fixture_network(NETWORK_RING, 8), 16.0 / 7, 4, 2, 2, 1);
	check_facts(fixture_network(NETWORK_RING, 5), 1.5, 2, 2, 2, 0.6);
	check_facts(fixture_network(NETWORK_RING, 2), 1, 1, 1, 1, 0.5);
}

static void test_tree(void **state)
{
	(void)state;
	check_facts(fixture_tree(NETWORK_TREE, 8, 2), 34.0 / 7, 6, 1, 1, 2);
	check_facts(fixture_tree(NETWORK_TREE, 16, 4), 3.6, 4, 1, 2, 3);
	check_facts(fixture_tree(NETWORK_TREE, 9, 3), 3.5, 4, 1, 2, 2);
	check_facts(fixture_tree(NETWORK_FAT_TREE, 16, 4), 3.6, 4, 1, 8, 15.0 / 16);
}

static void test_torus(void **state)
{
	(void)state;
	check_facts(fixture_torus(4, 4, 0), 32.0 / 15, 4, 4, 8, 0.5);
	check_facts(fixture_torus(2, 4, 0), 12.0 / 7, 3, 3, 4, 0.5);
	check_facts(fixture_torus(4, 4, 4), 64.0 * 3 / 63, 6, 6, 32, 0.5);
	check_facts(fixture_torus(2, 2, 2), 12.0 / 7, 3, 3, 4, 0.5);
	check_facts(fixture_torus(8, 4, 2), 3.5 * 64 / 63, 7, 5, 16, 1);
}

static void test_dragonfly(void **state)
{
	(void)state;
	check_facts(fixture_dragonfly(2, 4, 2, 9), 308.0 / 71, 5, 1, 20, 71.0 / 72);
	check_facts(fixture_dragonfly(2, 4, 2, 1), (2 + 18) / 7.0, 3, 1, 4, 7.0 / 8);
	check_facts(fixture_dragonfly(4, 1, 0, 1), 2, 2, 1, 2, 3.0 / 4);
	check_facts(fixture_dragonfly(1, 1, 3, 4), 3, 3, 1, 2, 3.0 / 4);
}

/* Group x has its link to y at the router that the k-th of its links is at. */
static unsigned int gateway(unsigned int x, unsigned int y, unsigned int g, unsigned int h)
{
	return (y + g - x - 1) % g / h;
}

#define P	4
#define A	3
#define H	1
#define G	4
#define ROUTER	(P * A * G)

/* All pairs along their minimal paths; local[group][from][to] and global[from][to] messages. */
static void test_dragonfly_counted(void **state)
{
	double local[G][A][A] = { 0 }, global[G][G] = { 0 }, hops = 0, most = 0;
	struct network n = fixture_dragonfly(P, A, H, G);
	struct network_facts f = network_facts(&n);
	unsigned int i, j, gi, gj, ri, rj, out, in;

	(void)state;
	for (i = 0; i < ROUTER; i++)
		for (j = 0; j < ROUTER; j++) {
			if (i == j)
				continue;
			gi = i / (P * A);
			gj = j / (P * A);
			ri = i / P % A;
			rj = j / P % A;
			out = gi == gj ? rj : gateway(gi, gj, G, H);
			in = gi == gj ? rj : gateway(gj, gi, G, H);
			hops += 2 + (ri != out) + (gi != gj) + (in != rj);
			local[gi][ri][out] += ri != out;
			global[gi][gj] += gi != gj;
			local[gj][in][rj] += in != rj;
		}
	for (gi = 0; gi < G; gi++)
		for (ri = 0; ri < A; ri++)
			for (rj = 0; rj < A; rj++)
				most = fmax(most, local[gi][ri][rj]);
	for (gi = 0; gi < G; gi++)
		for (gj = 0; gj < G; gj++)
			most = fmax(most, global[gi][gj]);
	close_to(f.hops_mean, hops / ROUTER / (ROUTER - 1));
	close_to(f.exchange, most / ROUTER);
}

/* Distances of all pairs of an odd torus; loads of a ring's edges in one direction. */
static void test_torus_counted(void **state)
{
	struct network n = fixture_torus(5, 3, 4);
	uint64_t size[] = { 5, 3, 4 }, i, d, x, sum = 0, most = 0, far;

	(void)state;
	for (i = 1; i < 60; i++) {
		uint64_t at[] = { i % 5, i / 5 % 3, i / 15 };

		for (d = 0, far = 0; d < 3; d++) {
			x = at[d];
			far += x < size[d] - x ? x : size[d] - x;
		}
		sum += far;
		most = far > most ? far : most;
	}
	close_to(network_facts(&n).hops_mean, sum / 59.0);
	assert_int_equal(network_facts(&n).hops_max, most);
}

static void test_one_node(void **state)
{
	struct network n = fixture_network(NETWORK_RING, 1);
	struct network_level level[NETWORK_LEVELS_MAX];

	(void)state;
	check_facts(n, 0, 0, 0, 0, 0);
	check_facts(fixture_tree(NETWORK_TREE, 1, 2), 0, 0, 1, 0, 0);
	assert_int_equal(network_levels(&n, level), 0);
}

static void test_huge(void **state)
{
	struct network_level level[NETWORK_LEVELS_MAX];
	struct network n = fixture_tree(NETWORK_TREE, NETWORK_NODES_MAX, 2);
	struct engine_error e;

	(void)state;
	assert_int_equal(network_check(&n, "test", &e), 0);
	assert_int_equal(network_levels(&n, level), 20);
	assert_int_equal(network_facts(&n).hops_max, 40);
	close_to(level[19].load, 1 << 19);
	check_facts(fixture_network(NETWORK_RING, NETWORK_NODES_MAX),
		    (1 << 18) * (double)(1 << 20) / ((1 << 20) - 1), 1 << 19, 2, 2, 1 << 17);
}

static void test_path(void **state)
{
	struct network n = fixture_network(NETWORK_SWITCH, 4);

	(void)state;
	n.link_ns = 100;
	n.hop_ns = 50;
	close_to(network_path_seconds(&n, 1), 100 * NS);
	close_to(network_path_seconds(&n, 5), 700 * NS);
	assert_true(network_path_seconds(&n, 0) == 0);
}

static void check_refused(struct network n, const char *const *words)
{
	struct engine_error e;

	assert_int_equal(network_check(&n, "net", &e), -EINVAL);
	for (; *words; words++)
		if (!strstr(e.text, *words))
			fail_msg("'%s' does not hold '%s'", e.text, *words);
}

#define CHECK_REFUSED(n, ...) \
	check_refused(n, (const char *const []) { "net: ", __VA_ARGS__, NULL })

static void test_sizes(void **state)
{
	struct network n = fixture_network(NETWORK_SWITCH, 4);

	(void)state;
	CHECK_REFUSED(fixture_tree(NETWORK_TREE, 12, 2), "a tree", "12 nodes", "8 or 16");
	CHECK_REFUSED(fixture_tree(NETWORK_FAT_TREE, 4, 1), "fat_tree", "radix", "is 1", "from 2");
	CHECK_REFUSED(fixture_tree(NETWORK_RING, 4, 2), "ring has no such radix", "remove");
	CHECK_REFUSED(fixture_dragonfly(2, 4, 1, 6), "4 global links reach 5 groups", "there are 6");
	CHECK_REFUSED(fixture_dragonfly(0, 4, 1, 6), "nodes is 0");
	CHECK_REFUSED(fixture_network(NETWORK_TORUS_2D, 4), "shape", "is 0", "from 2");
	CHECK_REFUSED(fixture_network(NETWORK_SWITCH, NETWORK_NODES_MAX + 1), "nodes is 1048577",
		      "to 1048576");
	n.shape[2] = 2;
	CHECK_REFUSED(n, "switch has no such shape");
	n = fixture_torus(4, 4, 0);
	n.nodes = 15;
	CHECK_REFUSED(n, "16 places for 15 nodes");
	n = fixture_dragonfly(2, 4, 2, 9);
	n.nodes = 71;
	CHECK_REFUSED(n, "71 nodes do not fill groups of 8");
	n = fixture_torus(4, 4, 4);
	n.in_network = 1;
	CHECK_REFUSED(n, "torus_3d has no switch", "in_network = 0");
	n = fixture_network(NETWORK_SWITCH, 4);
	n.link_bps = 0;
	CHECK_REFUSED(n, "link_bps is 0", "from 1");
}

static void test_resize(void **state)
{
	struct network n = fixture_tree(NETWORK_FAT_TREE, 16, 4), other;
	struct engine_error e;

	(void)state;
	assert_int_equal(network_resize(&n, 64, &other, &e), 0);
	assert_int_equal(network_facts(&other).hops_max, 6);
	assert_int_equal(network_resize(&n, 63, &other, &e), -EINVAL);
	assert_non_null(strstr(e.text, "16 or 64"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_switch), cmocka_unit_test(test_ring),
		cmocka_unit_test(test_tree), cmocka_unit_test(test_torus),
		cmocka_unit_test(test_dragonfly), cmocka_unit_test(test_dragonfly_counted),
		cmocka_unit_test(test_torus_counted), cmocka_unit_test(test_one_node),
		cmocka_unit_test(test_huge), cmocka_unit_test(test_path),
		cmocka_unit_test(test_sizes), cmocka_unit_test(test_resize),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
