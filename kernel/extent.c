// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extents: who may use their frames, and how they come by them.
 *
 * Shared use (faults, reads, writes) takes a reference to the folio while MOVING is clear.
 * Exclusive use (migrate, seal, discard) sets MOVING and then finds nobody else: a reference that
 * is neither a mapping's nor a known waiter's is a pin.
 */
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/wait_bit.h>

#include "terrace.h"

/* Tries to get a folio to oneself while faulters from before MOVING give their references up. */
#define ISOLATE_TRIES	16

/**
 * terrace_extent_peek - the folio of an extent
 * @folio: set to the folio with a reference, or NULL when there is none yet
 *
 * Waits while the extent is being moved. Return: 0 or -EINTR.
 */
int terrace_extent_peek(struct terrace_buffer *b, u64 index, struct folio **folio)
{
	struct terrace_extent *e = &b->extents[index];

	for (;;) {
		spin_lock(&b->table_lock);
		if (!test_bit(TERRACE_X_MOVING, &e->flags)) {
			*folio = e->folio;
			if (*folio)
				folio_get(*folio);
			spin_unlock(&b->table_lock);
			return 0;
		}
		spin_unlock(&b->table_lock);
		if (wait_on_bit(&e->flags, TERRACE_X_MOVING, TASK_KILLABLE))
			return -EINTR;
	}
}

/**
 * terrace_extent_trylock - the folio of an extent, with a reference and locked
 *
 * Return: NULL when there is none yet, or somebody else has the lock or the use of the extent.
 */
struct folio *terrace_extent_trylock(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];
	struct folio *folio = NULL;

	guard(spinlock)(&b->table_lock);
	if (!test_bit(TERRACE_X_MOVING, &e->flags) && e->folio && folio_trylock(e->folio)) {
		folio = e->folio;
		folio_get(folio);
	}
	return folio;
}

/**
 * terrace_extent_begin - get exclusive use of an extent
 *
 * Return: 0, to be ended with terrace_extent_end(), or -EINTR.
 */
int terrace_extent_begin(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];
	bool mine;

	for (;;) {
		spin_lock(&b->table_lock);
		mine = !test_and_set_bit(TERRACE_X_MOVING, &e->flags);
		spin_unlock(&b->table_lock);
		if (mine)
			return 0;
		if (wait_on_bit(&e->flags, TERRACE_X_MOVING, TASK_KILLABLE))
			return -EINTR;
	}
}

/**
 * terrace_extent_try_begin - terrace_extent_begin() that does not wait
 */
bool terrace_extent_try_begin(struct terrace_buffer *b, u64 index)
{
	guard(spinlock)(&b->table_lock);
	return !test_and_set_bit(TERRACE_X_MOVING, &b->extents[index].flags);
}

/**
 * terrace_extent_end - end exclusive use and wake who waits
 */
void terrace_extent_end(struct terrace_buffer *b, u64 index)
{
	clear_and_wake_up_bit(TERRACE_X_MOVING, &b->extents[index].flags);
}

/**
 * terrace_extent_wait - wait in page_mkwrite until the extent is not being moved
 * @folio: that the core wants to write to, and holds a reference to for this caller
 *
 * The reference is made known in waiters, so that the mover can tell it from a pin; nothing touches
 * it before table_lock was taken again. Waiters are counted for the folio in the table only: a swap
 * forgets those of the old folio, which may wake up long after.
 *
 * Return: 0 or -EINTR.
 */
int terrace_extent_wait(struct terrace_buffer *b, u64 index, const struct folio *folio)
{
	struct terrace_extent *e = &b->extents[index];
	int err = 0;

	spin_lock(&b->table_lock);
	while (!err && e->folio == folio && test_bit(TERRACE_X_MOVING, &e->flags)) {
		e->waiters++;
		spin_unlock(&b->table_lock);
		if (wait_on_bit(&e->flags, TERRACE_X_MOVING, TASK_KILLABLE))
			err = -EINTR;
		spin_lock(&b->table_lock);
		if (e->folio == folio)
			e->waiters--;
	}
	spin_unlock(&b->table_lock);
	return err;
}

/*
 * Is every reference the table's, a mapping's or a known waiter's? Who else refers to a folio with
 * a broken page (memory failure handling does) may keep it: nobody gets it again.
 */
static bool extent_unpinned(struct terrace_buffer *b, struct terrace_extent *e)
{
	bool known;

	spin_lock(&b->table_lock);
	known = folio_ref_count(e->folio) == 1 + folio_mapcount(e->folio) + e->waiters;
	spin_unlock(&b->table_lock);
	return known || terrace_frame_poisoned(e->folio);
}

/**
 * terrace_extent_isolate - stop writers of an extent, or all users, and see that it is not pinned
 * @how: TERRACE_ISOLATE_ bits
 *
 * The caller has exclusive use of the extent, which has frames. Write-protects its mappings, or
 * takes them away (UNMAP).
 *
 * Return: 0 with the folio locked; -EBUSY when somebody else holds references, or its lock (TRY),
 * unlocked.
 */
int terrace_extent_isolate(struct terrace_buffer *b, u64 index, u32 how)
{
	struct terrace_extent *e = &b->extents[index];
	struct folio *folio = e->folio;
	int try;

	for (try = 0; try < ISOLATE_TRIES; try++) {
		if (!(how & TERRACE_ISOLATE_TRY))
			folio_lock(folio);
		else if (!folio_trylock(folio))
			return -EBUSY;
		if (how & TERRACE_ISOLATE_UNMAP)
			unmap_mapping_pages(b->mapping, folio->index, folio_nr_pages(folio), false);
		else
			folio_mkclean(folio);
		if (extent_unpinned(b, e))
			return 0;
		folio_unlock(folio);
		if (folio_maybe_dma_pinned(folio))
			break;
		/* a faulter that waited for the folio lock now sees MOVING and lets go */
		cond_resched();
	}
	return -EBUSY;
}

/**
 * terrace_extent_swap - give an isolated extent other frames, or none
 * @folio: attached replacement, or NULL
 * @tier: its tier
 *
 * The folio in the table is locked by the caller. Its mappings are taken away here.
 *
 * Return: true when the old folio is out of the table, with the table's reference now the caller's;
 * false when somebody got hold of it meanwhile: nothing has changed but mappings.
 */
bool terrace_extent_swap(struct terrace_buffer *b, u64 index, struct folio *folio, u32 tier)
{
	struct terrace_extent *e = &b->extents[index];
	struct folio *old = e->folio;
	bool frozen;
	int refs;

	unmap_mapping_pages(b->mapping, old->index, folio_nr_pages(old), false);
	/* munlock of a small folio leaves a reference in a batch, which a second pass drains */
	if (folio_ref_count(old) > 1)
		unmap_mapping_pages(b->mapping, old->index, folio_nr_pages(old), false);
	guard(spinlock)(&b->table_lock);
	refs = 1 + e->waiters;
	frozen = folio_ref_freeze(old, refs);
	if (!frozen && !terrace_frame_poisoned(old))
		return false;
	if (terrace.tiers[e->tier].media)
		terrace_landing_remove(e->tier, old);
	e->folio = folio;
	e->waiters = 0;
	b->tier_extents[e->tier]--;
	b->tier_extents[tier]++;
	e->tier = tier;
	if (!folio)
		b->resident--;
	old->mapping = NULL;
	if (frozen)
		folio_ref_unfreeze(old, refs);
	return true;
}

static int extent_alloc(struct terrace_buffer *b, u32 home, struct folio **folio, u32 *tier)
{
	u32 order[TERRACE_TIERS_MAX];
	u32 i, n, reason;

	*tier = home;
	*folio = terrace_frame_zeroed(b, home);
	if (*folio)
		return 0;

	terrace_tier_event(home, TERRACE_EV_FALLBACKS);
	n = terrace_policy_order(b->class_id, order);
	for (i = 0; i < n; i++) {
		if (order[i] == home || terrace.tiers[order[i]].media ||
		    terrace_tier_take_one(order[i], b->class_id, terrace_extent_bytes(b), &reason))
			continue;
		*tier = order[i];
		*folio = terrace_frame_zeroed(b, order[i]);
		if (*folio)
			return 0;
		terrace_tier_give(order[i], terrace_extent_bytes(b), 1);
	}
	return -ENOMEM;
}

/* Put fresh frames into an empty extent whose home is still @home. */
static bool extent_install(struct terrace_buffer *b, u64 index, struct folio *folio, u32 home,
			   u32 tier)
{
	struct terrace_extent *e = &b->extents[index];

	guard(spinlock)(&b->table_lock);
	if (e->folio || e->tier != home || test_bit(TERRACE_X_MOVING, &e->flags))
		return false;
	e->folio = folio;
	e->tier = tier;
	b->tier_extents[home]--;
	b->tier_extents[tier]++;
	b->resident++;
	return true;
}

static int extent_populate(struct terrace_buffer *b, u64 index, u32 home)
{
	u64 bytes = terrace_extent_bytes(b);
	struct folio *folio;
	bool installed;
	u32 tier;
	int err;

	err = extent_alloc(b, home, &folio, &tier);
	if (err)
		return err;
	terrace_frame_attach(b, index, folio);
	installed = extent_install(b, index, folio, home, tier);
	if (!installed)
		terrace_frame_free(folio, tier);
	if (tier != home)
		terrace_tier_give(installed ? home : tier, bytes, 1);
	return 0;
}

/**
 * terrace_extent_touch - the folio of an extent, with frames if it had none
 * @folio: set to the folio with a reference
 *
 * New frames are zero; those of a flash tier have its content.
 *
 * Return: 0, -EINTR, -ENOMEM (no tier has frames), or an error of terrace_block_fill().
 */
int terrace_extent_touch(struct terrace_buffer *b, u64 index, struct folio **folio)
{
	u32 home;
	int err;

	for (;;) {
		err = terrace_extent_peek(b, index, folio);
		if (err || *folio)
			return err;
		/* read once: if it moves meanwhile, what follows notices */
		home = READ_ONCE(b->extents[index].tier);
		if (terrace.tiers[home].media)
			err = terrace_block_fill(b, index);
		else
			err = extent_populate(b, index, home);
		if (err)
			return err;
	}
}
