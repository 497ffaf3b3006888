/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What became of the requests of a run: latencies, and which tokens are of use.
 *
 * Times count from a request's arrival. A token is useful when its request got its first token
 * within the SLO and its further ones, in the mean, within theirs. What is not is counted by the
 * first rule that it breaks. Tokens that were computed again are no answers: they are counted by
 * the serving loop (struct serve_stats) and are in none of these.
 */
#ifndef _SIM_RUN_SERVED_H
#define _SIM_RUN_SERVED_H

#include "engine/trace.h"
#include "sim/serve.h"

/**
 * struct run_slo - what is promised
 */
struct run_slo {
	double ttft_ms;
	double tpot_ms;
};

/**
 * struct run_latency - of @n requests, milliseconds; NAN when there are none
 */
struct run_latency {
	size_t n;
	double mean;
	double p50;
	double p90;
	double p99;
};

/**
 * struct run_served - sums
 * @served: requests that were; the others would never fit
 * @prompt_tokens, @tokens: of prompts and answers of those served
 * @useful: of @tokens
 * @first_late: of requests whose first token was late
 * @slow: of others whose further tokens were
 * @rejected: tokens of answers of requests that were not served
 * @ttft, @tpot: of requests; those with a single token have no @tpot
 */
struct run_served {
	uint64_t served;
	uint64_t prompt_tokens;
	uint64_t tokens;
	uint64_t useful;
	uint64_t first_late;
	uint64_t slow;
	uint64_t rejected;
	struct run_latency ttft;
	struct run_latency tpot;
};

/**
 * run_served - sum up
 * @requests: of each of the trace's, from serve()
 *
 * Return: 0, -ENOMEM.
 */
int run_served(const struct trace *trace, const struct serve_request *requests,
	       const struct run_slo *slo, struct run_served *out);

#endif /* _SIM_RUN_SERVED_H */
