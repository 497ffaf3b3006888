// SPDX-License-Identifier: LGPL-2.1-or-later
/* What found layouts are compared by. */
#include "sim/search_metric.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const char *const names[SEARCH_METRICS] = {
	[SEARCH_THROUGHPUT] = "throughput",
	[SEARCH_TPOT] = "tpot",
	[SEARCH_COST] = "cost",
	[SEARCH_ENERGY] = "energy",
	[SEARCH_CARBON] = "carbon",
	[SEARCH_TTFT] = "ttft",
	[SEARCH_LIFE] = "life",
};

const char *search_metric_name(enum search_metric m)
{
	return names[m];
}

int search_metric_parse(const char *name, struct engine_error *e)
{
	int i;

	for (i = 0; i < SEARCH_METRICS; i++)
		if (!strcmp(names[i], name))
			return i;
	engine_error_set(e, "there is no '%s' to compare by, did you mean '%s'?", name,
			 engine_nearest(name, names, SEARCH_METRICS));
	return -ENOENT;
}

double search_metric_loss(const struct search_point *p, enum search_metric m)
{
	switch (m) {
	case SEARCH_THROUGHPUT:
		return -p->tokens_s;
	case SEARCH_TPOT:
		return p->tpot_s;
	case SEARCH_COST:
		return p->usd;
	case SEARCH_ENERGY:
		return p->joules;
	case SEARCH_CARBON:
		return p->grams;
	case SEARCH_TTFT:
		return p->ttft_s;
	case SEARCH_LIFE:
		return -p->life_s;
	case SEARCH_METRICS:
		break;
	}
	return NAN;
}
