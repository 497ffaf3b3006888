// SPDX-License-Identifier: LGPL-2.1-or-later
/* The tiers that are online. */
#include "cli/tiers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int by_rank(const void *a, const void *b)
{
	const struct terrace_tier_info *x = a, *y = b;

	return (x->rank > y->rank) - (x->rank < y->rank);
}

int tiers_read(struct terrace_session *s, struct tiers *tiers)
{
	struct terrace_info info;
	uint32_t i;
	int err = terrace_session_info(s, &info);

	if (err)
		return err;
	tiers->count = 0;
	for (i = 0; i < TERRACE_TIERS_MAX; i++) {
		if (!(info.tiers & (1U << i)))
			continue;
		err = terrace_tier_get(s, i, &tiers->tier[tiers->count]);
		if (!err)
			tiers->count++;
		else if (err != -ENXIO) /* it may have gone offline since */
			return err;
	}
	qsort(tiers->tier, tiers->count, sizeof(tiers->tier[0]), by_rank);
	return 0;
}

const char *tiers_name(const struct tiers *tiers, uint32_t index)
{
	uint32_t i;

	for (i = 0; i < tiers->count; i++)
		if (tiers->tier[i].tier == index)
			return tiers->tier[i].name;
	return "?";
}

void tiers_classes(char *out, size_t size, uint32_t classes)
{
	size_t used = 0;
	uint32_t i;

	out[0] = 0;
	for (i = 0; i < TERRACE_CLASSES && used < size; i++)
		if (classes & (1U << i))
			used += snprintf(out + used, size - used, "%s%s", used ? " " : "",
					 terrace_class_name(i));
}
