// SPDX-License-Identifier: LGPL-2.1-or-later
/* Loads: traces that are made up. */
#include "sim/load.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "engine/random.h"

#define NS_PER_S	1e9

enum stream { ARRIVALS, PROMPTS, ANSWERS, STREAMS };

/* Of (0, 1]: it has a logarithm. */
static double unit(struct random *r)
{
	return 1 - random_unit(r);
}

/* Normal, of mean 0 and deviation 1 (Box and Muller, 1958). */
static double normal(struct random *r)
{
	double radius = sqrt(-2 * log(unit(r)));

	return radius * cos(2 * M_PI * random_unit(r));
}

/* The mean of exp(N(m, s)) is exp(m + s^2 / 2), its relative variance exp(s^2) - 1. */
static uint32_t tokens_of(const struct load_tokens *t, struct random *r)
{
	double spread = (double)t->spread_permille / 1000, variance, tokens;

	if (!t->spread_permille)
		return (uint32_t)t->mean;
	variance = log(1 + spread * spread);
	tokens = (double)t->mean * exp(sqrt(variance) * normal(r) - variance / 2);
	return (uint32_t)fmin(fmax(round(tokens), 1), TRACE_TOKENS_MAX);
}

static void make(const struct load *l, struct trace *out, double *last_ns)
{
	double ns = 0, mean_gap_ns = l->rate_milli ? NS_PER_S * 1000 / (double)l->rate_milli : 0;
	struct random random[STREAMS];
	size_t i;

	for (i = 0; i < STREAMS; i++)
		random_seed(&random[i], random_mix(l->seed * STREAMS + i));
	for (i = 0; i < out->n; i++) {
		ns -= log(unit(&random[ARRIVALS])) * mean_gap_ns;
		out->requests[i] = (struct trace_request) {
			.arrival_ns = (uint64_t)fmin(ns, TRACE_ARRIVAL_NS_MAX),
			.input_tokens = tokens_of(&l->input, &random[PROMPTS]),
			.output_tokens = tokens_of(&l->output, &random[ANSWERS]),
			.line = (uint32_t)i + 1,
		};
	}
	*last_ns = ns;
}

int load_make(const struct load *l, struct trace *out, struct engine_error *e)
{
	double last_ns;

	*out = (struct trace) { .format = TRACE_LENGTHS };
	out->requests = calloc(l->requests, sizeof(*out->requests));
	if (!out->requests) {
		engine_error_set(e, "no memory for %llu requests",
				 (unsigned long long)l->requests);
		return -ENOMEM;
	}
	out->n = l->requests;
	make(l, out, &last_ns);
	if (last_ns <= TRACE_ARRIVAL_NS_MAX)
		return 0;
	trace_free(out);
	engine_error_set(e, "rate is %llu.%03llu: the last of %llu requests would arrive after more "
			 "than 31 years; give a higher one",
			 (unsigned long long)l->rate_milli / 1000,
			 (unsigned long long)l->rate_milli % 1000, (unsigned long long)l->requests);
	return -EINVAL;
}
