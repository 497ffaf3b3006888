/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stragglers: an operation of all nodes waits for the slowest, or until a time-out, after which
 * what is missing is substituted.
 *
 * Each node is late by a time of its own, independent of the others and of what was before. Results
 * that hold a substitute are wrong by an amount nobody knows: tokens made of them are not useful,
 * and how many they are is always told. Formulas: Documentation/models/network.md.
 */
#ifndef _SIM_STRAGGLER_H
#define _SIM_STRAGGLER_H

#include <stdint.h>

#include "engine/error.h"

#define STRAGGLER_POINTS_MAX	16

/**
 * enum straggler_kind - how late a node is
 * @STRAGGLER_NONE: never
 * @STRAGGLER_EXPONENTIAL: with the mean @mean_ns
 * @STRAGGLER_LOGNORMAL: with the median @median_ns, the logarithm's deviation @sigma_permille/1000
 * @STRAGGLER_PERCENTILES: straight lines between @points
 */
enum straggler_kind {
	STRAGGLER_NONE,
	STRAGGLER_EXPONENTIAL,
	STRAGGLER_LOGNORMAL,
	STRAGGLER_PERCENTILES,
	STRAGGLER_KINDS
};

/**
 * enum straggler_substitute - what stands in for what did not come
 * @SUBSTITUTE_STALE: what the node sent the last time; it has to be kept
 * @SUBSTITUTE_ZERO: nothing
 */
enum straggler_substitute { SUBSTITUTE_STALE, SUBSTITUTE_ZERO, SUBSTITUTES };

/**
 * struct straggler_point - a percentile
 * @share: of nodes that are at most @ns late, 0 to 1
 */
struct straggler_point {
	double share;
	uint64_t ns;
};

/**
 * struct straggler - how late nodes are, and what is done about it
 * @points: @n_points of them, both numbers ascending; the first has the share 0, the last 1
 * @timeout_ns: after which the operation goes on without those missing; 0 = never
 * @seed, @samples: of what has no closed form
 */
struct straggler {
	enum straggler_kind kind;
	uint64_t mean_ns;
	uint64_t median_ns;
	uint64_t sigma_permille;
	struct straggler_point points[STRAGGLER_POINTS_MAX];
	unsigned int n_points;
	uint64_t timeout_ns;
	enum straggler_substitute substitute;
	uint64_t seed;
	uint64_t samples;
};

/**
 * struct straggler_wait - what an operation of some nodes waits
 * @seconds: expected, with the time-out
 * @without: expected without it
 * @substituted: share of contributions that a substitute stands in for
 * @touched: share of operations in which that happens
 * @kept: contributions that a node has to keep, for substitutes
 */
struct straggler_wait {
	double seconds;
	double without;
	double substituted;
	double touched;
	uint64_t kept;
};

extern const char *const straggler_kind_names[STRAGGLER_KINDS];
extern const char *const straggler_substitute_names[SUBSTITUTES];

/**
 * straggler_init - nobody is late
 */
void straggler_init(struct straggler *s);

/**
 * straggler_check - are the numbers those of a distribution?
 * @what: its name, for errors
 *
 * Return: 0, or -EINVAL with the error set.
 */
int straggler_check(const struct straggler *s, const char *what, struct engine_error *e);

/**
 * straggler_share - share of nodes that are at most @seconds late
 * @s: passes straggler_check(), as of the functions below
 */
double straggler_share(const struct straggler *s, double seconds);

/**
 * straggler_wait - what an operation waits
 * @nodes: that take part, at least 1
 *
 * Exact for exponential distributions and percentiles. Of lognormal ones @samples are drawn, the
 * same for the same seed, one of each of @samples equally probable parts.
 */
struct straggler_wait straggler_wait(const struct straggler *s, uint64_t nodes);

/**
 * straggler_useful - share of tokens that hold no substitute
 * @operations: that a token needs one after the other
 */
double straggler_useful(const struct straggler_wait *w, double operations);

#endif /* _SIM_STRAGGLER_H */
