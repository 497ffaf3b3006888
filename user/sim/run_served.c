// SPDX-License-Identifier: LGPL-2.1-or-later
/* What became of the requests of a run. */
#include "sim/run_served.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sim/requests.h"

#define NS_PER_MS	1e6

/* Milliseconds of requests. */
struct list {
	double *ms;
	size_t n;
};

static void add(struct run_served *out, const struct trace_request *spec,
		const struct serve_request *r, const struct run_slo *slo, struct list lists[2])
{
	double ttft = (double)(r->first_token_ns - spec->arrival_ns) / NS_PER_MS, tpot = 0;

	lists[0].ms[lists[0].n++] = ttft;
	if (spec->output_tokens > 1) {
		tpot = (double)(r->finish_ns - r->first_token_ns) / NS_PER_MS /
		       (spec->output_tokens - 1);
		lists[1].ms[lists[1].n++] = tpot;
	}
	out->served++;
	out->prompt_tokens += spec->input_tokens;
	out->tokens += spec->output_tokens;
	if (ttft > slo->ttft_ms)
		out->first_late += spec->output_tokens;
	else if (tpot > slo->tpot_ms)
		out->slow += spec->output_tokens;
	else
		out->useful += spec->output_tokens;
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct run_latency latency(struct list *l)
{
	if (!l->n)
		return (struct run_latency) { 0, NAN, NAN, NAN, NAN };
	qsort(l->ms, l->n, sizeof(*l->ms), ascending);
	return (struct run_latency) {
		.n = l->n,
		.mean = requests_mean(l->ms, l->n),
		.p50 = requests_percentile(l->ms, l->n, 50),
		.p90 = requests_percentile(l->ms, l->n, 90),
		.p99 = requests_percentile(l->ms, l->n, 99),
	};
}

int run_served(const struct trace *trace, const struct serve_request *requests,
	       const struct run_slo *slo, struct run_served *out)
{
	double *room = calloc(trace->n + 1, 2 * sizeof(*room));
	struct list lists[2] = { { room, 0 }, { room ? room + trace->n + 1 : NULL, 0 } };
	size_t i;

	*out = (struct run_served) { 0 };
	if (!room)
		return -ENOMEM;
	for (i = 0; i < trace->n; i++)
		if (requests[i].rejected)
			out->rejected += trace->requests[i].output_tokens;
		else
			add(out, &trace->requests[i], &requests[i], slo, lists);
	out->ttft = latency(&lists[0]);
	out->tpot = latency(&lists[1]);
	free(room);
	return 0;
}
