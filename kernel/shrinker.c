// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the host runs short of memory, landing pools give clean extents up: they are on flash, and
 * only slower to reach. Dirty ones stay: writing them needs memory of its own.
 */
#include <linux/mm.h>
#include <linux/shrinker.h>

#include "terrace.h"

static struct shrinker *landing_shrinker;

static unsigned long shrinker_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long pages = 0;
	u32 i;

	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		pages += READ_ONCE(terrace.tiers[i].landing.used) >> PAGE_SHIFT;
	return pages ?: SHRINK_EMPTY;
}

static unsigned long shrinker_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long freed = 0;
	u64 bytes;
	u32 i;

	/* the caller may hold what unmapping needs */
	if (!(sc->gfp_mask & __GFP_FS))
		return SHRINK_STOP;
	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		while (freed < sc->nr_to_scan) {
			bytes = terrace_landing_reclaim(i);
			if (!bytes)
				break;
			freed += bytes >> PAGE_SHIFT;
		}
	return freed ?: SHRINK_STOP;
}

/**
 * terrace_shrinker_init - offer the landing pools to the host
 */
int terrace_shrinker_init(void)
{
	landing_shrinker = shrinker_alloc(0, "terrace-landing");
	if (!landing_shrinker)
		return -ENOMEM;
	landing_shrinker->count_objects = shrinker_count;
	landing_shrinker->scan_objects = shrinker_scan;
	shrinker_register(landing_shrinker);
	return 0;
}

/**
 * terrace_shrinker_exit - take them back
 */
void terrace_shrinker_exit(void)
{
	shrinker_free(landing_shrinker);
}
