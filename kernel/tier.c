// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tiers: life cycle, capacity and the traffic of migrations.
 *
 * Capacity is real bytes. It is taken when an extent gets its home and given when it leaves; a tier
 * with used bytes stays online.
 */
#include <linux/log2.h>
#include <linux/nodemask.h>

#include "media.h"
#include "terrace.h"

static struct terrace_tier *tier_of_rank(u32 rank)
{
	int i;

	for (i = 0; i < TERRACE_TIERS_MAX; i++) {
		struct terrace_tier *t = &terrace.tiers[i];

		if (t->state != TERRACE_TIER_OFFLINE && t->rank == rank)
			return t;
	}
	return NULL;
}

static struct terrace_tier *tier_free_slot(void)
{
	int i;

	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		if (terrace.tiers[i].state == TERRACE_TIER_OFFLINE)
			return &terrace.tiers[i];
	return NULL;
}

static void tier_reset(struct terrace_tier *t, const struct terrace_tier_settings *s)
{
	int i;

	strscpy(t->name, s->name, sizeof(t->name));
	t->rank = s->rank;
	t->classes = s->classes;
	t->node = s->node;
	t->profile = s->profile;
	t->capacity = s->profile.capacity_bytes >> terrace.scale_shift;
	for (i = 0; i < TERRACE_EV_NR; i++)
		atomic64_set(&t->events[i], 0);
	t->landing.limit = s->landing_bytes;
	t->landing.session_limit = s->landing_session_bytes;
	t->poisoned = 0;
	t->derate_permille = 1000;
	t->online_ns = terrace_clock();
	t->busy_ns = 0;
	memset(t->traffic, 0, sizeof(t->traffic));
	memset(&t->timeline, 0, sizeof(t->timeline));
	tmodel_wear_init(&t->wear, t->online_ns);
	tmodel_budget_init(&t->budget, &t->profile, t->classes, t->online_ns, &terrace.sat);
	t->refreshed_bytes = 0;
	t->avoided_bytes = 0;
	t->rate_second = 0;
	memset(t->rate_bytes, 0, sizeof(t->rate_bytes));
}

static void tier_set_state(struct terrace_tier *t, enum terrace_tier_state state)
{
	guard(spinlock)(&t->lock);
	t->state = state;
}

static void tier_close_media(struct terrace_tier *t)
{
	struct terrace_media *media = t->media;

	if (!media)
		return;
	cancel_work_sync(&t->landing.ahead);
	t->media = NULL;
	terrace_media_close(media);
}

/*
 * The cap of outstanding writes in real pages, at least one: OCP's HBF answers more than it allows
 * with an error.
 */
static u64 tier_write_depth_pages(const struct tmodel_profile *p)
{
	u64 bytes = (p->write_depth * p->write_granule_bytes) >> terrace.scale_shift;

	return p->write_depth ? max(bytes >> PAGE_SHIFT, 1ULL) : 0;
}

static int tier_online(const struct terrace_tier_settings *s)
{
	struct terrace_media *media;
	struct terrace_tier *t;
	int err;

	lockdep_assert_held(&terrace.control);
	if (s->profile.capacity_bytes >> terrace.scale_shift < PAGE_SIZE)
		return -EINVAL;
	if (tier_of_rank(s->rank))
		return -EBUSY;
	t = tier_free_slot();
	if (!t)
		return -ENOSPC;

	media = s->device[0] ? terrace_media_open(s->device) : NULL;
	if (IS_ERR(media))
		return PTR_ERR(media);
	spin_lock(&t->lock);
	tier_reset(t, s);
	t->media = media;
	if (media) {
		t->node = media->disk.node;
		media->in_flight_most = tier_write_depth_pages(&s->profile);
	}
	spin_unlock(&t->lock);

	err = media && t->capacity > (u64)media->usable << TERRACE_MEDIA_SEGMENT_SHIFT ? -EFBIG : 0;
	if (!err)
		err = terrace_sysfs_add_tier(t);
	if (err) {
		tier_close_media(t);
		return err;
	}
	tier_set_state(t, TERRACE_TIER_ONLINE);
	return t->index;
}

/**
 * terrace_tier_online - bring a tier online
 *
 * Return: its index; -EINVAL profile or capacity, -ENODEV no such node, -EBUSY rank taken,
 * -ENOSPC no slot, -ENOMEM, -EINTR.
 */
int terrace_tier_online(const struct terrace_tier_settings *s)
{
	const char *field;
	int index;

	if (tmodel_profile_check(&s->profile, &field) != TMODEL_PROFILE_OK || !s->classes)
		return -EINVAL;
	if (!s->device[0] &&
	    (s->node < 0 || s->node >= MAX_NUMNODES || !node_state(s->node, N_MEMORY)))
		return -ENODEV;
	/* an evacuation may hold it for long */
	if (mutex_lock_killable(&terrace.control))
		return -EINTR;
	index = tier_online(s);
	mutex_unlock(&terrace.control);
	return index;
}

static int tier_offline(struct terrace_tier *t)
{
	bool empty;
	int err;

	lockdep_assert_held(&terrace.control);
	tier_set_state(t, TERRACE_TIER_GOING);
	err = terrace_migrate_evacuate(t->index);
	spin_lock(&t->lock);
	empty = !t->used;
	t->state = empty ? TERRACE_TIER_OFFLINE : TERRACE_TIER_ONLINE;
	spin_unlock(&t->lock);
	if (!empty)
		return err ?: -EBUSY;
	terrace_sysfs_remove_tier(t);
	tier_close_media(t);
	return 0;
}

/**
 * terrace_tier_offline - evacuate a tier and take it offline
 *
 * Return: 0; -EINTR; the first error of the evacuation, -EBUSY when something is pinned or fits
 * nowhere else. Then it stays online.
 */
int terrace_tier_offline(u32 index)
{
	int err;

	if (mutex_lock_killable(&terrace.control))
		return -EINTR;
	err = tier_offline(&terrace.tiers[index]);
	mutex_unlock(&terrace.control);
	return err;
}

/**
 * terrace_tier_derate - set the thermal derating of an online tier
 * @permille: 1 to 1000
 */
int terrace_tier_derate(u32 index, u32 permille)
{
	struct terrace_tier *t = &terrace.tiers[index];

	if (!permille || permille > 1000)
		return -EINVAL;
	guard(spinlock)(&t->lock);
	t->derate_permille = permille;
	return 0;
}

/**
 * terrace_tier_valid - is this an index of a tier that is online or being evacuated?
 */
bool terrace_tier_valid(u32 index)
{
	return index < TERRACE_TIERS_MAX &&
	       READ_ONCE(terrace.tiers[index].state) != TERRACE_TIER_OFFLINE;
}

/* May a class come to this tier? Called with the tier's lock held. */
static int tier_admits(const struct terrace_tier *t, u32 class_id, u32 *reason)
{
	lockdep_assert_held(&t->lock);
	*reason = TERRACE_REASON_NO_TIER;
	if (t->state == TERRACE_TIER_OFFLINE)
		return -ENXIO;
	*reason = TERRACE_REASON_GOING;
	if (t->state == TERRACE_TIER_GOING)
		return -EBUSY;
	*reason = TERRACE_REASON_CLASS;
	if (!(t->classes & BIT(class_id)))
		return -EXDEV;
	*reason = TERRACE_REASON_NONE;
	return 0;
}

/**
 * terrace_tier_take - take room for extents, as many as fit
 * @count: extents wanted; set to what was taken
 * @reason: why not all
 *
 * Return: 0 also when only some, or none, fit; -ENXIO, -EBUSY (going) or -EXDEV when the tier does
 * not admit the class.
 */
int terrace_tier_take(u32 index, u32 class_id, u64 extent_bytes, u64 *count, u32 *reason)
{
	struct terrace_tier *t = &terrace.tiers[index];
	u64 fit;
	int err;

	guard(spinlock)(&t->lock);
	err = tier_admits(t, class_id, reason);
	if (err) {
		*count = 0;
		return err;
	}
	/* broken pages may have taken capacity that is in use */
	fit = t->used < t->capacity ? (t->capacity - t->used) / extent_bytes : 0;
	fit = min(fit, *count);
	if (t->media)
		fit = terrace_media_reserve(t->media, ilog2(extent_bytes), fit);
	if (fit < *count) {
		*reason = TERRACE_REASON_TIER_FULL;
		*count = fit;
	}
	t->used += *count * extent_bytes;
	return 0;
}

/**
 * terrace_tier_take_one - take room for one extent
 * @reason: why not
 *
 * Return: 0, -ENXIO, -EBUSY (going), -EXDEV or -ENOSPC.
 */
int terrace_tier_take_one(u32 index, u32 class_id, u64 extent_bytes, u32 *reason)
{
	u64 count = 1;
	int err = terrace_tier_take(index, class_id, extent_bytes, &count, reason);

	return err ?: count ? 0 : -ENOSPC;
}

/**
 * terrace_tier_give - give the room of extents back
 */
void terrace_tier_give(u32 index, u64 extent_bytes, u64 count)
{
	struct terrace_tier *t = &terrace.tiers[index];

	guard(spinlock)(&t->lock);
	t->used -= extent_bytes * count;
	if (t->media && count)
		terrace_media_unreserve(t->media, ilog2(extent_bytes), count);
}

/**
 * terrace_tier_programmed - count real bytes that were programmed to flash
 *
 * The wear of a flash tier is what was programmed, not what was declared.
 */
void terrace_tier_programmed(u32 index, u64 real_bytes)
{
	struct terrace_tier *t = &terrace.tiers[index];
	u64 now = terrace_clock();

	guard(spinlock)(&t->lock);
	tmodel_wear_write(&t->wear, &t->profile, now, real_bytes << terrace.scale_shift,
			  &terrace.sat);
}

/**
 * terrace_tier_admit_write - take bytes from the write budget of a class
 *
 * Return: false when they are not there: counted, and the write is to be refused.
 */
bool terrace_tier_admit_write(u32 index, u32 class_id, u64 real_bytes)
{
	struct terrace_tier *t = &terrace.tiers[index];
	u64 now = terrace_clock();
	bool admitted;

	spin_lock(&t->lock);
	admitted = tmodel_budget_admit(&t->budget, class_id, now,
				       real_bytes << terrace.scale_shift);
	spin_unlock(&t->lock);
	if (!admitted)
		terrace_tier_event(index, TERRACE_EV_BUDGET_REFUSED);
	return admitted;
}

/**
 * terrace_tier_refund_write - what was admitted was not written
 */
void terrace_tier_refund_write(u32 index, u32 class_id, u64 real_bytes)
{
	struct terrace_tier *t = &terrace.tiers[index];

	guard(spinlock)(&t->lock);
	tmodel_budget_refund(&t->budget, class_id, real_bytes << terrace.scale_shift);
}

/**
 * terrace_tier_spend_write - take bytes for a write that cannot be refused
 */
void terrace_tier_spend_write(u32 index, u32 class_id, u64 real_bytes)
{
	struct terrace_tier *t = &terrace.tiers[index];
	u64 now = terrace_clock();

	guard(spinlock)(&t->lock);
	tmodel_budget_spend(&t->budget, class_id, now, real_bytes << terrace.scale_shift);
}

/**
 * terrace_tier_write_left - what is left of a class's share of the write budget
 * @debt: set to what was spent beyond it
 *
 * Called with the tier's lock held. Return: modelled bytes; all ones when it is not limited.
 */
u64 terrace_tier_write_left(struct terrace_tier *t, u32 class_id, u64 *debt)
{
	s64 left = tmodel_budget_left(&t->budget, class_id, terrace_clock());

	lockdep_assert_held(&t->lock);
	*debt = left < 0 ? -left : 0;
	if (left == S64_MAX)
		return U64_MAX;
	return max(left, 0LL);
}

/**
 * terrace_tier_refreshed - count real bytes that were rewritten to keep them
 */
void terrace_tier_refreshed(u32 index, u64 real_bytes)
{
	struct terrace_tier *t = &terrace.tiers[index];

	guard(spinlock)(&t->lock);
	t->refreshed_bytes += real_bytes;
}

/**
 * terrace_tier_write_avoided - count real bytes that were not programmed, since they were zero
 */
void terrace_tier_write_avoided(u32 index, u64 real_bytes)
{
	struct terrace_tier *t = &terrace.tiers[index];

	guard(spinlock)(&t->lock);
	t->avoided_bytes += real_bytes;
}

/**
 * terrace_tier_lose - pages of a tier are broken: it is that much smaller until it goes offline
 *
 * Of a flash tier they were frames of its landing pool: its capacity is elsewhere.
 */
void terrace_tier_lose(u32 index, u64 bytes)
{
	struct terrace_tier *t = &terrace.tiers[index];

	guard(spinlock)(&t->lock);
	bytes = min(bytes, t->capacity);
	if (!t->media)
		t->capacity -= bytes;
	t->poisoned += bytes;
}

/**
 * terrace_tier_detach - used bytes outlive their buffer through pins
 */
void terrace_tier_detach(u32 index, u64 bytes)
{
	struct terrace_tier *t = &terrace.tiers[index];

	guard(spinlock)(&t->lock);
	t->detached += bytes;
}

/**
 * terrace_tier_reattach - detached bytes are no longer pinned: they are free
 */
void terrace_tier_reattach(u32 index, u64 bytes)
{
	struct terrace_tier *t = &terrace.tiers[index];

	guard(spinlock)(&t->lock);
	t->detached -= bytes;
	t->used -= bytes;
	if (t->media)
		terrace_media_unreserve(t->media, ilog2(bytes), 1);
}

/**
 * terrace_tier_event - count an event
 */
void terrace_tier_event(u32 index, enum terrace_tier_event event)
{
	atomic64_inc(&terrace.tiers[index].events[event]);
}

static void tier_rate_roll(struct terrace_tier *t, u64 second)
{
	if (second == t->rate_second)
		return;
	t->rate_bytes[1] = second == t->rate_second + 1 ? t->rate_bytes[0] : 0;
	t->rate_bytes[0] = 0;
	t->rate_second = second;
}

/**
 * terrace_tier_count_rate - count bytes for the bandwidth of the last model second
 *
 * Called with the tier's lock held.
 */
void terrace_tier_count_rate(struct terrace_tier *t, u64 now_ns, u64 bytes)
{
	lockdep_assert_held(&t->lock);
	tier_rate_roll(t, now_ns / TMODEL_NS_PER_S);
	t->rate_bytes[0] = tmodel_add(t->rate_bytes[0], bytes, &terrace.sat);
}

/**
 * terrace_tier_bandwidth - bytes moved in the last whole model second
 */
u64 terrace_tier_bandwidth(struct terrace_tier *t)
{
	u64 now = terrace_clock();

	guard(spinlock)(&t->lock);
	tier_rate_roll(t, now / TMODEL_NS_PER_S);
	return t->rate_bytes[1];
}

/* One direction of a migration: time on the channels, energy, and wear where it is limited. */
static u64 tier_move(u32 index, u32 class_id, u64 real_bytes, enum tmodel_dir dir)
{
	struct terrace_tier *t = &terrace.tiers[index];
	struct terrace_traffic *traffic = &t->traffic[class_id];
	u64 now = terrace_clock();
	u64 bytes = tmodel_granules_bytes(&t->profile, dir, 0, real_bytes << terrace.scale_shift,
					  &terrace.sat);
	u64 *count = dir == TMODEL_READ ? &traffic->out_bytes : &traffic->in_bytes;

	guard(spinlock)(&t->lock);
	*count = tmodel_add(*count, bytes, &terrace.sat);
	tmodel_access(&t->timeline, &t->profile, dir, now, bytes, t->derate_permille, &terrace.sat);
	tmodel_energy_access(&traffic->energy, &t->profile, dir, bytes, 0, &terrace.sat);
	if (dir == TMODEL_WRITE && !t->media)
		tmodel_wear_write(&t->wear, &t->profile, now, bytes, &terrace.sat);
	terrace_tier_count_rate(t, now, bytes);
	return bytes;
}

/**
 * terrace_tier_move_out - charge a tier for an extent that a migration reads
 *
 * Return: modelled bytes.
 */
u64 terrace_tier_move_out(u32 index, u32 class_id, u64 real_bytes)
{
	return tier_move(index, class_id, real_bytes, TMODEL_READ);
}

/**
 * terrace_tier_move_in - charge a tier for an extent that a migration writes
 *
 * Return: modelled bytes.
 */
u64 terrace_tier_move_in(u32 index, u32 class_id, u64 real_bytes)
{
	return tier_move(index, class_id, real_bytes, TMODEL_WRITE);
}
