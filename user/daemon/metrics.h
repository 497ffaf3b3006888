/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing the Prometheus text exposition format, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * A page is a sequence of families; each begins with metrics_family() and goes on with its samples.
 * Not thread safe; a page has one writer.
 */
#ifndef _DAEMON_METRICS_H
#define _DAEMON_METRICS_H

#include <linux/types.h>
#include <stddef.h>
#include <stdio.h>

#include "../bpf/step.h"

#define METRICS_CONTENT_TYPE	"text/plain; version=0.0.4; charset=utf-8"
#define METRICS_INFINITE	(~0ULL)	/* a value that is printed as +Inf */

/**
 * struct metrics - a page
 * @out: where it goes; owned by the caller
 * @name: of the family being written; the caller keeps the string
 */
struct metrics {
	FILE *out;
	const char *name;
};

/**
 * struct metrics_label - a label of a sample
 * @name: [a-z_]+
 * @value: any bytes; escaped when it is written
 */
struct metrics_label {
	const char *name;
	const char *value;
};

/**
 * metrics_family - begin a family
 * @type: "counter", "gauge" or "histogram"
 * @help: one sentence; escaped when it is written
 */
void metrics_family(struct metrics *m, const char *name, const char *type, const char *help);

/**
 * metrics_value - a sample of the family
 * @labels: @n of them; may be NULL when @n is 0
 * @value: METRICS_INFINITE is +Inf
 * @decimals: the sample is @value / 10^decimals, printed exactly; 0 to 18
 */
void metrics_value(struct metrics *m, const struct metrics_label *labels, size_t n, __u64 value,
		   unsigned int decimals);

/**
 * metrics_histogram - the buckets, sum and count of a histogram, in seconds
 * @labels: as above; le is added
 *
 * Only the bounds from 1 us (2^10 - 1 ns) to 18 minutes (2^40 - 1 ns) are written, so that a page
 * stays small; shorter durations are in the first bucket, longer ones in +Inf.
 */
void metrics_histogram(struct metrics *m, const struct metrics_label *labels, size_t n,
		       const struct hist *h);

#endif /* _DAEMON_METRICS_H */
