// SPDX-License-Identifier: GPL-2.0-only
/*
 * The landing pool of a flash tier: the frames through which its extents are mapped, as in the
 * buffer of an HBF stack's base die. At most landing_bytes of a tier are resident, of which at most
 * landing_session_bytes are one session's.
 *
 * Eviction is CLOCK: an extent that was used since the hand passed is unmapped, so that its next
 * use is seen, and passed over once. A clean extent is dropped, a dirty one is written to a fresh
 * block first, unless it is zero. Pinned extents stay. Who evicts holds the MOVING bit of the
 * extent it makes room for and only tries for those of its victims, so two cannot wait for each
 * other.
 *
 * Once somebody had to evict, a worker goes on until an eighth of the pool is free: who comes next
 * does not wait for write-back.
 */
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>

#include "media.h"
#include "terrace.h"

/* Ticks to wait for a frame that nobody pins: others may be about to fill or move theirs. */
#define EVICT_TRIES	100

/* Bytes that are evicted before they are asked for, at most. */
#define AHEAD_BYTES	(8ULL << 20)

/* Evictions for one frame that the host does not have. */
#define ALLOC_TRIES	8

/* Extents that are looked at for each of them. */
#define ALLOC_LOOKS	16ULL

/**
 * struct landing_hunt - what to evict
 * @session: whose extents; NULL = anybody's
 * @reclaim: for the host: nothing that needs a write or a wait, and the frames are freed
 * @charged: only frames on the account of @memcg, NULL = the root's
 * @most: bytes of extents to look at, with @reclaim
 * @looked: at so many, those of others aside
 * @moving: set when somebody else was at work on one that it could have been
 */
struct landing_hunt {
	const struct terrace_session *session;
	bool reclaim;
	bool charged;
	const struct mem_cgroup *memcg;
	u64 most;
	u64 looked;
	bool moving;
};

/**
 * terrace_landing_add - a folio became an extent's of a flash tier
 *
 * Its bytes were taken by terrace_landing_frame(). Called under table_lock.
 */
void terrace_landing_add(struct terrace_buffer *b, u32 tier, struct folio *folio)
{
	struct terrace_landing *l = &terrace.tiers[tier].landing;

	folio->private = b;
	set_bit(TERRACE_X_USED, &b->extents[folio->index >> terrace_extent_order(b)].flags);
	terrace_shrinker_add(b, tier, folio);
	guard(spinlock)(&l->lock);
	list_add_tail(&folio->lru, &l->folios);
	l->count++;
	l->listed += folio_size(folio);
}

/**
 * terrace_landing_remove - it is no longer
 */
void terrace_landing_remove(u32 tier, struct folio *folio)
{
	struct terrace_landing *l = &terrace.tiers[tier].landing;
	struct terrace_buffer *b = folio->private;

	terrace_shrinker_remove(b, tier, folio);
	guard(spinlock)(&l->lock);
	list_del(&folio->lru);
	folio->private = NULL;
	l->count--;
	l->listed -= folio_size(folio);
	l->used -= folio_size(folio);
	b->session->landing[tier] -= folio_size(folio);
}

static bool landing_wanted(const struct landing_hunt *hunt, const struct terrace_buffer *b,
			   struct folio *folio)
{
	if (hunt->session && b->session != hunt->session)
		return false;
	guard(rcu)();
	return !hunt->charged || terrace_shrinker_account(folio) == hunt->memcg;
}

/*
 * The next folio under the hand, with its buffer in use. The folio itself is not kept: it is only
 * compared, until its extent is ours.
 */
static struct terrace_buffer *landing_next(struct terrace_landing *l,
					   const struct landing_hunt *hunt, struct folio **folio,
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
	return landing_wanted(hunt, b, *folio) && terrace_buffer_use(b) ? b : NULL;
}

/* Its block is stale, near the end of its retention, or on a device that was removed. */
static bool landing_needs_write(struct terrace_buffer *b, u64 index)
{
	const struct terrace_extent *e = &b->extents[index];

	if (test_bit(TERRACE_X_DIRTY, &e->flags))
		return true;
	return e->block.number && (terrace_media_dead(terrace.tiers[e->tier].media) ||
				   terrace_block_age(b, index) != TMODEL_AGE_GOOD);
}

/* No allocation on the way may wait for this very write. */
static bool landing_write(struct terrace_buffer *b, u64 index, struct folio *folio)
{
	unsigned int flags = memalloc_noio_save();
	int err = terrace_block_write(b, index, folio);

	memalloc_noio_restore(flags);
	return !err;
}

/*
 * Write an extent back whose frames alone hold its content, or soon will, then let them go. It is
 * isolated, its folio locked.
 */
static bool landing_drop(struct terrace_buffer *b, u64 index, u32 tier, struct folio *folio)
{
	if (landing_needs_write(b, index) && !landing_write(b, index, folio))
		return false;
	return terrace_extent_swap(b, index, NULL, tier);
}

/* Is it still what the hand saw, and worth a try? */
static bool landing_evictable(struct terrace_buffer *b, u64 index, u32 tier, struct folio *folio,
			      const struct landing_hunt *hunt)
{
	const struct terrace_extent *e = &b->extents[index];

	return e->folio == folio && e->tier == tier && !terrace_frame_poisoned(folio) &&
	       !(hunt->reclaim && landing_needs_write(b, index));
}

static bool landing_evict(struct terrace_buffer *b, u64 index, u32 tier, struct folio *folio,
			  struct landing_hunt *hunt)
{
	u32 how = TERRACE_ISOLATE_UNMAP | (hunt->reclaim ? TERRACE_ISOLATE_TRY : 0);
	bool gone = false;

	if (!terrace_extent_try_begin(b, index)) {
		hunt->moving = true;
		return false;
	}
	if (landing_evictable(b, index, tier, folio, hunt) &&
	    !terrace_extent_isolate(b, index, how)) {
		/* it is unmapped now: the next use is seen */
		if (!test_and_clear_bit(TERRACE_X_USED, &b->extents[index].flags))
			gone = landing_drop(b, index, tier, folio);
		folio_unlock(folio);
		if (gone)
			terrace_tier_event(tier, TERRACE_EV_EVICTIONS);
		if (gone && hunt->reclaim)
			terrace_frame_free(folio, tier);
		else if (gone)
			terrace_frame_recycle(b, folio, tier);
	}
	terrace_extent_end(b, index);
	return gone;
}

static bool landing_tired(const struct landing_hunt *hunt)
{
	return hunt->reclaim && hunt->looked >= hunt->most;
}

/*
 * Two rounds: the first may only take references away. Returns the bytes that are free now, 0 when
 * there was nothing to evict.
 */
static u64 landing_evict_one(u32 tier, struct landing_hunt *hunt)
{
	struct terrace_landing *l = &terrace.tiers[tier].landing;
	u64 left = 2 * READ_ONCE(l->count) + 1;
	struct terrace_buffer *b;
	struct folio *folio;
	u64 index, bytes = 0;

	hunt->moving = false;
	while (!bytes && left-- && !landing_tired(hunt) && !fatal_signal_pending(current)) {
		b = landing_next(l, hunt, &folio, &index);
		if (b) {
			hunt->looked += terrace_extent_bytes(b);
			if (landing_evict(b, index, tier, folio, hunt))
				bytes = terrace_extent_bytes(b);
			terrace_buffer_unuse(b);
		}
		cond_resched();
	}
	return bytes;
}

/**
 * terrace_landing_reclaim - give clean extents of the pool up for the host
 * @memcg: whose; NULL = those on nobody's account, or the root's
 * @most: bytes of extents to look at
 * @looked: so many were looked at besides
 *
 * Return: bytes that are free now.
 */
u64 terrace_landing_reclaim(u32 tier, struct mem_cgroup *memcg, u64 most, u64 *looked)
{
	struct landing_hunt hunt = {
		.reclaim = true, .charged = true, .memcg = memcg, .most = most,
	};
	u64 bytes, freed = 0;

	while ((bytes = landing_evict_one(tier, &hunt)))
		freed += bytes;
	*looked += hunt.looked;
	return freed;
}

static void landing_ahead(struct work_struct *work)
{
	struct terrace_landing *l = container_of(work, struct terrace_landing, ahead);
	u32 tier = container_of(l, struct terrace_tier, landing)->index;
	struct landing_hunt any = {};
	u64 room = min(AHEAD_BYTES, l->limit / 8);

	while (READ_ONCE(l->used) + room > l->limit && landing_evict_one(tier, &any))
		;
}

/**
 * terrace_landing_init - once for each slot of a tier
 */
void terrace_landing_init(struct terrace_tier *t)
{
	struct terrace_landing *l = &t->landing;

	spin_lock_init(&l->lock);
	INIT_LIST_HEAD(&l->folios);
	INIT_WORK(&l->ahead, landing_ahead);
}

/*
 * Take bytes of the pool for the session. On failure @hunt says whose extents are in the way.
 */
static bool landing_take(struct terrace_tier *t, struct terrace_session *s, u64 bytes,
			 struct landing_hunt *hunt)
{
	struct terrace_landing *l = &t->landing;
	u64 *own = &s->landing[t->index];

	guard(spinlock)(&l->lock);
	hunt->session = *own + bytes > l->session_limit ? s : NULL;
	if (hunt->session || l->used + bytes > l->limit)
		return false;
	l->used += bytes;
	*own += bytes;
	return true;
}

/**
 * terrace_landing_give - the frame of terrace_landing_frame() is not needed
 */
void terrace_landing_give(struct terrace_buffer *b, u32 tier)
{
	struct terrace_landing *l = &terrace.tiers[tier].landing;
	u64 bytes = terrace_extent_bytes(b);

	guard(spinlock)(&l->lock);
	l->used -= bytes;
	b->session->landing[tier] -= bytes;
}

/*
 * Is more than pins in the way? Then it is over as soon as the device has done, and is not counted
 * as a try.
 */
static bool landing_under_way(const struct terrace_landing *l, const struct landing_hunt *hunt)
{
	return hunt->moving || READ_ONCE(l->used) > READ_ONCE(l->listed);
}

/* Room in the pool for one extent of the buffer. */
static bool landing_room(struct terrace_buffer *b, u32 tier, enum terrace_landing_for what)
{
	struct terrace_tier *t = &terrace.tiers[tier];
	struct landing_hunt hunt = {};
	u32 tries = EVICT_TRIES;
	bool full = false;

	while (!landing_take(t, b->session, terrace_extent_bytes(b), &hunt)) {
		full |= !hunt.session;
		if (landing_evict_one(tier, &hunt))
			continue;
		if (what == TERRACE_LANDING_AHEAD || terrace_media_dead(t->media))
			return false;
		if (!landing_under_way(&t->landing, &hunt) && !tries--)
			return false;
		schedule_timeout_killable(1);
		if (fatal_signal_pending(current))
			return false;
	}
	if (full)
		queue_work(system_unbound_wq, &t->landing.ahead);
	return true;
}

/* The host has no frame: clean extents of the same session may give theirs. */
static struct folio *landing_alloc(struct terrace_buffer *b, u64 index,
				   enum terrace_landing_for what)
{
	struct landing_hunt own = {
		.session = b->session, .reclaim = true, .most = ALLOC_LOOKS << b->shift,
	};
	const struct terrace_extent *e = &b->extents[index];
	u32 tries = what == TERRACE_LANDING_USE ? ALLOC_TRIES : 0;
	struct folio *folio;

	do {
		own.looked = 0;
		folio = e->block.number ? terrace_frame_target(b, e->tier) :
					  terrace_frame_zeroed(b, e->tier);
	} while (!folio && tries-- && landing_evict_one(e->tier, &own));
	return folio;
}

/**
 * terrace_landing_frame - a frame of the pool for an extent that the caller has for itself
 *
 * Evicts others while there is no room.
 *
 * Return: a folio with one reference, zero when the extent has no block, or NULL: all are pinned,
 * or the host has no frames.
 */
struct folio *terrace_landing_frame(struct terrace_buffer *b, u64 index,
				    enum terrace_landing_for what)
{
	u32 tier = b->extents[index].tier;
	struct folio *folio;

	if (!landing_room(b, tier, what))
		return NULL;
	folio = landing_alloc(b, index, what);
	if (!folio)
		terrace_landing_give(b, tier);
	return folio;
}
