// SPDX-License-Identifier: LGPL-2.1-or-later
/* Totals and quantiles of histograms. */
#include "daemon/hist.h"

__u64 hist_top_ns(unsigned int bucket)
{
	return ~0ULL >> (HIST_BUCKETS - 1 - bucket);
}

__u64 hist_total(const struct hist *h)
{
	__u64 total = 0;

	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		total += h->buckets[i];
	return total;
}

static __u64 hist_within(const struct hist *h, unsigned int bucket, double rank)
{
	__u64 low = bucket ? 1ULL << bucket : 0;
	__u64 width = hist_top_ns(bucket) - low;
	double part = (double)width * rank / (double)h->buckets[bucket];

	/* Beyond 2^53 the double of a width may exceed it. */
	return part < (double)width ? low + (__u64)part : low + width;
}

__u64 hist_quantile_ns(const struct hist *h, unsigned int permille)
{
	double rank = (double)hist_total(h) * (permille > 1000 ? 1000 : permille) / 1000.0;

	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		double here = (double)h->buckets[i];

		if (!h->buckets[i])
			continue;
		if (rank <= here)
			return hist_within(h, i, rank);
		rank -= here;
	}
	return 0;
}
