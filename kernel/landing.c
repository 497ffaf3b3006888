// SPDX-License-Identifier: GPL-2.0-only
/*
 * The landing pool of a flash tier: the frames through which its extents are mapped, as in the
 * buffer of an HBF stack's base die. At most landing_bytes of a tier are resident.
 *
 * Eviction is CLOCK: an extent that was used since the hand passed is unmapped, so that its next
 * use is seen, and passed over once. A clean extent is dropped, a dirty one is written to a fresh
 * block first. Pinned extents stay. Who evicts holds the MOVING bit of the extent it makes room for
 * and only tries for those of its victims, so two cannot wait for each other.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>

#include "media.h"
#include "terrace.h"

/* Ticks to wait for a frame that nobody pins: others may be about to fill or move theirs. */
#define EVICT_TRIES	100

/**
 * terrace_landing_add - a folio became an extent's of a flash tier
 *
 * Its bytes were taken by terrace_landing_frame(). Called under table_lock.
 */
void terrace_landing_add(struct terrace_buffer *b, u32 tier, struct folio *folio)
{
	struct terrace_landing *l = &terrace.tiers[tier].landing;

	folio->private = b;
	folio_set_referenced(folio);
	guard(spinlock)(&l->lock);
	list_add_tail(&folio->lru, &l->folios);
	l->count++;
}

/**
 * terrace_landing_remove - it is no longer
 */
void terrace_landing_remove(u32 tier, struct folio *folio)
{
	struct terrace_landing *l = &terrace.tiers[tier].landing;

	guard(spinlock)(&l->lock);
	list_del(&folio->lru);
	folio->private = NULL;
	l->count--;
	l->used -= folio_size(folio);
}

/*
 * The next folio under the hand, with its buffer kept by a reference to its file. The folio itself
 * is not kept: it is only compared, until its extent is ours.
 */
static struct terrace_buffer *landing_next(struct terrace_landing *l, struct folio **folio,
					   u64 *index)
{
	struct terrace_buffer *b;

	guard(spinlock)(&l->lock);
	if (list_empty(&l->folios))
		return NULL;
	*folio = list_first_entry(&l->folios, struct folio, lru);
	list_move_tail(&(*folio)->lru, &l->folios);
	b = (*folio)->private;
	*index = (*folio)->index >> terrace_extent_order(b);
	return get_file_active(&b->file) ? b : NULL;
}

/* Write a dirty extent back, then let its frames go. It is isolated, its folio locked. */
static bool landing_drop(struct terrace_buffer *b, u64 index, u32 tier, struct folio *folio)
{
	struct terrace_extent *e = &b->extents[index];

	if (test_bit(TERRACE_X_DIRTY, &e->flags)) {
		if (terrace_block_write(b, index, folio))
			return false;
		terrace_tier_event(tier, TERRACE_EV_WRITEBACKS);
	}
	return terrace_extent_swap(b, index, NULL, tier);
}

static bool landing_evict(struct terrace_buffer *b, u64 index, u32 tier, struct folio *folio)
{
	bool gone = false;

	if (!terrace_extent_try_begin(b, index))
		return false;
	if (b->extents[index].folio == folio && b->extents[index].tier == tier &&
	    !terrace_frame_poisoned(folio) && !terrace_extent_isolate(b, index, true)) {
		/* it is unmapped now: the next use refers to it again */
		if (!folio_test_clear_referenced(folio))
			gone = landing_drop(b, index, tier, folio);
		folio_unlock(folio);
		if (gone) {
			terrace_tier_event(tier, TERRACE_EV_EVICTIONS);
			terrace_frame_recycle(b, folio, tier);
		}
	}
	terrace_extent_end(b, index);
	return gone;
}

/* Two rounds: the first may only take references away. */
static bool landing_evict_one(u32 tier)
{
	struct terrace_landing *l = &terrace.tiers[tier].landing;
	u64 left = 2 * READ_ONCE(l->count) + 1;
	struct terrace_buffer *b;
	struct folio *folio;
	bool gone = false;
	u64 index;

	while (!gone && left-- && !fatal_signal_pending(current)) {
		b = landing_next(l, &folio, &index);
		if (!b)
			continue;
		gone = landing_evict(b, index, tier, folio);
		terrace_buffer_put(b);
		cond_resched();
	}
	return gone;
}

static bool landing_take(struct terrace_landing *l, u64 bytes)
{
	guard(spinlock)(&l->lock);
	if (l->limit - min(l->limit, l->used) < bytes)
		return false;
	l->used += bytes;
	return true;
}

/**
 * terrace_landing_give - bytes taken by terrace_landing_frame() are not needed
 */
void terrace_landing_give(u32 tier, u64 bytes)
{
	struct terrace_landing *l = &terrace.tiers[tier].landing;

	guard(spinlock)(&l->lock);
	l->used -= bytes;
}

/**
 * terrace_landing_frame - a frame of the pool for an extent that the caller has for itself
 *
 * Evicts others while there is no room.
 *
 * Return: a folio with one reference and undefined content, or NULL: all are pinned, or the host
 * has no frames.
 */
struct folio *terrace_landing_frame(struct terrace_buffer *b, u32 tier)
{
	u64 bytes = terrace_extent_bytes(b);
	u32 tries = EVICT_TRIES;
	struct folio *folio;

	while (!landing_take(&terrace.tiers[tier].landing, bytes)) {
		if (landing_evict_one(tier))
			continue;
		if (!tries-- || schedule_timeout_killable(1) || fatal_signal_pending(current))
			return NULL;
	}
	do {
		folio = terrace_frame_target(b, tier);
	} while (!folio && landing_evict_one(tier));
	if (!folio)
		terrace_landing_give(tier, bytes);
	return folio;
}
