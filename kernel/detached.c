// SPDX-License-Identifier: GPL-2.0-only
/*
 * Detached pages: a pin (O_DIRECT, io_uring fixed buffers, RDMA) may outlive the buffer. The pages
 * stay used bytes of their tier and of their creator's quota until the last pin is gone, which
 * nothing tells: a worker looks once a second while there are any.
 *
 * The folios have no mapping and are not on the LRU, so the list runs through folio->lru, and
 * folio->private and folio->index say whose they are.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/workqueue.h>

#include "terrace.h"

static LIST_HEAD(detached);
static DEFINE_SPINLOCK(detached_lock);

static void detached_reap(struct work_struct *work);
static DECLARE_DELAYED_WORK(detached_work, detached_reap);

static void detached_drop(struct folio *folio)
{
	struct terrace_quota *quota = folio->private;
	u32 tier = folio->index / TERRACE_CLASSES;
	u32 class_id = folio->index % TERRACE_CLASSES;
	u64 bytes = folio_size(folio);

	list_del(&folio->lru);
	folio->private = NULL;
	terrace_frame_free(folio, tier);
	terrace_tier_reattach(tier, bytes);
	terrace_quota_give(quota, class_id, bytes);
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
 * Its bytes count as used and detached on the tier, and in the quota, until the pins are gone.
 */
void terrace_detached_add(struct folio *folio, u32 tier, struct terrace_quota *quota, u32 class_id)
{
	terrace_tier_detach(tier, folio_size(folio));
	terrace_quota_hold(quota);
	/* who unpins a page may mark it dirty, under this lock, and look at the mapping */
	folio_lock(folio);
	folio->mapping = NULL;
	folio->private = quota;
	folio->index = tier * TERRACE_CLASSES + class_id;
	folio_unlock(folio);
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
