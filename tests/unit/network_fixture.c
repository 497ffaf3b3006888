// SPDX-License-Identifier: LGPL-2.1-or-later
/* Networks of every topology for the simulator's tests. */
#include "network_fixture.h"

struct network fixture_network(enum network_topology topology, uint64_t nodes)
{
	struct network n;

	network_init(&n);
	n.topology = topology;
	n.nodes = nodes;
	n.link_bps = 1000000000;
	n.link_ns = 100;
	n.hop_ns = 50;
	n.message_ns = 1000;
	n.launch_ns = 10000;
	n.send_ns = 5000;
	return n;
}

struct network fixture_tree(enum network_topology topology, uint64_t nodes, uint64_t radix)
{
	struct network n = fixture_network(topology, nodes);

	n.radix = radix;
	return n;
}

struct network fixture_torus(uint64_t x, uint64_t y, uint64_t z)
{
	struct network n = fixture_network(z ? NETWORK_TORUS_3D : NETWORK_TORUS_2D,
					   x * y * (z ?: 1));

	n.shape[0] = x;
	n.shape[1] = y;
	n.shape[2] = z;
	return n;
}

struct network fixture_dragonfly(uint64_t p, uint64_t a, uint64_t h, uint64_t g)
{
	struct network n = fixture_network(NETWORK_DRAGONFLY, p * a * g);

	n.router_nodes = p;
	n.group_routers = a;
	n.router_globals = h;
	return n;
}
