/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A layout that serves a steady stream of equal requests: how fast, at what price.
 *
 * A closed form of what serve.h does step by step. A group works on a number of requests at a time,
 * its batch. Each stays for the steps of its prompt, then one for each further token; a place is
 * free again one step after its last token was planned (asynchronous scheduling). So the mean step
 * has so many tokens that are decoded, and so many prompts (Little's law). Prompts come as evenly
 * as they can: of the steps a share has one prompt more than the others. Decoded tokens attend to
 * the prompt and half of the answer in the mean. Formulas: Documentation/models/search.md.
 */
#ifndef _SIM_SEARCH_POOL_H
#define _SIM_SEARCH_POOL_H

#include "sim/shard.h"

/* What is done in the steps of a pool of devices. */
enum search_role { SEARCH_WHOLE, SEARCH_PREFILL, SEARCH_DECODE };

/**
 * struct search_work - requests, all alike
 * @input, @output: tokens of a prompt, of an answer; at least 1
 */
struct search_work {
	enum search_role role;
	uint32_t input;
	uint32_t output;
};

/**
 * enum search_bound - what a step takes most time for
 * @SEARCH_BY_WAITING: for stages without a request, as there are fewer of them than stages
 * @SEARCH_BY_TIER: and more are the tiers'
 */
enum search_bound {
	SEARCH_BY_COMPUTE,
	SEARCH_BY_NETWORK,
	SEARCH_BY_SOFTWARE,
	SEARCH_BY_WAITING,
	SEARCH_BY_TIER
};

/**
 * struct search_pool - devices of one layout at work
 * @batch: requests of a group at a time; of a prefill pool in a step
 * @capacity: requests/s that all groups serve when they always have so many
 * @step_s: mean of all steps
 * @prompt_s: a step with one prompt more than steps without
 * @ttft_s: from arrival to the first token: at the end of the running step the next one is planned
 *          already, the one after it takes the prompt, or the first piece of it. 0 where there is
 *          no prompt
 * @tpot_s: mean of a request's further tokens; 0 where there are none. In a pool without prompts
 *          with the wait until a step takes the request, as of the first token
 * @bound: enum search_bound, plus a tier's index
 * @busy: share of the capacity that is used
 * @watts, @usd_s, @g_s: power, USD and g CO2e a second; the latter are NAN when a tier has no price
 * @life_s: of the first tier that wears out; infinity when none does
 */
struct search_pool {
	struct capacity_shard layout;
	struct shard_order weights;
	struct shard_order kv;
	uint32_t devices;
	uint32_t batch;
	double capacity;
	double step_s;
	double prompt_s;
	double ttft_s;
	double tpot_s;
	unsigned int bound;
	double busy;
	double watts;
	double usd_s;
	double g_s;
	double life_s;
};

/**
 * search_pool_blocks - blocks of KV that a request needs
 */
uint64_t search_pool_blocks(const struct shard *s, const struct search_work *w);

/* What keeps a batch from being larger. */
enum search_limit {
	SEARCH_FREE,		/* nothing: it was chosen */
	SEARCH_KV_ROOM,
	SEARCH_MAX_BATCH,
	SEARCH_STEP_TOKENS,	/* prompts and decoded tokens of a step */
	SEARCH_SLO_TPOT,
	SEARCH_SLO_TTFT,
	SEARCH_RATE,		/* no more requests come */
	SEARCH_OTHER_POOL,	/* of a split: it serves no more */
	SEARCH_LIMITS
};

/**
 * search_pool_most - the largest batch of a group
 * @limit: why it is not larger
 *
 * Room is kept for whole requests, so that none gives way to another.
 *
 * Return: 0 when there is no room for one request.
 */
uint32_t search_pool_most(const struct shard *s, const struct search_work *w,
			  enum search_limit *limit);

/**
 * search_pool_kept - tokens whose KV is read in a step without a prompt
 */
uint64_t search_pool_kept(const struct shard *s, const struct search_work *w, uint32_t batch);

/**
 * search_pool_time - times of a batch
 * @s: its sums become those of a mean step of all groups
 * @out: all but @busy and what follows
 */
void search_pool_time(struct shard *s, const struct search_work *w, uint32_t batch,
		      struct search_pool *out);

/**
 * search_pool_use - what it uses to serve so many requests a second
 * @s: as search_pool_time() left it
 * @rate: requests/s, at most the capacity
 * @out: @busy and what follows
 */
void search_pool_use(const struct shard *s, double rate, struct search_pool *out);

/**
 * search_pool_at - both, for the smallest batch that serves so many requests a second
 * @rate: at most the capacity, and more than that of the next smaller batch, if there is one; when
 *        it is the capacity or more, the batch is served all the time
 *
 * For a share of the time there is a request less. @capacity is that of the batch.
 */
void search_pool_at(struct shard *s, const struct search_work *w, uint32_t batch, double rate,
		    struct search_pool *out);

#endif /* _SIM_SEARCH_POOL_H */
