/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks between nodes: what a topology gives.
 *
 * A path is counted in links: a node to another one at the same switch is two, with one switch
 * between them; neighbours in a ring or torus are one. An edge is what joins two neighbours: a
 * bundle of @links links. Formulas and sources: Documentation/models/network.md.
 */
#ifndef _SIM_NETWORK_H
#define _SIM_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"

#define NETWORK_NODES_MAX	(1U << 20)
#define NETWORK_LEVELS_MAX	20
#define NETWORK_DIMENSIONS_MAX	3

/**
 * enum network_topology - how nodes are joined
 * @NETWORK_SWITCH: all to one crossbar: fully connected
 * @NETWORK_RING: each with two others
 * @NETWORK_TREE: leaves of a tree of switches whose edges are all alike
 * @NETWORK_FAT_TREE: the same, each level with the bandwidth of all nodes (Leiserson 1985)
 * @NETWORK_DRAGONFLY: routers in groups, groups joined by global links (Kim et al., ISCA 2008)
 * @NETWORK_TORUS_2D, @NETWORK_TORUS_3D: rings in each dimension
 */
enum network_topology {
	NETWORK_SWITCH,
	NETWORK_RING,
	NETWORK_TREE,
	NETWORK_FAT_TREE,
	NETWORK_DRAGONFLY,
	NETWORK_TORUS_2D,
	NETWORK_TORUS_3D,
	NETWORK_TOPOLOGIES
};

/**
 * struct network - a network
 * @nodes: how many
 * @radix: of trees: nodes or switches below a switch
 * @shape: of tori: nodes in each dimension
 * @router_nodes, @group_routers, @router_globals: of dragonflies: nodes and global links of a
 *	router, routers of a group
 * @links: links of an edge
 * @link_bps: bytes/s of a link in one direction
 * @efficiency_permille: what of it data get
 * @link_ns: of a link: the wire and both its ends
 * @hop_ns: of a switch, router or node that passes a message on
 * @message_ns: software, for each message that a node sends
 * @launch_ns: software, once for a collective operation
 * @send_ns: the same for a send and its receive
 * @memory_ns: until a message that came is in the memory and read from there
 * @landing_bytes: SRAM in which messages land instead
 * @in_network: switches reduce and multiply messages
 * @algorithms: bit a is set when the library has algorithm a (enum collective_algorithm); 0 = all
 */
struct network {
	enum network_topology topology;
	uint64_t nodes;
	uint64_t radix;
	uint64_t shape[NETWORK_DIMENSIONS_MAX];
	uint64_t router_nodes;
	uint64_t group_routers;
	uint64_t router_globals;
	uint64_t links;
	uint64_t link_bps;
	uint64_t efficiency_permille;
	uint64_t link_ns;
	uint64_t hop_ns;
	uint64_t message_ns;
	uint64_t launch_ns;
	uint64_t send_ns;
	uint64_t memory_ns;
	uint64_t landing_bytes;
	uint64_t in_network;
	uint64_t algorithms;
};

/**
 * struct network_facts - what a topology gives
 * @hops_mean: links between two different nodes, mean of all pairs
 * @hops_max: links between those furthest apart
 * @links_per_node: links that end at a node
 * @bisection_links: links between two halves, in one direction; of dragonflies halves of the
 *	groups, of tori a cut through the longest dimension
 * @bisection_bps: what they carry
 * @exchange: bytes on the busiest edge for each byte that a node holds when all nodes send an equal
 *	part of what they hold to every node
 */
struct network_facts {
	double hops_mean;
	uint64_t hops_max;
	uint64_t links_per_node;
	double bisection_links;
	double bisection_bps;
	double exchange;
};

/**
 * struct network_level - a group of equal parts, from the nodes upwards
 * @size: parts, joined as a ring, or by switches
 * @ring: a part is joined to its neighbours only
 * @path: links between nodes of different parts when switches join them
 * @load: messages on the busiest edge when switches join them and each node exchanges one with a
 *	node of another part, all nodes of a part with nodes of the same one
 */
struct network_level {
	uint64_t size;
	bool ring;
	uint64_t path;
	double load;
};

extern const char *const network_topology_names[NETWORK_TOPOLOGIES];

/**
 * network_init - a switch of one node without a bandwidth; everything takes no time
 */
void network_init(struct network *n);

/**
 * network_check - can there be such a network?
 * @what: its name, for errors
 *
 * Return: 0, or -EINVAL with the error set.
 */
int network_check(const struct network *n, const char *what, struct engine_error *e);

/**
 * network_resize - the same network with another number of nodes
 *
 * Return: 0, or -EINVAL with the error set: the topology does not have such a size. A torus has its
 * shape's.
 */
int network_resize(const struct network *n, uint64_t nodes, struct network *out,
		   struct engine_error *e);

/**
 * network_facts - what the topology gives
 * @n: passes network_check(), as of all functions below
 */
struct network_facts network_facts(const struct network *n);

/**
 * network_levels - the groups it consists of
 * @level: NETWORK_LEVELS_MAX of them
 *
 * The product of their sizes is the number of nodes.
 *
 * Return: how many there are; 0 when there is one node only.
 */
unsigned int network_levels(const struct network *n, struct network_level *level);

/**
 * network_neighbours - edges of a node
 */
uint64_t network_neighbours(const struct network *n);

/**
 * network_edge_bps - bytes/s of an edge in one direction
 */
double network_edge_bps(const struct network *n);

/**
 * network_path_seconds - how long a path of @hops links is, without what it carries
 */
double network_path_seconds(const struct network *n, double hops);

#endif /* _SIM_NETWORK_H */
