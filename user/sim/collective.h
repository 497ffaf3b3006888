/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Collective operations of all nodes of a network: how long they take.
 *
 * The alpha-beta model (Hockney 1994) with a latency by the links of the path and the bytes of the
 * busiest edge. Arithmetic of reductions takes no time. Formulas and sources:
 * Documentation/models/network.md.
 */
#ifndef _SIM_COLLECTIVE_H
#define _SIM_COLLECTIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/network.h"

/**
 * enum collective - an operation, and what its bytes are
 * @COLLECTIVE_ALL_REDUCE: of the vector that each node has
 * @COLLECTIVE_ALL_GATHER: of the result that each node has at the end
 * @COLLECTIVE_REDUCE_SCATTER: of the vector that each node has at the beginning
 * @COLLECTIVE_ALL_TO_ALL: that each node has, for all nodes together, itself among them
 * @COLLECTIVE_BROADCAST: of the message
 * @COLLECTIVE_SEND_RECV: of the message, between two nodes that are hops_mean apart
 */
enum collective {
	COLLECTIVE_ALL_REDUCE,
	COLLECTIVE_ALL_GATHER,
	COLLECTIVE_REDUCE_SCATTER,
	COLLECTIVE_ALL_TO_ALL,
	COLLECTIVE_BROADCAST,
	COLLECTIVE_SEND_RECV,
	COLLECTIVES
};

/**
 * enum collective_algorithm - how it is done
 * @ALGORITHM_RING: to the next node, in tori in all dimensions at once; a broadcast scatters first
 * @ALGORITHM_RECURSIVE: recursive halving and doubling; a broadcast scatters first
 * @ALGORITHM_DOUBLING: all-reduce by recursive doubling of whole vectors
 * @ALGORITHM_TREE: binomial trees of whole vectors
 * @ALGORITHM_DIRECT: from each node to every other one at once
 * @ALGORITHM_ONE_SHOT: all-reduce by sending whole vectors from each node to every other one
 * @ALGORITHM_BRUCK: all-to-all in log2 n messages of half of the bytes
 * @ALGORITHM_IN_NETWORK: switches reduce and multiply: once up, once down
 */
enum collective_algorithm {
	ALGORITHM_RING,
	ALGORITHM_RECURSIVE,
	ALGORITHM_DOUBLING,
	ALGORITHM_TREE,
	ALGORITHM_DIRECT,
	ALGORITHM_ONE_SHOT,
	ALGORITHM_BRUCK,
	ALGORITHM_IN_NETWORK,
	ALGORITHMS
};

/**
 * struct collective_cost - what an operation takes
 * @algorithm: by which it is done
 * @seconds: launch, latency and transfer together
 * @latency: of messages one after the other, the time of a byte left out
 * @transfer: of bytes over the busiest edge
 * @messages: one after the other
 */
struct collective_cost {
	enum collective_algorithm algorithm;
	double seconds;
	double latency;
	double transfer;
	uint64_t messages;
};

extern const char *const collective_names[COLLECTIVES];
extern const char *const collective_algorithm_names[ALGORITHMS];

/**
 * collective_by - time by one algorithm
 * @n: passes network_check()
 * @out: set when there is one
 *
 * One node alone moves nothing: 0 by any algorithm.
 *
 * Return: false when the operation or the network does not have the algorithm.
 */
bool collective_by(const struct network *n, enum collective op, enum collective_algorithm by,
		   double bytes, struct collective_cost *out);

/**
 * collective_best - time by the fastest algorithm that the library has
 *
 * Of equally fast ones the first. An operation for which network.algorithms leaves none takes the
 * best of all.
 */
struct collective_cost collective_best(const struct network *n, enum collective op, double bytes);

#endif /* _SIM_COLLECTIVE_H */
