// SPDX-License-Identifier: LGPL-2.1-or-later
/* The load of a search. */
#include "sim/search_load.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S	1e9
#define RATE_MAX	1e9

void search_load_of(const struct trace *trace, struct search_load *out)
{
	double input = 0, output = 0, n = (double)trace->n, seconds;
	size_t i;

	for (i = 0; i < trace->n; i++) {
		input += trace->requests[i].input_tokens;
		output += trace->requests[i].output_tokens;
	}
	seconds = (double)(trace->requests[trace->n - 1].arrival_ns -
			   trace->requests[0].arrival_ns) / NS_PER_S;
	*out = (struct search_load) {
		.input = (uint32_t)llround(input / n),
		.output = (uint32_t)llround(output / n),
		.rate = seconds > 0 ? (n - 1) / seconds : 0,
	};
}

int search_load_rate(const char *text, double *rate, struct engine_error *e)
{
	char *end;

	if (!strcmp(text, "any")) {
		*rate = 0;
		return 0;
	}
	*rate = strtod(text, &end);
	if (*end || end == text || !(*rate > 0 && *rate <= RATE_MAX)) {
		engine_error_set(e, "rate is \"%s\"; give requests a second, above 0 to %g, or any",
				 text, RATE_MAX);
		return -EINVAL;
	}
	return 0;
}

int search_load_tokens(const char *text, uint32_t *tokens, struct engine_error *e)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || end == text || text[0] == '-' || !n || n > TRACE_TOKENS_MAX) {
		engine_error_set(e, "\"%s\" is no length; give a number of tokens from 1 to %u",
				 text, TRACE_TOKENS_MAX);
		return -EINVAL;
	}
	*tokens = (uint32_t)n;
	return 0;
}
