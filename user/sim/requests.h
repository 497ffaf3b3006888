/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests that vLLM served, served again: what each took there and here.
 *
 * Arrivals and lengths come from the table of requests, the engines from the table of
 * configurations, times from the tables of kernels. As vLLM's own statistics do, times count from
 * when an engine takes a request, which it does between two steps.
 */
#ifndef _SIM_REQUESTS_H
#define _SIM_REQUESTS_H

#include "engine/error.h"
#include "sim/serve.h"
#include "sim/validate.h"

enum request_figure {
	REQUEST_TTFT,		/* until the first token */
	REQUEST_TPOT,		/* of each further one */
	REQUEST_LATENCY,	/* until the last one */
	REQUEST_FIGURES
};

/**
 * struct requests - of one kind of accelerator and model
 * @hardware, @model: texts of the table
 * @ours, @theirs: milliseconds, ascending; @n of each figure
 * @skipped: why there are none, empty otherwise
 */
struct requests {
	const char *hardware;
	const char *model;
	double *ours[REQUEST_FIGURES];
	double *theirs[REQUEST_FIGURES];
	size_t n;
	struct serve_stats stats;
	char skipped[CHECK_LABEL_MAX];
};

/**
 * struct served - all kinds, in the order in which the table names them
 */
struct served {
	struct requests *kind;
	size_t n;
};

/**
 * served_make - serve all kinds that the table of requests names
 * @out: to be freed with served_free(), also on error
 *
 * Return: 0; -ENOMEM. A kind that cannot be served says why.
 */
int served_make(const struct validate *v, struct served *out, struct engine_error *e);
void served_free(struct served *s);

/**
 * requests_figure_name - "TTFT", "TPOT", "Latency"
 */
const char *requests_figure_name(enum request_figure figure);

double requests_mean(const double *values, size_t n);

/**
 * requests_percentile - of ascending values, straight between two of them
 * @p: 0 to 100
 */
double requests_percentile(const double *values, size_t n, double p);

#endif /* _SIM_REQUESTS_H */
