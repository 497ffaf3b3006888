// SPDX-License-Identifier: LGPL-2.1-or-later
/* Collective operations on every topology, computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "engine/random.h"
#include "sim/collective.h"

#include "network_fixture.h"

#define EXACT	0.000000000001
#define NS	0.000000001

#define MB	1e6
#define MS	0.001
#define US	0.000001

static void close_to(double ours, double expected)
{
	if (!(fabs(ours - expected) <= EXACT * fabs(expected)))
		fail_msg("%.15g is not %.15g", ours, expected);
}

static void check_by(struct network n, enum collective op, enum collective_algorithm by,
		     double bytes, double latency, double transfer)
{
	struct collective_cost cost;
	double launch = op == COLLECTIVE_SEND_RECV ? 5 * US : 10 * US;

	assert_int_equal(network_check(&n, "test", NULL), 0);
	assert_true(collective_by(&n, op, by, bytes, &cost));
	assert_int_equal(cost.algorithm, by);
	close_to(cost.latency, latency);
	close_to(cost.transfer, transfer);
	close_to(cost.seconds, launch + latency + transfer);
}

static void test_switch(void **state)
{
	struct network n = fixture_network(NETWORK_SWITCH, 4);

	(void)state;
	/* A message takes 2 links, a switch and the software: 1.25 us. */
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_RING, 4 * MB, 6 * 1.25 * US, 6 * MS);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_RECURSIVE, 4 * MB, 4 * 1.25 * US, 6 * MS);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_DOUBLING, 4 * MB, 2 * 1.25 * US, 8 * MS);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_TREE, 4 * MB, 4 * 1.25 * US, 16 * MS);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_DIRECT, 4 * MB, 2 * 3.25 * US, 6 * MS);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_ONE_SHOT, 4 * MB, 3.25 * US, 12 * MS);
	check_by(n, COLLECTIVE_ALL_GATHER, ALGORITHM_RING, 4 * MB, 3 * 1.25 * US, 3 * MS);
	check_by(n, COLLECTIVE_REDUCE_SCATTER, ALGORITHM_RECURSIVE, 4 * MB, 2.5 * US, 3 * MS);
	check_by(n, COLLECTIVE_ALL_TO_ALL, ALGORITHM_DIRECT, 4 * MB, 3.25 * US, 3 * MS);
	check_by(n, COLLECTIVE_ALL_TO_ALL, ALGORITHM_BRUCK, 4 * MB, 2.5 * US, 4 * MS);
	check_by(n, COLLECTIVE_BROADCAST, ALGORITHM_TREE, 4 * MB, 2.5 * US, 8 * MS);
	check_by(n, COLLECTIVE_BROADCAST, ALGORITHM_RING, 4 * MB, 5 * 1.25 * US, 6 * MS);
	check_by(n, COLLECTIVE_BROADCAST, ALGORITHM_RECURSIVE, 4 * MB, 4 * 1.25 * US, 6 * MS);
	check_by(n, COLLECTIVE_BROADCAST, ALGORITHM_DIRECT, 4 * MB, 3.25 * US, 12 * MS);
	check_by(n, COLLECTIVE_SEND_RECV, ALGORITHM_DIRECT, 4 * MB, 1.25 * US, 4 * MS);
	n.links = 4;
	n.efficiency_permille = 500;
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_RING, 4 * MB, 6 * 1.25 * US, 3 * MS);
}

static void test_in_network(void **state)
{
	struct network n = fixture_network(NETWORK_SWITCH, 4);
	struct collective_cost cost;

	(void)state;
	assert_false(collective_by(&n, COLLECTIVE_ALL_REDUCE, ALGORITHM_IN_NETWORK, 1, &cost));
	n.in_network = 1;
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_IN_NETWORK, 4 * MB, 1.25 * US, 4 * MS);
	check_by(n, COLLECTIVE_ALL_GATHER, ALGORITHM_IN_NETWORK, 4 * MB, 1.25 * US, 4 * MS);
	check_by(n, COLLECTIVE_BROADCAST, ALGORITHM_IN_NETWORK, 4 * MB, 1.25 * US, 4 * MS);
	assert_false(collective_by(&n, COLLECTIVE_ALL_TO_ALL, ALGORITHM_IN_NETWORK, 1, &cost));
	cost = collective_best(&n, COLLECTIVE_ALL_REDUCE, 16384);
	assert_int_equal(cost.algorithm, ALGORITHM_IN_NETWORK);
	assert_int_equal(cost.messages, 1);
	/* Up three levels and down: 6 links, 5 switches. */
	n = fixture_tree(NETWORK_TREE, 8, 2);
	n.in_network = 1;
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_IN_NETWORK, 4 * MB, 1.85 * US, 4 * MS);
}

static void test_ring(void **state)
{
	struct network n = fixture_network(NETWORK_RING, 4);

	(void)state;
	/* Both ways: 2 GB/s. */
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_RING, 4 * MB, 6 * 1.1 * US, 3 * MS);
	/* Halves to the neighbour, 2 MB; quarters two ways past two messages, 1 MB. */
	check_by(n, COLLECTIVE_REDUCE_SCATTER, ALGORITHM_RECURSIVE, 4 * MB, 2.35 * US, 3 * MS);
	check_by(n, COLLECTIVE_BROADCAST, ALGORITHM_TREE, 4 * MB, 2.35 * US, 8 * MS);
	/* Mean distance with itself 1, two edges: half of the bytes. */
	check_by(n, COLLECTIVE_ALL_TO_ALL, ALGORITHM_DIRECT, 4 * MB, 3.25 * US, 2 * MS);
	check_by(n, COLLECTIVE_BROADCAST, ALGORITHM_DIRECT, 4 * MB, 3.25 * US, 6 * MS);
	check_by(n, COLLECTIVE_SEND_RECV, ALGORITHM_DIRECT, 3 * MB, (1 + 0.4 / 3 + 0.05 / 3) * US,
		 3 * MS);
	check_by(fixture_network(NETWORK_RING, 5), COLLECTIVE_ALL_GATHER, ALGORITHM_RING, 5 * MB,
		 4 * 1.1 * US, 2 * MS);
}

static void test_two_nodes(void **state)
{
	struct network n = fixture_network(NETWORK_RING, 2);

	(void)state;
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_RING, 4 * MB, 2 * 1.1 * US, 4 * MS);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_DOUBLING, 4 * MB, 1.1 * US, 4 * MS);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_ONE_SHOT, 4 * MB, 1.1 * US, 4 * MS);
	check_by(n, COLLECTIVE_ALL_TO_ALL, ALGORITHM_DIRECT, 4 * MB, 1.1 * US, 2 * MS);
}

static void test_torus(void **state)
{
	(void)state;
	/* All 4 edges of a node busy: 15/16 of 16 MB at 4 GB/s, twice. */
	check_by(fixture_torus(4, 4, 0), COLLECTIVE_ALL_REDUCE, ALGORITHM_RING, 16 * MB,
		 12 * 1.1 * US, 7.5 * MS);
	/* 63/64 of 64 MB at 6 GB/s. */
	check_by(fixture_torus(4, 4, 4), COLLECTIVE_ALL_GATHER, ALGORITHM_RING, 64 * MB,
		 9 * 1.1 * US, 10.5 * MS);
	/* Single edges in each dimension: 7/8 of 8 MB at 3 GB/s. */
	check_by(fixture_torus(2, 2, 2), COLLECTIVE_ALL_GATHER, ALGORITHM_RING, 8 * MB,
		 3 * 1.1 * US, 7.0 / 3 * MS);
	/*
	 * 2 x 4 with 8 MB, 4 for each half. First phase: half through 2 nodes 2 MB, through 4
	 * nodes 3 x 0.5 MB; the first is slower. Second: 2 MB are left of it, 3 x 0.25 MB; of
	 * the other 1 MB, one step of 0.5 MB; the first is slower again.
	 */
	check_by(fixture_torus(2, 4, 0), COLLECTIVE_ALL_GATHER, ALGORITHM_RING, 8 * MB,
		 4 * 1.1 * US, 2.75 * MS);
	/* Halving in x: 8 + 4 MB past 1 message; in y 2 + 1 the same. */
	check_by(fixture_torus(4, 4, 0), COLLECTIVE_REDUCE_SCATTER, ALGORITHM_RECURSIVE, 16 * MB,
		 2 * 2.35 * US, 15 * MS);
}

static void test_tree(void **state)
{
	struct network n = fixture_tree(NETWORK_TREE, 8, 2);

	(void)state;
	/* Levels take 1.25, 1.55 and 1.85 us; 1, 2 and 4 messages meet: 4 MB each time. */
	check_by(n, COLLECTIVE_REDUCE_SCATTER, ALGORITHM_RECURSIVE, 8 * MB, 4.65 * US, 12 * MS);
	check_by(n, COLLECTIVE_BROADCAST, ALGORITHM_TREE, 8 * MB, 4.65 * US, 24 * MS);
	check_by(n, COLLECTIVE_REDUCE_SCATTER, ALGORITHM_RING, 8 * MB, 7 * 1.85 * US, 7 * MS);
	/* Half of all goes through the root's edge. */
	check_by(n, COLLECTIVE_ALL_TO_ALL, ALGORITHM_DIRECT, 8 * MB, 7.85 * US, 16 * MS);
	n.topology = NETWORK_FAT_TREE;
	check_by(n, COLLECTIVE_REDUCE_SCATTER, ALGORITHM_RECURSIVE, 8 * MB, 4.65 * US, 7 * MS);
	check_by(n, COLLECTIVE_ALL_TO_ALL, ALGORITHM_DIRECT, 8 * MB, 7.85 * US, 7 * MS);
	check_by(n, COLLECTIVE_ALL_TO_ALL, ALGORITHM_BRUCK, 8 * MB, 3 * 1.85 * US, 12 * MS);
}

static void test_dragonfly(void **state)
{
	struct network n = fixture_dragonfly(2, 2, 1, 2);

	(void)state;
	/* Paths of 2, 3 and 5 links; 1, 2 and 2 messages meet: 4, 4 and 2 MB. */
	check_by(n, COLLECTIVE_REDUCE_SCATTER, ALGORITHM_RECURSIVE, 8 * MB,
		 (1.25 + 1.4 + 1.7) * US, 10 * MS);
	check_by(n, COLLECTIVE_ALL_GATHER, ALGORITHM_RING, 8 * MB, 7 * 1.7 * US, 7 * MS);
	n.in_network = 1;
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_IN_NETWORK, 8 * MB, 1.7 * US, 8 * MS);
}

static void test_landing_zone(void **state)
{
	struct network n = fixture_network(NETWORK_SWITCH, 4);

	(void)state;
	n.memory_ns = 300;
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_DOUBLING, 4096, 2 * 1.55 * US, 8192 * NS);
	n.landing_bytes = 4096;
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_DOUBLING, 4096, 2 * 1.25 * US, 8192 * NS);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_DOUBLING, 4097, 2 * 1.55 * US, 8194 * NS);
	/* Three messages land at the same time. */
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_ONE_SHOT, 1365, 3.25 * US, 4095 * NS);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_ONE_SHOT, 1366, 3.55 * US, 4098 * NS);
}

static void test_one_node(void **state)
{
	struct network n = fixture_network(NETWORK_SWITCH, 1);
	enum collective op;

	(void)state;
	for (op = 0; op < COLLECTIVES; op++)
		assert_true(collective_best(&n, op, 1e9).seconds == 0);
}

static void test_what_fits(void **state)
{
	struct network n = fixture_network(NETWORK_SWITCH, 6);
	struct collective_cost cost;

	(void)state;
	assert_false(collective_by(&n, COLLECTIVE_ALL_REDUCE, ALGORITHM_RECURSIVE, 1, &cost));
	assert_false(collective_by(&n, COLLECTIVE_ALL_REDUCE, ALGORITHM_DOUBLING, 1, &cost));
	assert_false(collective_by(&n, COLLECTIVE_ALL_REDUCE, ALGORITHM_BRUCK, 1, &cost));
	assert_false(collective_by(&n, COLLECTIVE_ALL_GATHER, ALGORITHM_TREE, 1, &cost));
	assert_false(collective_by(&n, COLLECTIVE_ALL_TO_ALL, ALGORITHM_RING, 1, &cost));
	assert_false(collective_by(&n, COLLECTIVE_BROADCAST, ALGORITHM_ONE_SHOT, 1, &cost));
	assert_false(collective_by(&n, COLLECTIVE_SEND_RECV, ALGORITHM_RING, 1, &cost));
	assert_true(collective_by(&n, COLLECTIVE_ALL_TO_ALL, ALGORITHM_BRUCK, 1, &cost));
	assert_int_equal(cost.messages, 3);
	n = fixture_torus(2, 3, 0);
	assert_false(collective_by(&n, COLLECTIVE_ALL_REDUCE, ALGORITHM_RECURSIVE, 1, &cost));
	assert_false(collective_by(&n, COLLECTIVE_ALL_TO_ALL, ALGORITHM_BRUCK, 1, &cost));
}

static void test_best(void **state)
{
	struct network n = fixture_network(NETWORK_SWITCH, 64);

	(void)state;
	/* 63 posts of a microsecond against 6 exchanges. */
	assert_int_equal(collective_best(&n, COLLECTIVE_ALL_REDUCE, 8).algorithm,
			 ALGORITHM_DOUBLING);
	assert_int_equal(collective_best(&n, COLLECTIVE_ALL_REDUCE, 1 * MB).algorithm,
			 ALGORITHM_RECURSIVE);
	n.message_ns = 0;
	assert_int_equal(collective_best(&n, COLLECTIVE_ALL_REDUCE, 1).algorithm,
			 ALGORITHM_ONE_SHOT);
	assert_int_equal(collective_best(&n, COLLECTIVE_ALL_REDUCE, 1 * MB).algorithm,
			 ALGORITHM_DIRECT);
	n.algorithms = 1 << ALGORITHM_RING | 1 << ALGORITHM_TREE;
	assert_int_equal(collective_best(&n, COLLECTIVE_ALL_REDUCE, 8).algorithm, ALGORITHM_TREE);
	assert_int_equal(collective_best(&n, COLLECTIVE_ALL_REDUCE, 1 * MB).algorithm,
			 ALGORITHM_RING);
	/* Rings do no all-to-all. */
	assert_int_equal(collective_best(&n, COLLECTIVE_ALL_TO_ALL, 1 * MB).algorithm,
			 ALGORITHM_DIRECT);
}

/* What decode waits for: 64 nodes, a microsecond a message, hardly any bytes. */
static void test_latency(void **state)
{
	struct network n = fixture_network(NETWORK_SWITCH, 64);

	(void)state;
	n.link_ns = 0;
	n.hop_ns = 0;
	n.in_network = 1;
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_RING, 0, 126 * US, 0);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_TREE, 0, 12 * US, 0);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_DOUBLING, 0, 6 * US, 0);
	check_by(n, COLLECTIVE_ALL_REDUCE, ALGORITHM_IN_NETWORK, 0, 1 * US, 0);
}

static struct network any_network(struct random *r)
{
	uint64_t radix = 2 + random_below(r, 4);

	switch (random_below(r, 7)) {
	case 0:
		return fixture_network(NETWORK_RING, 2 + random_below(r, 100));
	case 1:
		return fixture_tree(NETWORK_TREE, radix * radix * radix, radix);
	case 2:
		return fixture_tree(NETWORK_FAT_TREE, radix * radix, radix);
	case 3:
		return fixture_dragonfly(radix, 2 * radix, radix, 2 + random_below(r, 2 * radix));
	case 4:
		return fixture_torus(2 + random_below(r, 7), 2 + random_below(r, 7), 0);
	case 5:
		return fixture_torus(2 + random_below(r, 5), 2 + random_below(r, 5), 2);
	default:
		return fixture_network(NETWORK_SWITCH, 2 + random_below(r, 1000));
	}
}

/*
 * No algorithm is below what must leave or reach a node (Chan et al. 2007), the best is none other
 * than the fastest, and more bytes never take less time.
 */
static void test_bounds(void **state)
{
	struct random r;
	unsigned int i;

	(void)state;
	random_seed(&r, 1);
	for (i = 0; i < 2000; i++) {
		struct network n = any_network(&r);
		double bytes = 1 + random_below(&r, 100000000);
		double rate = network_edge_bps(&n) * network_neighbours(&n);
		double part = bytes * (n.nodes - 1) / n.nodes / rate;
		enum collective op = random_below(&r, COLLECTIVE_SEND_RECV);
		double least = op == COLLECTIVE_ALL_REDUCE ? 2 * part : part;
		struct collective_cost best, cost;
		enum collective_algorithm by;

		assert_int_equal(network_check(&n, "test", NULL), 0);
		best = collective_best(&n, op, bytes);
		for (by = 0; by < ALGORITHMS; by++)
			if (collective_by(&n, op, by, bytes, &cost)) {
				assert_true(cost.seconds >= best.seconds);
				assert_true(cost.transfer >= least * (1 - EXACT));
			}
		assert_true(collective_best(&n, op, bytes * 1.5).seconds >= best.seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_switch), cmocka_unit_test(test_in_network),
		cmocka_unit_test(test_ring), cmocka_unit_test(test_two_nodes),
		cmocka_unit_test(test_torus), cmocka_unit_test(test_tree),
		cmocka_unit_test(test_dragonfly), cmocka_unit_test(test_landing_zone),
		cmocka_unit_test(test_one_node), cmocka_unit_test(test_what_fits),
		cmocka_unit_test(test_best), cmocka_unit_test(test_latency),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
