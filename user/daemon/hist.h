/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading histograms of log2 nanoseconds (struct hist of bpf/step.h). Pure functions.
 */
#ifndef _DAEMON_HIST_H
#define _DAEMON_HIST_H

#include <linux/types.h>

#include "../bpf/step.h"

/**
 * hist_top_ns - the longest duration that bucket @bucket counts: 2^(bucket + 1) - 1
 * @bucket: 0 to HIST_BUCKETS - 1
 */
__u64 hist_top_ns(unsigned int bucket);

/**
 * hist_total - durations in all buckets
 *
 * Unlike the count field it always agrees with the buckets.
 */
__u64 hist_total(const struct hist *h);

/**
 * hist_quantile_ns - estimate a quantile
 * @permille: 0 to 1000; more counts as 1000
 *
 * The quantile lies in the first bucket up to which @permille / 1000 of all durations are counted,
 * linearly between the bucket's bounds, as Prometheus' histogram_quantile() has it. The true value
 * is within a factor of two.
 *
 * Return: nanoseconds; 0 for an empty histogram.
 */
__u64 hist_quantile_ns(const struct hist *h, unsigned int permille);

#endif /* _DAEMON_HIST_H */
