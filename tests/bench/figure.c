// SPDX-License-Identifier: LGPL-2.1-or-later
#include "figure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <terrace/terrace.h>

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double quantile(double *v, size_t n, unsigned int permille)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n * permille / 1000];
}

void print_figure(const char *name, double ours, double peer, const char *unit,
		  const char *conditions)
{
	printf("{\"name\": \"%s\", \"ours\": %.6g, \"peer\": %.6g, \"ratio\": %.3f, \"unit\": \"%s\", \"conditions\": \"%s\"}\n",
	       name, ours, peer, ours / peer, unit, conditions);
	fflush(stdout);
}

void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, errno ? strerror(errno) : terrace_error());
	exit(1);
}
