/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Batches of a layout that are worth looking at.
 *
 * Times grow with the batch, so that limits are found by bisection. Requests/s do as well, until KV
 * overflows into a slower tier.
 */
#ifndef _SIM_SEARCH_SLO_H
#define _SIM_SEARCH_SLO_H

#include "sim/search_pool.h"

/**
 * struct search_slo - what is promised, in seconds
 */
struct search_slo {
	double ttft_s;
	double tpot_s;
};

/**
 * struct search_batch - a batch, and why it is not larger
 */
struct search_batch {
	uint32_t batch;
	enum search_limit limit;
};

/* Powers of two to SERVE_BATCH_MAX, those that fill tiers, and two more. */
#define SEARCH_BATCHES_MAX	(18 + TMODEL_TIERS_MAX)

typedef bool search_holds_fn(void *ctx, uint32_t n);

/**
 * search_largest - the largest number that something holds for
 * @holds: of a number, only if of all smaller ones
 *
 * Return: 0 to @most.
 */
uint32_t search_largest(uint32_t most, search_holds_fn *holds, void *ctx);

/**
 * search_slo_kept - are the times of a pool as promised?
 */
bool search_slo_kept(const struct search_pool *p, const struct search_slo *slo);

/**
 * search_slo_batch - the largest batch that keeps what is promised
 * @limit: why it is not larger, set when it is less than @most
 *
 * Return: 0 to @most.
 */
uint32_t search_slo_batch(struct shard *s, const struct search_work *w,
			  const struct search_slo *slo, uint32_t most, enum search_limit *limit);

/**
 * search_batches - powers of two, those that fill tiers with KV, the largest one that keeps what is
 * promised, and the largest
 * @out: SEARCH_BATCHES_MAX of them, in ascending order
 *
 * Return: how many; 0 when there is no room for one request.
 */
uint32_t search_batches(struct shard *s, const struct search_work *w, const struct search_slo *slo,
			struct search_batch *out);

/**
 * search_rate_batch - the smallest batch that serves so many requests/s
 * @batches: @n that search_batches() found
 *
 * Return: it, or 0 when none does.
 */
uint32_t search_rate_batch(struct shard *s, const struct search_work *w, double rate,
			   const struct search_batch *batches, uint32_t n);

/**
 * search_most_batch - that of some batches which serves most
 */
struct search_batch search_most_batch(struct shard *s, const struct search_work *w,
				      const struct search_batch *batches, uint32_t n);

#endif /* _SIM_SEARCH_SLO_H */
