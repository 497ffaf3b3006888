/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures of benchmarks: clock, statistics, one JSON line a figure. */
#ifndef _BENCH_FIGURE_H
#define _BENCH_FIGURE_H

#include <stddef.h>

/* Seconds of a clock that only goes forward. */
double now(void);

/* The value below which @permille thousandths of @v are; sorts @v. */
double quantile(double *v, size_t n, unsigned int permille);

/* {"name", "ours", "peer", "ratio", "unit", "conditions"}; ratio = ours / peer. */
void print_figure(const char *name, double ours, double peer, const char *unit,
		  const char *conditions);

/* Say what failed, with errno or the library's sentence, and exit. */
void die(const char *what) __attribute__((noreturn));

#endif /* _BENCH_FIGURE_H */
