// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which sizes and properties the topologies can have. */
#include "sim/network.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

/* A number that only some topologies have. */
struct own {
	const char *name;
	size_t offset;
	unsigned int topologies;
	uint64_t lowest;
};

#define TREES		(1U << NETWORK_TREE | 1U << NETWORK_FAT_TREE)
#define DRAGONFLY	(1U << NETWORK_DRAGONFLY)
#define TORI		(1U << NETWORK_TORUS_2D | 1U << NETWORK_TORUS_3D)

static const struct own owns[] = {
	{ "radix", offsetof(struct network, radix), TREES, 2 },
	{ "router_nodes", offsetof(struct network, router_nodes), DRAGONFLY, 1 },
	{ "group_routers", offsetof(struct network, group_routers), DRAGONFLY, 1 },
	{ "router_globals", offsetof(struct network, router_globals), DRAGONFLY, 0 },
	{ "shape", offsetof(struct network, shape[0]), TORI, 2 },
	{ "shape", offsetof(struct network, shape[1]), TORI, 2 },
	{ "shape", offsetof(struct network, shape[2]), 1U << NETWORK_TORUS_3D, 2 },
};

static int check_own(const struct network *n, const struct own *o, const char *what,
		     struct engine_error *e)
{
	uint64_t value = *(const uint64_t *)((const char *)n + o->offset);
	const char *topology = network_topology_names[n->topology];

	if (!(o->topologies & 1U << n->topology)) {
		if (!value)
			return 0;
		engine_error_set(e, "%s: a %s has no such %s, it is %" PRIu64 ": remove it", what,
				 topology, o->name, value);
		return -EINVAL;
	}
	if (value >= o->lowest && value <= NETWORK_NODES_MAX)
		return 0;
	engine_error_set(e, "%s: %s of a %s is %" PRIu64 ": it must be from %" PRIu64 " to %u",
			 what, o->name, topology, value, o->lowest, NETWORK_NODES_MAX);
	return -EINVAL;
}

static int check_tree(const struct network *n, const char *what, struct engine_error *e)
{
	uint64_t size = 1;

	while (size < n->nodes)
		size *= n->radix;
	if (size == n->nodes)
		return 0;
	engine_error_set(e, "%s: a %s with a radix of %" PRIu64 " cannot have %" PRIu64
			 " nodes: take a power of the radix, %" PRIu64 " or %" PRIu64, what,
			 network_topology_names[n->topology], n->radix, n->nodes, size / n->radix,
			 size);
	return -EINVAL;
}

static int check_torus(const struct network *n, const char *what, struct engine_error *e)
{
	bool three = n->topology == NETWORK_TORUS_3D;
	uint64_t size = n->shape[0] * n->shape[1] * (three ? n->shape[2] : 1);

	if (size == n->nodes)
		return 0;
	engine_error_set(e, "%s: the shape has %" PRIu64 " places for %" PRIu64
			 " nodes: the product of its numbers must be the number of nodes", what,
			 size, n->nodes);
	return -EINVAL;
}

static int check_dragonfly(const struct network *n, const char *what, struct engine_error *e)
{
	uint64_t group = n->router_nodes * n->group_routers;
	uint64_t most = n->group_routers * n->router_globals + 1;

	if (n->nodes % group) {
		engine_error_set(e, "%s: %" PRIu64 " nodes do not fill groups of %" PRIu64
				 ": take a multiple of router_nodes x group_routers", what,
				 n->nodes, group);
		return -EINVAL;
	}
	if (n->nodes / group <= most)
		return 0;
	engine_error_set(e, "%s: a group's %" PRIu64 " global links reach %" PRIu64
			 " groups with its own, there are %" PRIu64
			 ": take more router_globals or fewer nodes", what, most - 1, most,
			 n->nodes / group);
	return -EINVAL;
}

static int check_size(const struct network *n, const char *what, struct engine_error *e)
{
	switch (n->topology) {
	case NETWORK_TREE:
	case NETWORK_FAT_TREE:
		return check_tree(n, what, e);
	case NETWORK_DRAGONFLY:
		return check_dragonfly(n, what, e);
	case NETWORK_TORUS_2D:
	case NETWORK_TORUS_3D:
		return check_torus(n, what, e);
	default:
		return 0;
	}
}

/* Nodes of rings and tori pass messages on, there is no switch. */
static int check_in_network(const struct network *n, const char *what, struct engine_error *e)
{
	if (!n->in_network || (n->topology != NETWORK_RING && !(TORI & 1U << n->topology)))
		return 0;
	engine_error_set(e, "%s: a %s has no switch that could reduce: take in_network = 0 or "
			 "another topology", what, network_topology_names[n->topology]);
	return -EINVAL;
}

static int check_range(uint64_t value, const char *name, uint64_t highest, const char *what,
		       struct engine_error *e)
{
	if (value >= 1 && value <= highest)
		return 0;
	engine_error_set(e, "%s: %s is %" PRIu64 ": it must be from 1 to %" PRIu64, what, name,
			 value, highest);
	return -EINVAL;
}

int network_check(const struct network *n, const char *what, struct engine_error *e)
{
	unsigned int i;

	if (check_range(n->nodes, "nodes", NETWORK_NODES_MAX, what, e) ||
	    check_range(n->links, "links", 1024, what, e) ||
	    check_range(n->link_bps, "link_bps", 1000000000000000, what, e) ||
	    check_range(n->efficiency_permille, "efficiency_permille", 1000, what, e))
		return -EINVAL;
	for (i = 0; i < sizeof(owns) / sizeof(owns[0]); i++)
		if (check_own(n, &owns[i], what, e))
			return -EINVAL;
	return check_size(n, what, e) ?: check_in_network(n, what, e);
}

int network_resize(const struct network *n, uint64_t nodes, struct network *out,
		   struct engine_error *e)
{
	*out = *n;
	out->nodes = nodes;
	return network_check(out, "the network", e);
}
