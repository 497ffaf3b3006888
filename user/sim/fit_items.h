/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies where, as a list of whole numbers. */
#ifndef _SIM_FIT_ITEMS_H
#define _SIM_FIT_ITEMS_H

#include "sim/fit_case.h"

/**
 * struct fit_item - a number
 * @stage: index in run.shard.stage, negative when it is of all devices
 * @tier: index, negative when it is of a whole device
 * @missing: there is none
 */
struct fit_item {
	int stage;
	int tier;
	char name[40];
	uint64_t value;
	const char *unit;
	bool missing;
};

/**
 * struct fit_items - in the order they are printed in: of all, then stage by stage, tier by tier
 */
struct fit_items {
	struct fit_item *item;
	size_t n;
};

/**
 * fit_items - list all of a fit
 * @near: on memories with logic as well
 * @out: to be freed with fit_items_free(), also on error
 *
 * Return: 0; -ENOMEM.
 */
int fit_items(const struct fit_case *f, bool near, struct fit_items *out);
void fit_items_free(struct fit_items *items);

/**
 * fit_first_stage - number of the first of the stages that struct shard_stage @which stands for
 */
uint32_t fit_first_stage(const struct fit_case *f, uint32_t which);

#endif /* _SIM_FIT_ITEMS_H */
