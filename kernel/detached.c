// SPDX-License-Identifier: GPL-2.0-only
/*
 * Detached pages: a pin (O_DIRECT, io_uring fixed buffers, RDMA) may outlive the buffer. The pages
 * stay used bytes of their tier until the last pin is gone, which nothing tells: a worker looks
 * once a second while there are any. The list runs through folio->lru: these folios are not on the
 * LRU. Their tier is kept in folio->private.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/workqueue.h>

#include "terrace.h"

static LIST_HEAD(detached);
static DEFINE_SPINLOCK(detached_lock);

static void detached_reap(struct work_struct *work);
static DECLARE_DELAYED_WORK(detached_work, detached_reap);

static void detached_drop(struct folio *folio)
{
	u32 tier = (unsigned long)folio->private;
	u64 bytes = folio_size(folio);

	list_del(&folio->lru);
	folio->private = NULL;
	terrace_frame_free(folio, tier);
	terrace_tier_reattach(tier, bytes);
}

static void detached_reap(struct work_struct *work)
{
	struct folio *folio, *next;
	LIST_HEAD(unpinned);

	spin_lock(&detached_lock);
	list_for_each_entry_safe(folio, next, &detached, lru)
		if (folio_ref_count(folio) == 1 || terrace_frame_poisoned(folio))
			list_move(&folio->lru, &unpinned);
	if (!list_empty(&detached))
		schedule_delayed_work(&detached_work, HZ);
	spin_unlock(&detached_lock);

	list_for_each_entry_safe(folio, next, &unpinned, lru)
		detached_drop(folio);
}

/**
 * terrace_detached_add - take over an unmapped folio that is pinned
 *
 * Its bytes count as used and detached on the tier until the pins are gone.
 */
void terrace_detached_add(struct folio *folio, u32 tier)
{
	terrace_tier_detach(tier, folio_size(folio));
	folio->mapping = NULL;
	folio->private = (void *)(unsigned long)tier;
	guard(spinlock)(&detached_lock);
	list_add_tail(&folio->lru, &detached);
	schedule_delayed_work(&detached_work, HZ);
}

/**
 * terrace_detached_exit - stop looking
 *
 * No tier is left when the module goes, so the list is empty.
 */
void terrace_detached_exit(void)
{
	cancel_delayed_work_sync(&detached_work);
	WARN_ON(!list_empty(&detached));
}
