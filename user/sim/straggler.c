// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stragglers: the expected maximum of the nodes' delays, cut at a time-out. */
#include "sim/straggler.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "engine/random.h"

#define NS_MAX		1000000000000ULL	/* a quarter of an hour */
#define SIGMA_MAX	4000
#define SAMPLES_MAX	1000000

const char *const straggler_kind_names[STRAGGLER_KINDS] = {
	[STRAGGLER_NONE] = "none",
	[STRAGGLER_EXPONENTIAL] = "exponential",
	[STRAGGLER_LOGNORMAL] = "lognormal",
	[STRAGGLER_PERCENTILES] = "percentiles",
};

const char *const straggler_substitute_names[SUBSTITUTES] = {
	[SUBSTITUTE_STALE] = "stale",
	[SUBSTITUTE_ZERO] = "zero",
};

void straggler_init(struct straggler *s)
{
	*s = (struct straggler) { .samples = 4096 };
}

static int check_range(uint64_t value, const char *name, uint64_t lowest, uint64_t highest,
		       const char *what, struct engine_error *e)
{
	if (value >= lowest && value <= highest)
		return 0;
	engine_error_set(e, "%s: %s is %" PRIu64 ": it must be from %" PRIu64 " to %" PRIu64, what,
			 name, value, lowest, highest);
	return -EINVAL;
}

static int check_points(const struct straggler *s, const char *what, struct engine_error *e)
{
	const struct straggler_point *p = s->points;
	unsigned int i, last = s->n_points - 1;

	if (s->n_points < 2 || s->n_points > STRAGGLER_POINTS_MAX) {
		engine_error_set(e, "%s: there are %u percentiles: give from 2 to %d of them", what,
				 s->n_points, STRAGGLER_POINTS_MAX);
		return -EINVAL;
	}
	if (p[0].share != 0 || p[last].share != 1) {
		engine_error_set(e, "%s: the percentiles go from %g to %g: they must begin with 0 "
				 "and end with 100", what, p[0].share * 100, p[last].share * 100);
		return -EINVAL;
	}
	for (i = 1; i < s->n_points; i++)
		if (!(p[i].share > p[i - 1].share) || p[i].ns < p[i - 1].ns) {
			engine_error_set(e, "%s: percentile %g with %" PRIu64 " ns does not follow "
					 "%g with %" PRIu64 " ns: both must ascend", what,
					 p[i].share * 100, p[i].ns, p[i - 1].share * 100,
					 p[i - 1].ns);
			return -EINVAL;
		}
	return check_range(p[last].ns, "the last percentile", 0, NS_MAX, what, e);
}

static int check_lognormal(const struct straggler *s, const char *what, struct engine_error *e)
{
	if (check_range(s->median_ns, "median_ns", 1, NS_MAX, what, e) ||
	    check_range(s->sigma_permille, "sigma_permille", 1, SIGMA_MAX, what, e))
		return -EINVAL;
	return check_range(s->samples, "samples", 1, SAMPLES_MAX, what, e);
}

int straggler_check(const struct straggler *s, const char *what, struct engine_error *e)
{
	if (check_range(s->timeout_ns, "timeout_ns", 0, NS_MAX, what, e))
		return -EINVAL;
	switch (s->kind) {
	case STRAGGLER_EXPONENTIAL:
		return check_range(s->mean_ns, "mean_ns", 1, NS_MAX, what, e);
	case STRAGGLER_LOGNORMAL:
		return check_lognormal(s, what, e);
	case STRAGGLER_PERCENTILES:
		return check_points(s, what, e);
	default:
		return 0;
	}
}

/* Share of a normal distribution beyond @z deviations. */
static double normal_beyond(double z)
{
	return erfc(z / M_SQRT2) / 2;
}

/* Where so much of it is beyond. */
static double normal_where(double beyond)
{
	double low = -40, high = 40, middle;
	int i;

	for (i = 0; i < 64; i++) {
		middle = (low + high) / 2;
		if (normal_beyond(middle) > beyond)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* Share beyond, which keeps its digits where the share below is nearly 1. */
static double lognormal_beyond(const struct straggler *s, double seconds)
{
	double sigma = s->sigma_permille / 1000.0;

	return seconds > 0 ? normal_beyond(log(seconds * 1e9 / s->median_ns) / sigma) : 1;
}

static double percentiles_share(const struct straggler *s, double seconds)
{
	const struct straggler_point *p = s->points;
	double ns = seconds * 1e9;
	unsigned int i;

	if (ns < p[0].ns)
		return 0;
	for (i = 1; i < s->n_points; i++)
		if (ns < p[i].ns)
			return p[i - 1].share + (p[i].share - p[i - 1].share) *
				(ns - p[i - 1].ns) / (p[i].ns - p[i - 1].ns);
	return 1;
}

static double share_beyond(const struct straggler *s, double seconds)
{
	switch (s->kind) {
	case STRAGGLER_EXPONENTIAL:
		return seconds > 0 ? exp(-seconds * 1e9 / s->mean_ns) : 1;
	case STRAGGLER_LOGNORMAL:
		return lognormal_beyond(s, seconds);
	case STRAGGLER_PERCENTILES:
		return 1 - percentiles_share(s, seconds);
	default:
		return seconds < 0;
	}
}

double straggler_share(const struct straggler *s, double seconds)
{
	return 1 - share_beyond(s, seconds);
}

/* mean x sum of F(limit)^k / k: without a limit the harmonic number. */
static double exponential_wait(const struct straggler *s, uint64_t nodes, double limit)
{
	double within = straggler_share(s, limit), power = 1, sum = 0;
	uint64_t k;

	for (k = 1; k <= nodes; k++) {
		power *= within;
		sum += power / k;
	}
	return sum * s->mean_ns / 1e9;
}

/* Integral of 1 - F^n over a straight piece of F. */
static double piece_wait(double width, double from, double to, uint64_t nodes)
{
	double n = nodes;

	if (!(to > from))
		return width * (1 - pow(from, n));
	return width * (1 - (pow(to, n + 1) - pow(from, n + 1)) / ((n + 1) * (to - from)));
}

static double percentiles_wait(const struct straggler *s, uint64_t nodes, double limit)
{
	const struct straggler_point *p = s->points;
	double sum = fmin(p[0].ns / 1e9, limit), from, to;
	unsigned int i;

	for (i = 1; i < s->n_points; i++) {
		from = p[i - 1].ns / 1e9;
		to = p[i].ns / 1e9;
		if (limit <= from)
			break;
		if (limit < to)
			return sum + piece_wait(limit - from, p[i - 1].share,
						percentiles_share(s, limit), nodes);
		sum += piece_wait(to - from, p[i - 1].share, p[i].share, nodes);
	}
	return sum;
}

/* The maximum of n is where one alone is with the share u^(1/n). */
static double lognormal_wait(const struct straggler *s, uint64_t nodes, double limit)
{
	double sigma = s->sigma_permille / 1000.0, sum = 0, u, beyond;
	struct random r;
	uint64_t i;

	random_seed(&r, s->seed);
	for (i = 0; i < s->samples; i++) {
		u = (i + random_unit(&r)) / s->samples;
		beyond = u > 0 ? -expm1(log(u) / nodes) : 1;
		sum += fmin(limit, exp(sigma * normal_where(beyond)) * s->median_ns / 1e9);
	}
	return sum / s->samples;
}

static double expected_wait(const struct straggler *s, uint64_t nodes, double limit)
{
	switch (s->kind) {
	case STRAGGLER_EXPONENTIAL:
		return exponential_wait(s, nodes, limit);
	case STRAGGLER_LOGNORMAL:
		return lognormal_wait(s, nodes, limit);
	case STRAGGLER_PERCENTILES:
		return percentiles_wait(s, nodes, limit);
	default:
		return 0;
	}
}

struct straggler_wait straggler_wait(const struct straggler *s, uint64_t nodes)
{
	struct straggler_wait w = { .without = expected_wait(s, nodes, HUGE_VAL) };

	w.seconds = w.without;
	if (!s->timeout_ns)
		return w;
	w.seconds = expected_wait(s, nodes, s->timeout_ns / 1e9);
	w.substituted = share_beyond(s, s->timeout_ns / 1e9);
	w.touched = -expm1(nodes * log1p(-w.substituted));
	w.kept = s->substitute == SUBSTITUTE_STALE ? nodes - 1 : 0;
	return w;
}

double straggler_useful(const struct straggler_wait *w, double operations)
{
	return pow(1 - w->touched, operations);
}
