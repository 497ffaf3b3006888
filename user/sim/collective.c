// SPDX-License-Identifier: LGPL-2.1-or-later
/* Collective operations: each is a sequence of messages that all nodes send at the same time. */
#include "sim/collective.h"

#include <math.h>

const char *const collective_names[COLLECTIVES] = {
	[COLLECTIVE_ALL_REDUCE] = "all_reduce",
	[COLLECTIVE_ALL_GATHER] = "all_gather",
	[COLLECTIVE_REDUCE_SCATTER] = "reduce_scatter",
	[COLLECTIVE_ALL_TO_ALL] = "all_to_all",
	[COLLECTIVE_BROADCAST] = "broadcast",
	[COLLECTIVE_SEND_RECV] = "send_recv",
};

const char *const collective_algorithm_names[ALGORITHMS] = {
	[ALGORITHM_RING] = "ring",
	[ALGORITHM_RECURSIVE] = "recursive",
	[ALGORITHM_DOUBLING] = "doubling",
	[ALGORITHM_TREE] = "tree",
	[ALGORITHM_DIRECT] = "direct",
	[ALGORITHM_ONE_SHOT] = "one_shot",
	[ALGORITHM_BRUCK] = "bruck",
	[ALGORITHM_IN_NETWORK] = "in_network",
};

/**
 * struct plan - an operation that is being put together
 */
struct plan {
	const struct network *n;
	struct network_facts facts;
	struct network_level level[NETWORK_LEVELS_MAX];
	unsigned int levels;
	struct collective_cost cost;
};

/**
 * struct step - one message from each node that takes part
 * @hops: links of the longest path
 * @incoming: bytes that come to a node
 * @edge: bytes on the busiest edge
 */
struct step {
	double hops;
	double incoming;
	double edge;
};

/* Nothing waits for the memory when all that comes fits into the landing zone. */
static double step_latency(const struct plan *p, const struct step *s)
{
	double memory = s->incoming > p->n->landing_bytes ? p->n->memory_ns : 0;

	return network_path_seconds(p->n, s->hops) + (p->n->message_ns + memory) / 1e9;
}

static double step_transfer(const struct plan *p, const struct step *s)
{
	return s->edge / network_edge_bps(p->n);
}

static void add_steps(struct plan *p, double count, struct step s)
{
	p->cost.latency += count * step_latency(p, &s);
	p->cost.transfer += count * step_transfer(p, &s);
	p->cost.messages += count;
}

/* Half of a ring's size away there are two ways, of which each message takes one. */
static double ring_load(const struct network_level *level, uint64_t distance)
{
	return 2 * distance == level->size && level->size > 2 ? distance / 2.0 : distance;
}

/* All nodes exchange messages of @bytes with one @distance parts away. */
static void exchange_at(struct plan *p, const struct network_level *level, uint64_t distance,
			double bytes)
{
	struct step s = {
		.hops = level->ring ? distance : level->path,
		.incoming = bytes,
		.edge = bytes * (level->ring ? ring_load(level, distance) : level->load),
	};

	add_steps(p, 1, s);
}

static bool powers_of_two(const struct plan *p)
{
	unsigned int i;

	for (i = 0; i < p->levels; i++)
		if (p->level[i].size & (p->level[i].size - 1))
			return false;
	return true;
}

/*
 * Halving sends half of what is left, first to the nearest nodes, so that the longer a path is the
 * less takes it; doubling is the same backwards. With @shrink 1 it is all of it each time.
 */
static bool add_recursive(struct plan *p, double bytes, double shrink)
{
	unsigned int i;
	uint64_t d;

	if (!powers_of_two(p))
		return false;
	for (i = 0; i < p->levels; i++)
		for (d = 1; d < p->level[i].size; d *= 2) {
			bytes *= shrink;
			exchange_at(p, &p->level[i], d, bytes);
		}
	return true;
}

/* A dimension's ring passes on all parts of @bytes but one, half of each both ways. */
static struct step ring_step(const struct plan *p, const struct network_level *level, double bytes)
{
	double part = bytes / level->size;

	return (struct step) {
		.hops = 1,
		.incoming = part * p->levels,
		.edge = level->size > 2 ? part / 2 : part,
	};
}

/*
 * One dimension after the other, each with what the one before has left. The data are cut into as
 * many parts as there are dimensions, each begins with another one, so that all edges are busy; a
 * phase is as long as its slowest part.
 */
static void add_bucket(struct plan *p, double bytes)
{
	double left[NETWORK_DIMENSIONS_MAX], seconds, most;
	unsigned int i, phase, slowest;
	struct network_level *level;
	struct step s;

	for (i = 0; i < p->levels; i++)
		left[i] = bytes / p->levels;
	for (phase = 0; phase < p->levels; phase++) {
		for (i = 0, slowest = 0, most = -1; i < p->levels; i++) {
			level = &p->level[(i + phase) % p->levels];
			s = ring_step(p, level, left[i]);
			seconds = (level->size - 1) * (step_latency(p, &s) + step_transfer(p, &s));
			if (seconds > most) {
				most = seconds;
				slowest = i;
			}
		}
		level = &p->level[(slowest + phase) % p->levels];
		add_steps(p, level->size - 1, ring_step(p, level, left[slowest]));
		for (i = 0; i < p->levels; i++)
			left[i] /= p->level[(i + phase) % p->levels].size;
	}
}

static void add_ring(struct plan *p, double bytes)
{
	double part = bytes / p->n->nodes;

	if (p->level[0].ring)
		add_bucket(p, bytes);
	else
		add_steps(p, p->n->nodes - 1, (struct step) { p->facts.hops_max, part, part });
}

/* Each node has something for every other one and sends it without waiting. */
static void add_direct(struct plan *p, double bytes)
{
	double others = p->n->nodes - 1;
	struct step s = {
		.hops = p->facts.hops_max,
		.incoming = bytes * others / p->n->nodes,
		.edge = bytes * p->facts.exchange,
	};

	add_steps(p, 1, s);
	p->cost.latency += (others - 1) * p->n->message_ns / 1e9;
	p->cost.messages += others - 1;
}

/* A binomial tree in each level. */
static void add_tree(struct plan *p, double bytes)
{
	struct step s = { .incoming = bytes, .edge = bytes };
	const struct network_level *level;
	uint64_t d, half;

	for (level = p->level; level < p->level + p->levels; level++) {
		half = level->size / 2;
		for (d = 1; d < level->size; d *= 2) {
			s.hops = level->ring ? fmin(d, half) : level->path;
			add_steps(p, 1, s);
		}
	}
}

/* Once up to the topmost switch and down; both directions are busy at the same time. */
static bool add_in_network(struct plan *p, double bytes)
{
	if (p->n->in_network)
		add_steps(p, 1, (struct step) { p->facts.hops_max, bytes, bytes });
	return p->n->in_network;
}

/* Reduce-scatter, or all-gather, which is the same backwards. */
static bool add_half(struct plan *p, enum collective_algorithm by, double bytes)
{
	switch (by) {
	case ALGORITHM_RING:
		add_ring(p, bytes);
		return true;
	case ALGORITHM_RECURSIVE:
		return add_recursive(p, bytes, 0.5);
	case ALGORITHM_DIRECT:
		add_direct(p, bytes);
		return true;
	case ALGORITHM_IN_NETWORK:
		return add_in_network(p, bytes);
	default:
		return false;
	}
}

static bool add_all_reduce(struct plan *p, enum collective_algorithm by, double bytes)
{
	switch (by) {
	case ALGORITHM_DOUBLING:
		return add_recursive(p, bytes, 1);
	case ALGORITHM_TREE:
		add_tree(p, bytes);
		add_tree(p, bytes);
		return true;
	case ALGORITHM_ONE_SHOT:
		add_direct(p, bytes * p->n->nodes);
		return true;
	case ALGORITHM_IN_NETWORK:
		return add_in_network(p, bytes);
	default:
		return add_half(p, by, bytes) && add_half(p, by, bytes);
	}
}

/* Each message is half of what there is, to a node that does not have its part yet. */
static bool add_bruck(struct plan *p, double bytes)
{
	uint64_t d;

	if (p->n->topology != NETWORK_SWITCH && p->n->topology != NETWORK_FAT_TREE)
		return false;
	for (d = 1; d < p->n->nodes; d *= 2)
		add_steps(p, 1, (struct step) { p->facts.hops_max, bytes / 2, bytes / 2 });
	return true;
}

static bool add_all_to_all(struct plan *p, enum collective_algorithm by, double bytes)
{
	if (by == ALGORITHM_BRUCK)
		return add_bruck(p, bytes);
	if (by == ALGORITHM_DIRECT)
		add_direct(p, bytes);
	return by == ALGORITHM_DIRECT;
}

/* The root halves what it has with each message of a binomial tree; its edge is the busiest. */
static void add_scatter(struct plan *p, double bytes)
{
	double others = p->n->nodes - 1;

	add_tree(p, 0);
	p->cost.transfer += bytes * others / p->n->nodes / network_edge_bps(p->n);
}

static void add_direct_broadcast(struct plan *p, double bytes)
{
	double others = p->n->nodes - 1;
	struct step s = {
		.hops = p->facts.hops_max,
		.incoming = bytes,
		.edge = bytes * others / network_neighbours(p->n),
	};

	add_steps(p, 1, s);
	p->cost.latency += (others - 1) * p->n->message_ns / 1e9;
	p->cost.messages += others - 1;
}

static bool add_broadcast(struct plan *p, enum collective_algorithm by, double bytes)
{
	switch (by) {
	case ALGORITHM_TREE:
		add_tree(p, bytes);
		return true;
	case ALGORITHM_DIRECT:
		add_direct_broadcast(p, bytes);
		return true;
	case ALGORITHM_IN_NETWORK:
		return add_in_network(p, bytes);
	default:
		add_scatter(p, bytes);
		return add_half(p, by, bytes);
	}
}

static bool add_send_recv(struct plan *p, enum collective_algorithm by, double bytes)
{
	if (by == ALGORITHM_DIRECT)
		add_steps(p, 1, (struct step) { p->facts.hops_mean, bytes, bytes });
	return by == ALGORITHM_DIRECT;
}

static bool add_operation(struct plan *p, enum collective op, enum collective_algorithm by,
			  double bytes)
{
	switch (op) {
	case COLLECTIVE_ALL_REDUCE:
		return add_all_reduce(p, by, bytes);
	case COLLECTIVE_ALL_TO_ALL:
		return add_all_to_all(p, by, bytes);
	case COLLECTIVE_BROADCAST:
		return add_broadcast(p, by, bytes);
	case COLLECTIVE_SEND_RECV:
		return add_send_recv(p, by, bytes);
	default:
		return add_half(p, by, bytes);
	}
}

bool collective_by(const struct network *n, enum collective op, enum collective_algorithm by,
		   double bytes, struct collective_cost *out)
{
	uint64_t launch = op == COLLECTIVE_SEND_RECV ? n->send_ns : n->launch_ns;
	struct plan p = { .n = n, .cost.algorithm = by };

	p.levels = network_levels(n, p.level);
	if (!p.levels) {
		*out = p.cost;
		return true;
	}
	p.facts = network_facts(n);
	if (!add_operation(&p, op, by, bytes))
		return false;
	p.cost.seconds = launch / 1e9 + p.cost.latency + p.cost.transfer;
	*out = p.cost;
	return true;
}

static bool best_of(const struct network *n, enum collective op, double bytes, uint64_t algorithms,
		    struct collective_cost *best)
{
	struct collective_cost cost;
	enum collective_algorithm by;
	bool found = false;

	for (by = 0; by < ALGORITHMS; by++) {
		if (!(algorithms >> by & 1) || !collective_by(n, op, by, bytes, &cost))
			continue;
		if (!found || cost.seconds < best->seconds)
			*best = cost;
		found = true;
	}
	return found;
}

struct collective_cost collective_best(const struct network *n, enum collective op, double bytes)
{
	struct collective_cost best = { 0 };

	if (!best_of(n, op, bytes, n->algorithms, &best))
		best_of(n, op, bytes, UINT64_MAX, &best);
	return best;
}
