/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A found layout, and what it is compared by.
 *
 * Cost, energy and carbon are of a token, the lower the better, as are latencies; tokens/s and the
 * life of memory that wears out are the better the higher.
 */
#ifndef _SIM_SEARCH_METRIC_H
#define _SIM_SEARCH_METRIC_H

#include "sim/search_slo.h"

/**
 * struct search_point - devices that serve a load
 * @pool: @pools of them: one for all, or one for prompts and one for the further tokens
 * @limit: what keeps the batch from being larger; of a split that of its second pool
 * @rate: requests/s
 * @transfer_s: of a prompt's KV from pool to pool
 * @tokens_s: of answers
 * @joules: of a token
 * @usd, @grams: of a million of them, grams of CO2e; NAN when a tier has no price
 * @life_s: of the memory that wears out first; infinity when none does
 * @useful: it keeps what is promised, and serves all requests that come
 */
struct search_point {
	struct search_pool pool[2];
	uint32_t pools;
	enum search_limit limit;
	double rate;
	double transfer_s;
	double tokens_s;
	double ttft_s;
	double tpot_s;
	double joules;
	double usd;
	double grams;
	double life_s;
	bool useful;
};

enum search_metric {
	SEARCH_THROUGHPUT,
	SEARCH_TPOT,
	SEARCH_COST,
	SEARCH_ENERGY,
	SEARCH_CARBON,
	SEARCH_TTFT,
	SEARCH_LIFE,
	SEARCH_METRICS
};

/**
 * search_metric_name - "throughput"
 */
const char *search_metric_name(enum search_metric m);

/**
 * search_metric_parse - the metric of a name
 *
 * Return: it; -ENOENT with the error set, which names the nearest one.
 */
int search_metric_parse(const char *name, struct engine_error *e);

/**
 * search_metric_loss - a number that is the smaller the better, or NAN when there is none
 */
double search_metric_loss(const struct search_point *p, enum search_metric m);

#endif /* _SIM_SEARCH_METRIC_H */
