// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames: allocation, recycling for copies, release.
 *
 * Hosts zero fresh pages (init_on_alloc), which a copy overwrites at once. So a buffer keeps a few
 * of the folios its extents moved out of, on whatever node they are, as destinations of its next
 * moves. They never leave the buffer, so nobody else sees their content and the charge to its
 * creator's memory cgroup stays right. They are no tier's used bytes: there are at most
 * SPARE_FRAMES, and at most one to SPARE_EXTENTS extents; they are given back when an allocation of
 * the buffer fails, when a tier goes offline, and with the buffer.
 */
#include <linux/highmem.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "terrace.h"

#define SPARE_FRAMES	8U
#define SPARE_EXTENTS	16

static struct folio *frame_alloc(struct terrace_buffer *b, u32 tier)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_THISNODE | __GFP_COMP | __GFP_NOWARN |
		    __GFP_RETRY_MAYFAIL;
	struct mem_cgroup *old;
	struct folio *folio;

	if (terrace_inject(TERRACE_INJECT_ALLOC))
		return NULL;
	old = set_active_memcg(b->memcg);
	folio = __folio_alloc(gfp, terrace_extent_order(b), terrace.tiers[tier].node, NULL);
	set_active_memcg(old);
	return folio;
}

/* Content is zero where the host zeroes fresh pages, undefined elsewhere. */
static struct folio *frame_fresh(struct terrace_buffer *b, u32 tier)
{
	struct folio *folio = frame_alloc(b, tier);

	if (folio || !terrace_frame_drain(b))
		return folio;
	return frame_alloc(b, tier);
}

/**
 * terrace_frame_zeroed - zero frames for an extent, on a tier's node
 *
 * They are charged to the buffer's creator. Never lets the OOM killer loose: the caller has other
 * tiers to try.
 *
 * Return: a folio with one reference, or NULL.
 */
struct folio *terrace_frame_zeroed(struct terrace_buffer *b, u32 tier)
{
	struct folio *folio = frame_fresh(b, tier);

	if (folio && !want_init_on_alloc(GFP_KERNEL))
		folio_zero_range(folio, 0, folio_size(folio));
	return folio;
}

static struct folio *frame_spare(struct terrace_buffer *b, int node)
{
	struct folio *folio;

	guard(spinlock)(&b->table_lock);
	list_for_each_entry(folio, &b->spares, lru) {
		if (folio_nid(folio) != node)
			continue;
		list_del(&folio->lru);
		b->spare_count--;
		return folio;
	}
	return NULL;
}

/* A spare belongs to no tier any more: where it came from stands in its private field. */
static void frame_free_spare(struct folio *folio)
{
	u32 tier = (unsigned long)folio->private;

	folio->private = NULL;
	terrace_frame_free(folio, tier);
}

/**
 * terrace_frame_target - frames on a tier's node to copy an extent to; their content is undefined
 *
 * Return: a folio with one reference, or NULL.
 */
struct folio *terrace_frame_target(struct terrace_buffer *b, u32 tier)
{
	struct folio *folio;

	while ((folio = frame_spare(b, terrace.tiers[tier].node))) {
		if (!terrace_frame_poisoned(folio)) {
			folio->private = NULL;
			return folio;
		}
		frame_free_spare(folio);
	}
	return frame_fresh(b, tier);
}

/**
 * terrace_frame_attach - make a folio ready to be an extent's
 */
void terrace_frame_attach(struct terrace_buffer *b, u64 index, struct folio *folio)
{
	folio->mapping = b->mapping;
	folio->index = index << terrace_extent_order(b);
	folio_mark_uptodate(folio);
}

/**
 * terrace_frame_poisoned - has memory failure handling marked one of the folio's pages?
 *
 * It marks the page; the mark on the folio is set only for folios that it knows how to handle.
 */
bool terrace_frame_poisoned(struct folio *folio)
{
	size_t i;

	for (i = 0; i < folio_nr_pages(folio); i++)
		if (PageHWPoison(folio_page(folio, i)))
			return true;
	return false;
}

/**
 * terrace_frame_free - drop an extent's reference to a folio that is mapped nowhere
 * @tier: that loses the capacity when a page is broken
 *
 * A folio with a broken page is leaked: the allocator must not hand it out again.
 */
void terrace_frame_free(struct folio *folio, u32 tier)
{
	folio->mapping = NULL;
	if (terrace_frame_poisoned(folio))
		terrace_tier_lose(tier, folio_size(folio));
	else
		folio_put(folio);
}

static bool frame_keep(struct terrace_buffer *b, struct folio *folio, u32 tier)
{
	folio->mapping = NULL;
	guard(spinlock)(&b->table_lock);
	if (b->spare_count >= min(SPARE_FRAMES, b->count / SPARE_EXTENTS))
		return false;
	folio->private = (void *)(unsigned long)tier;
	list_add(&folio->lru, &b->spares);
	b->spare_count++;
	return true;
}

/**
 * terrace_frame_recycle - terrace_frame_free() for a folio that a move of the buffer left behind
 *
 * Who else still holds a reference, say a writer that waited for the move, gives up the last one.
 */
void terrace_frame_recycle(struct terrace_buffer *b, struct folio *folio, u32 tier)
{
	if (folio_ref_count(folio) > 1 || terrace_frame_poisoned(folio) ||
	    !frame_keep(b, folio, tier))
		terrace_frame_free(folio, tier);
}

/**
 * terrace_frame_drain - free the folios kept for copies
 *
 * Return: were there any?
 */
bool terrace_frame_drain(struct terrace_buffer *b)
{
	struct folio *folio, *next;
	LIST_HEAD(spares);

	spin_lock(&b->table_lock);
	list_splice_init(&b->spares, &spares);
	b->spare_count = 0;
	spin_unlock(&b->table_lock);
	if (list_empty(&spares))
		return false;
	list_for_each_entry_safe(folio, next, &spares, lru) {
		list_del(&folio->lru);
		frame_free_spare(folio);
	}
	return true;
}
