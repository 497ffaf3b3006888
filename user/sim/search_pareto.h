/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of found layouts the best by one metric, and those that no other one beats in two. */
#ifndef _SIM_SEARCH_PARETO_H
#define _SIM_SEARCH_PARETO_H

#include "sim/search_metric.h"

/**
 * search_best - the best of those that are useful
 *
 * Of equals the one with more tokens/s, then the first. Return: NULL when there is none.
 */
const struct search_point *search_best(const struct search_point *points, size_t n,
				       enum search_metric by);

/**
 * search_front - points that no other one equals or beats in both metrics
 * @by: two of them; points that lack one are left out
 * @out: room for @n; their indices, from the best by the first metric to the best by the second
 *
 * Of equal points the first. Return: how many; -ENOMEM.
 */
long search_front(const struct search_point *points, size_t n, const enum search_metric by[2],
		  size_t *out);

#endif /* _SIM_SEARCH_PARETO_H */
