// SPDX-License-Identifier: LGPL-2.1-or-later
/* Networks between nodes: paths, levels and cuts of the topologies. */
#include "sim/network.h"

#include <math.h>

const char *const network_topology_names[NETWORK_TOPOLOGIES] = {
	[NETWORK_SWITCH] = "switch",
	[NETWORK_RING] = "ring",
	[NETWORK_TREE] = "tree",
	[NETWORK_FAT_TREE] = "fat_tree",
	[NETWORK_DRAGONFLY] = "dragonfly",
	[NETWORK_TORUS_2D] = "torus_2d",
	[NETWORK_TORUS_3D] = "torus_3d",
};

void network_init(struct network *n)
{
	*n = (struct network) { .nodes = 1, .links = 1, .efficiency_permille = 1000 };
}

static uint64_t groups(const struct network *n)
{
	return n->nodes / (n->router_nodes * n->group_routers);
}

static unsigned int add_level(struct network_level *level, unsigned int count,
			      struct network_level add)
{
	if (add.size < 2)
		return count;
	level[count] = add;
	return count + 1;
}

static unsigned int ring_levels(const uint64_t *shape, unsigned int dimensions,
				struct network_level *level)
{
	unsigned int i, count = 0;

	for (i = 0; i < dimensions; i++)
		count = add_level(level, count, (struct network_level) {
				  .size = shape[i], .ring = true });
	return count;
}

/* A subtree's nodes share the one edge above it, unless that is as wide as all of theirs. */
static unsigned int tree_levels(const struct network *n, struct network_level *level)
{
	bool fat = n->topology == NETWORK_FAT_TREE;
	unsigned int count = 0;
	uint64_t below;

	for (below = 1; below < n->nodes; below *= n->radix)
		count = add_level(level, count, (struct network_level) {
				  .size = n->radix, .path = 2 * (count + 1),
				  .load = fat ? 1 : below });
	return count;
}

/*
 * A router's nodes share the one link to another router of the group; a group's nodes the global
 * links to another group, of which there are router_globals x group_routers to all of them, and the
 * local links that lead there.
 */
static unsigned int dragonfly_levels(const struct network *n, struct network_level *level)
{
	uint64_t p = n->router_nodes, a = n->group_routers, g = groups(n);
	double global = g > 1 ? (double)p * (g - 1) / n->router_globals : 0;
	unsigned int count;

	count = add_level(level, 0, (struct network_level) { .size = p, .path = 2, .load = 1 });
	count = add_level(level, count,
			  (struct network_level) { .size = a, .path = 3, .load = p });
	return add_level(level, count, (struct network_level) {
			 .size = g, .path = a > 1 ? 5 : 3,
			 .load = a > 1 ? fmax(global, p) : global });
}

unsigned int network_levels(const struct network *n, struct network_level *level)
{
	switch (n->topology) {
	case NETWORK_RING:
		return ring_levels(&n->nodes, 1, level);
	case NETWORK_TORUS_2D:
		return ring_levels(n->shape, 2, level);
	case NETWORK_TORUS_3D:
		return ring_levels(n->shape, 3, level);
	case NETWORK_TREE:
	case NETWORK_FAT_TREE:
		return tree_levels(n, level);
	case NETWORK_DRAGONFLY:
		return dragonfly_levels(n, level);
	default:
		return add_level(level, 0, (struct network_level) { .size = n->nodes, .path = 2,
				 .load = 1 });
	}
}

static uint64_t ring_neighbours(uint64_t size)
{
	return size > 2 ? 2 : size - 1;
}

uint64_t network_neighbours(const struct network *n)
{
	struct network_level level[NETWORK_LEVELS_MAX];
	unsigned int i, count = network_levels(n, level);
	uint64_t sum = 0;

	if (!count || !level[0].ring)
		return n->topology == NETWORK_RING ? 0 : 1;
	for (i = 0; i < count; i++)
		sum += ring_neighbours(level[i].size);
	return sum;
}

double network_edge_bps(const struct network *n)
{
	return (double)n->links * n->link_bps * n->efficiency_permille / 1000;
}

double network_path_seconds(const struct network *n, double hops)
{
	return hops > 0 ? (hops * n->link_ns + (hops - 1) * n->hop_ns) / 1e9 : 0;
}

/* Mean over all nodes of a ring, the node itself among them. */
static double ring_mean(uint64_t size)
{
	double k = size;

	return size % 2 ? (k * k - 1) / (4 * k) : k / 4;
}

static double ring_hops(const struct network *n, const struct network_level *level,
			unsigned int count)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		sum += ring_mean(level[i].size);
	return sum * n->nodes / (n->nodes - 1);
}

/*
 * Of the routers of two groups one each has the global link, so a path has a local link in a group
 * with the probability that the node's router is another one: 1 - 1/a.
 */
static double level_path(const struct network *n, const struct network_level *level)
{
	if (n->topology == NETWORK_DRAGONFLY && level->path == 5)
		return 5 - 2.0 / n->group_routers;
	return level->path;
}

static double switched_hops(const struct network *n, const struct network_level *level,
			    unsigned int count)
{
	double below = 1, sum = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		sum += below * (level[i].size - 1) * level_path(n, &level[i]);
		below *= level[i].size;
	}
	return sum / (n->nodes - 1);
}

static uint64_t most_hops(const struct network_level *level, unsigned int count)
{
	uint64_t sum = 0;
	unsigned int i;

	if (!level[0].ring)
		return level[count - 1].path;
	for (i = 0; i < count; i++)
		sum += level[i].size / 2;
	return sum;
}

/* Edges between halves of a ring's or torus' longest dimension. */
static double ring_bisection(const struct network *n, const struct network_level *level,
			     unsigned int count)
{
	uint64_t longest = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		if (level[i].size > longest)
			longest = level[i].size;
	return (double)ring_neighbours(longest) * n->nodes / longest;
}

/* An odd switch has one subtree that is itself cut into halves. */
static double tree_bisection(const struct network *n, unsigned int levels)
{
	return n->radix % 2 ? levels * (n->radix - 1) / 2.0 : n->radix / 2.0;
}

/* Pairs of parts of two halves. */
static double halves(uint64_t parts)
{
	uint64_t half = parts / 2;

	return (double)half * (parts - half);
}

static double dragonfly_bisection(const struct network *n)
{
	uint64_t g = groups(n), a = n->group_routers;
	uint64_t half = n->nodes / 2;

	if (g > 1)
		return fmin(half, halves(g) * a * n->router_globals / (g - 1));
	return a > 1 ? fmin(half, halves(a)) : half;
}

static double bisection(const struct network *n, const struct network_level *level,
			unsigned int count)
{
	uint64_t half = n->nodes / 2;

	if (level[0].ring)
		return ring_bisection(n, level, count);
	if (n->topology == NETWORK_TREE)
		return tree_bisection(n, count);
	if (n->topology == NETWORK_DRAGONFLY)
		return dragonfly_bisection(n);
	return half;
}

static double ring_exchange(const struct network_level *level, unsigned int count)
{
	double most = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		most = fmax(most, ring_mean(level[i].size) / ring_neighbours(level[i].size));
	return most;
}

/* A node's own edge, the global links and the local ones that lead to them at both ends. */
static double dragonfly_exchange(const struct network *n)
{
	double p = n->router_nodes, a = n->group_routers, g = groups(n), all = n->nodes;
	double most = (all - 1) / all;

	if (g > 1)
		most = fmax(most, a * p * p * (g - 1) / (all * n->router_globals));
	if (a > 1)
		most = fmax(most, p * p / all + 2 * p * (all - a * p) / (all * a));
	return most;
}

static double exchange(const struct network *n, const struct network_level *level,
		       unsigned int count)
{
	double all = n->nodes;

	if (level[0].ring)
		return ring_exchange(level, count);
	if (n->topology == NETWORK_TREE)
		return all / n->radix * (1 - 1.0 / n->radix);
	if (n->topology == NETWORK_DRAGONFLY)
		return dragonfly_exchange(n);
	return (all - 1) / all;
}

struct network_facts network_facts(const struct network *n)
{
	struct network_level level[NETWORK_LEVELS_MAX];
	unsigned int count = network_levels(n, level);
	struct network_facts f = { .links_per_node = network_neighbours(n) * n->links };
	double edges;

	if (!count)
		return f;
	edges = bisection(n, level, count);
	f.hops_max = most_hops(level, count);
	f.hops_mean = level[0].ring ? ring_hops(n, level, count) : switched_hops(n, level, count);
	f.bisection_links = edges * n->links;
	f.bisection_bps = edges * network_edge_bps(n);
	f.exchange = exchange(n, level, count);
	return f;
}
