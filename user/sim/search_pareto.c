// SPDX-License-Identifier: LGPL-2.1-or-later
/* The best, and those that no other one beats. */
#include "sim/search_pareto.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/**
 * struct candidate - a point by its two metrics, both the smaller the better
 */
struct candidate {
	size_t at;
	double loss[2];
};

static bool is_better(const struct search_point *a, const struct search_point *b,
		      enum search_metric by)
{
	double x = search_metric_loss(a, by), y = search_metric_loss(b, by);

	return x < y || (x == y && a->tokens_s > b->tokens_s);
}

const struct search_point *search_best(const struct search_point *points, size_t n,
				       enum search_metric by)
{
	const struct search_point *best = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (points[i].useful && !isnan(search_metric_loss(&points[i], by)) &&
		    (!best || is_better(&points[i], best, by)))
			best = &points[i];
	return best;
}

static int order(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int i;

	for (i = 0; i < 2; i++)
		if (x->loss[i] != y->loss[i])
			return x->loss[i] < y->loss[i] ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

long search_front(const struct search_point *points, size_t n, const enum search_metric by[2],
		  size_t *out)
{
	struct candidate *all = malloc((n + 1) * sizeof(*all));
	double least = INFINITY;
	size_t i, left = 0;
	long found = 0;

	if (!all)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		struct candidate *c = &all[left];

		c->at = i;
		c->loss[0] = search_metric_loss(&points[i], by[0]);
		c->loss[1] = search_metric_loss(&points[i], by[1]);
		left += !isnan(c->loss[0]) && !isnan(c->loss[1]);
	}
	qsort(all, left, sizeof(*all), order);
	for (i = 0; i < left; i++) {
		if (found && all[i].loss[1] >= least)
			continue;
		least = all[i].loss[1];
		out[found++] = all[i].at;
	}
	free(all);
	return found;
}
