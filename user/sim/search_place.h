/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which tiers weights and KV may fill, and in which order. */
#ifndef _SIM_SEARCH_PLACE_H
#define _SIM_SEARCH_PLACE_H

#include "sim/shard.h"

#define SEARCH_PLACE_TIERS	4	/* tiers of a class whose orders are searched */
#define SEARCH_ORDERS_MAX	24	/* of them */

/**
 * struct search_orders - orders of the tiers of a class, the placement rule's first
 */
struct search_orders {
	struct shard_order order[SEARCH_ORDERS_MAX];
	uint32_t n;
};

/**
 * struct search_places - of weights and of KV; all pairs of them are places
 */
struct search_places {
	struct search_orders weights;
	struct search_orders kv;
};

/**
 * search_places - orders to look at
 * @all: all of those that the tier file allows, else the rule's alone
 *
 * Return: 0; -EXDEV no tier allows a class; -EINVAL more than SEARCH_PLACE_TIERS do and @all.
 */
int search_places(const struct engine_tierfile *tiers, bool all, struct search_places *out,
		  struct engine_error *e);

/**
 * search_order_text - "hbf0>hbm0"
 */
void search_order_text(const struct engine_tierfile *tiers, const struct shard_order *order,
		       char *text, size_t size);

#endif /* _SIM_SEARCH_PLACE_H */
