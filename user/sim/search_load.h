/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The load of a search: the length of requests, and how many come. */
#ifndef _SIM_SEARCH_LOAD_H
#define _SIM_SEARCH_LOAD_H

#include "engine/error.h"
#include "engine/trace.h"

/**
 * struct search_load - requests, all alike
 * @input, @output: tokens of a prompt, of an answer
 * @rate: requests/s; 0 = as many as are served
 */
struct search_load {
	uint32_t input;
	uint32_t output;
	double rate;
};

/**
 * search_load_of - means of a trace
 *
 * Lengths are rounded; the rate is 0 when all requests come at once. What requests share, and that
 * they come in bursts and differ in length, is lost.
 */
void search_load_of(const struct trace *trace, struct search_load *out);

/**
 * search_load_rate - read a rate
 * @text: requests/s, or "any"
 *
 * Return: 0, -EINVAL.
 */
int search_load_rate(const char *text, double *rate, struct engine_error *e);

/**
 * search_load_tokens - read a length
 *
 * Return: 0, -EINVAL.
 */
int search_load_tokens(const char *text, uint32_t *tokens, struct engine_error *e);

#endif /* _SIM_SEARCH_LOAD_H */
