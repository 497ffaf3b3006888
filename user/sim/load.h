/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loads: traces that are made up of lengths and a rate, for those who have no trace.
 *
 * Lengths are equal, or lognormal about their mean. Requests arrive by a Poisson process, or all
 * at once. Arrivals, prompts and answers have a stream of random numbers each, so that a change of
 * one leaves the others as they are. Prompts share nothing.
 */
#ifndef _SIM_LOAD_H
#define _SIM_LOAD_H

#include <stdint.h>

#include "engine/error.h"
#include "engine/trace.h"

/**
 * struct load_tokens - lengths
 * @mean: tokens
 * @spread_permille: standard deviation in thousandths of the mean; 0 = all are equal
 */
struct load_tokens {
	uint64_t mean;
	uint64_t spread_permille;
};

/**
 * struct load - what is asked for
 * @requests: 1 to TRACE_REQUESTS_MAX
 * @input, @output: of prompts and answers; what is drawn beyond 1 to TRACE_TOKENS_MAX is that limit
 * @rate_milli: requests in 1000 s; 0 = all arrive at 0
 * @seed: the same seed makes the same trace
 */
struct load {
	uint64_t requests;
	struct load_tokens input;
	struct load_tokens output;
	uint64_t rate_milli;
	uint64_t seed;
};

/**
 * load_make - make the trace
 * @out: to be freed with trace_free(); holds nothing when an error is returned
 *
 * Return: 0; -EINVAL the last would arrive after TRACE_ARRIVAL_NS_MAX; -ENOMEM.
 */
int load_make(const struct load *l, struct trace *out, struct engine_error *e);

#endif /* _SIM_LOAD_H */
