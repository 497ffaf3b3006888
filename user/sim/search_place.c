// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which tiers weights and KV may fill, and in which order. */
#include "sim/search_place.h"

#include <errno.h>
#include <stdio.h>

#include "engine/fit.h"

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t kept = *a;

	*a = *b;
	*b = kept;
}

/* All orders of those behind the first @fixed ones. */
static void permute(struct search_orders *out, struct shard_order *order, uint32_t fixed)
{
	uint32_t i;

	if (fixed + 1 >= order->n) {
		out->order[out->n++] = *order;
		return;
	}
	for (i = fixed; i < order->n; i++) {
		swap(&order->tier[fixed], &order->tier[i]);
		permute(out, order, fixed + 1);
		swap(&order->tier[fixed], &order->tier[i]);
	}
}

static int orders_of(const struct engine_tierfile *tiers, uint32_t class_id, const char *name,
		     bool all, struct search_orders *out, struct engine_error *e)
{
	struct shard_order rule;

	out->n = 0;
	rule.n = fit_place_order(tiers, class_id, rule.tier);
	if (!rule.n) {
		engine_error_set(e, "no tier allows the class %s: add it to a tier's classes",
				 name);
		return -EXDEV;
	}
	if (!all) {
		out->order[out->n++] = rule;
		return 0;
	}
	if (rule.n > SEARCH_PLACE_TIERS) {
		engine_error_set(e, "%u tiers allow the class %s: orders of at most %d are searched; "
				 "leave --place search out", rule.n, name, SEARCH_PLACE_TIERS);
		return -EINVAL;
	}
	permute(out, &rule, 0);
	return 0;
}

int search_places(const struct engine_tierfile *tiers, bool all, struct search_places *out,
		  struct engine_error *e)
{
	return orders_of(tiers, TERRACE_CLASS_WEIGHTS, "weights", all, &out->weights, e) ?:
	       orders_of(tiers, TERRACE_CLASS_KV, "kv", all, &out->kv, e);
}

void search_order_text(const struct engine_tierfile *tiers, const struct shard_order *order,
		       char *text, size_t size)
{
	size_t length = 0;
	uint32_t i;

	for (i = 0; i < order->n && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s", i ? ">" : "",
					   tiers->tiers[order->tier[i]].name);
}
