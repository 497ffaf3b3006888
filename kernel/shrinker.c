// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the host or a memory cgroup runs short of memory, landing pools give clean extents up: they
 * are on flash, and only slower to reach. Dirty ones stay: writing them needs memory of its own.
 *
 * A cgroup gets those on its own account. The core asks for them only after something of the cgroup
 * was put into a list_lru: so each buffer with frames in a pool is in one, an offer by tier, under
 * the cgroup its frames are charged to and the node they are on. When a cgroup goes, the core hands
 * its charges and its part of the lists to the one above, in this order; both sides here go by the
 * charge, as list_lru_add_obj() does.
 */
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "compat.h"
#include "terrace.h"

/* Pages that one reclaim for a cgroup gets: a large extent, and a charge of a huge page. */
#define ENOUGH_PAGES	(1UL << (TERRACE_EXTENT_SHIFT_MAX - PAGE_SHIFT))

/**
 * struct terrace_offer - the frames that a buffer has in a tier's landing pool
 * @lru: in offers while there are any
 * @bytes: of them; changes under the buffer's table_lock, or when nobody else has it
 */
struct terrace_offer {
	struct list_head lru;
	u64 bytes;
};

struct offer_table {
	struct terrace_offer tier[TERRACE_TIERS_MAX];
};

static struct shrinker *landing_shrinker;
static struct list_lru offers;
static struct kmem_cache *offer_cache;

/**
 * terrace_shrinker_account - the memory cgroup that a folio is charged to
 *
 * Under RCU. Return: NULL when it is nobody, or the root.
 */
struct mem_cgroup *terrace_shrinker_account(struct folio *folio)
{
	struct mem_cgroup *memcg = folio_memcg(folio);

	return memcg && parent_mem_cgroup(memcg) ? memcg : NULL;
}

/**
 * terrace_shrinker_prepare - make a buffer ready for terrace_shrinker_add()
 *
 * Allocates for the list what the cgroup's part of it needs, and those above: nothing that is
 * charged to the buffer's cgroup later can be without.
 *
 * Return: 0 or -ENOMEM.
 */
int terrace_shrinker_prepare(struct terrace_buffer *b)
{
	struct mem_cgroup *old = set_active_memcg(b->memcg);
	struct offer_table *table = kmem_cache_alloc_lru(offer_cache, &offers, GFP_KERNEL_ACCOUNT);
	u32 i;

	set_active_memcg(old);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < TERRACE_TIERS_MAX; i++) {
		INIT_LIST_HEAD(&table->tier[i].lru);
		table->tier[i].bytes = 0;
	}
	b->offers = table->tier;
	return 0;
}

/**
 * terrace_shrinker_forget - undo terrace_shrinker_prepare(), when the buffer has no frames
 */
void terrace_shrinker_forget(struct terrace_buffer *b)
{
	kmem_cache_free(offer_cache, container_of(b->offers, struct offer_table, tier[0]));
}

/**
 * terrace_shrinker_add - a folio of the buffer came into a landing pool
 */
void terrace_shrinker_add(struct terrace_buffer *b, u32 tier, struct folio *folio)
{
	struct terrace_offer *offer = &b->offers[tier];
	bool first = !offer->bytes;

	WRITE_ONCE(offer->bytes, offer->bytes + folio_size(folio));
	if (!first)
		return;
	guard(rcu)();
	list_lru_add(&offers, &offer->lru, folio_nid(folio), folio_memcg(folio));
}

/**
 * terrace_shrinker_remove - it leaves it
 */
void terrace_shrinker_remove(struct terrace_buffer *b, u32 tier, struct folio *folio)
{
	struct terrace_offer *offer = &b->offers[tier];

	WRITE_ONCE(offer->bytes, offer->bytes - folio_size(folio));
	if (offer->bytes)
		return;
	guard(rcu)();
	list_lru_del(&offers, &offer->lru, folio_nid(folio), folio_memcg(folio));
}

static enum lru_status shrinker_sum(TERRACE_WALK_ARGS(item, arg))
{
	u64 *bytes = arg;

	*bytes += READ_ONCE(container_of(item, struct terrace_offer, lru)->bytes);
	return LRU_SKIP;
}

static unsigned long shrinker_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long all = ULONG_MAX;
	u64 bytes = 0;

	/* the core forgets who is empty; an offer on its way out has no bytes, but is there */
	if (!list_lru_shrink_count(&offers, sc))
		return SHRINK_EMPTY;
	list_lru_walk_one(&offers, sc->nid, sc->memcg, shrinker_sum, &bytes, &all);
	return bytes >> PAGE_SHIFT;
}

/*
 * Reclaim for a cgroup's limit does not count what shrinkers free (see flush_reclaim_state()): it
 * would go on until all that is clean is gone, for a page. If it was not enough it comes again.
 */
static bool shrinker_gave_enough(void)
{
	return current->reclaim_state && !current_is_kswapd() &&
	       current->reclaim_state->reclaimed >= ENOUGH_PAGES;
}

static unsigned long shrinker_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct mem_cgroup *memcg = sc->memcg && parent_mem_cgroup(sc->memcg) ? sc->memcg : NULL;
	u64 most = (u64)sc->nr_to_scan << PAGE_SHIFT;
	u64 looked = 0, freed = 0;
	u32 i;

	/* the caller may hold what unmapping needs */
	if (!(sc->gfp_mask & __GFP_FS) || (memcg && shrinker_gave_enough()))
		return SHRINK_STOP;
	for (i = 0; i < TERRACE_TIERS_MAX && looked < most; i++)
		if (READ_ONCE(terrace.tiers[i].node) == sc->nid)
			freed += terrace_landing_reclaim(i, memcg, most - looked, &looked);
	if (!looked)
		return SHRINK_STOP;
	mm_account_reclaimed_pages(freed >> PAGE_SHIFT);
	/* extents are larger than what is asked for at a time */
	sc->nr_scanned = looked >> PAGE_SHIFT;
	return freed >> PAGE_SHIFT;
}

static int shrinker_register_offers(void)
{
	int err = list_lru_init_memcg(&offers, landing_shrinker);

	if (err)
		return err;
	landing_shrinker->count_objects = shrinker_count;
	landing_shrinker->scan_objects = shrinker_scan;
	shrinker_register(landing_shrinker);
	return 0;
}

/**
 * terrace_shrinker_init - offer the landing pools to the host
 */
int terrace_shrinker_init(void)
{
	int err = -ENOMEM;

	offer_cache = kmem_cache_create("terrace_offer", sizeof(struct offer_table), 0,
					SLAB_ACCOUNT, NULL);
	if (!offer_cache)
		return -ENOMEM;
	landing_shrinker = shrinker_alloc(SHRINKER_NUMA_AWARE | SHRINKER_MEMCG_AWARE,
					  "terrace-landing");
	if (landing_shrinker)
		err = shrinker_register_offers();
	if (!err)
		return 0;
	shrinker_free(landing_shrinker);
	kmem_cache_destroy(offer_cache);
	return err;
}

/**
 * terrace_shrinker_exit - take them back
 */
void terrace_shrinker_exit(void)
{
	shrinker_free(landing_shrinker);
	list_lru_destroy(&offers);
	kmem_cache_destroy(offer_cache);
}
