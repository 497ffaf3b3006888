// SPDX-License-Identifier: LGPL-2.1-or-later
/* A found layout as a line of values. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/endurance.h"
#include "sim/search_limits.h"
#include "sim/search_report.h"

#define MS_PER_S	1e3

const char *search_bound_name(const struct search *s, unsigned int bound)
{
	static const char *const names[SEARCH_BY_TIER] = {
		[SEARCH_BY_COMPUTE] = "compute",
		[SEARCH_BY_NETWORK] = "network",
		[SEARCH_BY_SOFTWARE] = "software",
		[SEARCH_BY_WAITING] = "idle stages",
	};

	return bound < SEARCH_BY_TIER ? names[bound] :
					s->system->tiers.tiers[bound - SEARCH_BY_TIER].name;
}

const char *search_limit_name(enum search_limit limit)
{
	static const char *const names[SEARCH_LIMITS] = {
		[SEARCH_FREE] = "-",
		[SEARCH_KV_ROOM] = "kv room",
		[SEARCH_MAX_BATCH] = "max-batch",
		[SEARCH_STEP_TOKENS] = "step tokens",
		[SEARCH_SLO_TPOT] = "slo-tpot",
		[SEARCH_SLO_TTFT] = "slo-ttft",
		[SEARCH_RATE] = "rate",
		[SEARCH_OTHER_POOL] = "other pool",
	};

	return names[limit];
}

/* ---- the layout ---- */

static size_t add_pool(const struct search *s, const struct search_pool *p, bool places,
		       char *text, size_t size)
{
	char weights[64], kv[64];
	int n = snprintf(text, size, "TP%u PP%u DP%u EP%u", p->layout.tp, p->layout.pp,
			 p->layout.dp, search_ep(s->model, &p->layout));

	if (places && (size_t)n < size) {
		search_order_text(&s->system->tiers, &p->weights, weights, sizeof(weights));
		search_order_text(&s->system->tiers, &p->kv, kv, sizeof(kv));
		n += snprintf(text + n, size - n, " (%s; %s)", weights, kv);
	}
	return (size_t)n;
}

void search_line_layout(const struct search *s, const struct search_point *p, bool places,
			char *text, size_t size)
{
	size_t n = 0;
	uint32_t i;

	for (i = 0; i < p->pools && n < size; i++) {
		if (p->pools > 1)
			n += (size_t)snprintf(text + n, size - n, "%s%u: ", i ? " | " : "",
					      p->pool[i].devices);
		if (n < size)
			n += add_pool(s, &p->pool[i], places, text + n, size - n);
	}
}

/* ---- cells ---- */

static void add_number(struct search_line *out, const char *name, double value)
{
	out->cell[out->n++] = (struct search_cell) {
		.name = name, .as = SEARCH_AS_NUMBER, .value = value,
	};
}

static void add_text(struct search_line *out, const char *name, const char *text)
{
	struct search_cell *c = &out->cell[out->n++];

	*c = (struct search_cell) { .name = name, .as = SEARCH_AS_TEXT };
	snprintf(c->text, sizeof(c->text), "%s", text);
}

/* Of a pool that is not there nothing. */
static void add_cells(struct search_line *out, const struct search *s, const struct search_pool *p,
		      const char *const names[10])
{
	char order[96] = "";

	add_number(out, names[0], p ? p->devices : NAN);
	add_number(out, names[1], p ? p->layout.tp : NAN);
	add_number(out, names[2], p ? p->layout.pp : NAN);
	add_number(out, names[3], p ? p->layout.dp : NAN);
	add_number(out, names[4], p ? search_ep(s->model, &p->layout) : NAN);
	if (p)
		search_order_text(&s->system->tiers, &p->weights, order, sizeof(order));
	add_text(out, names[5], order);
	if (p)
		search_order_text(&s->system->tiers, &p->kv, order, sizeof(order));
	add_text(out, names[6], order);
	add_number(out, names[7], p ? p->batch : NAN);
	add_number(out, names[8], p ? p->busy : NAN);
	add_text(out, names[9], p ? search_bound_name(s, p->bound) : "");
}

void search_line_point(const struct search *s, const struct search_point *p,
		       struct search_line *out)
{
	static const char *const names[2][10] = {
		{ "devices", "tp", "pp", "dp", "ep", "weights", "kv", "batch", "busy", "bound" },
		{ "prefill_devices", "prefill_tp", "prefill_pp", "prefill_dp", "prefill_ep",
		  "prefill_weights", "prefill_kv", "prefill_batch", "prefill_busy",
		  "prefill_bound" },
	};

	out->n = 0;
	add_cells(out, s, &p->pool[p->pools - 1], names[0]);
	add_text(out, "limit", search_limit_name(p->limit));
	add_cells(out, s, p->pools > 1 ? &p->pool[0] : NULL, names[1]);
	add_number(out, "requests_per_second", p->rate);
	add_number(out, "tokens_per_second", p->tokens_s);
	add_number(out, "tokens_per_second_per_device", p->tokens_s / s->system->devices);
	add_number(out, "tpot_ms", p->tpot_s * MS_PER_S);
	add_number(out, "ttft_ms", p->ttft_s * MS_PER_S);
	add_number(out, "transfer_ms", p->pools > 1 ? p->transfer_s * MS_PER_S : NAN);
	add_number(out, "joules_per_token", p->joules);
	add_number(out, "usd_per_million_tokens", p->usd);
	add_number(out, "g_co2e_per_million_tokens", p->grams);
	add_number(out, "life_years", p->life_s / ENDURANCE_YEAR_S);
	add_text(out, "useful", p->useful ? "yes" : "no");
}
