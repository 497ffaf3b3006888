// SPDX-License-Identifier: GPL-2.0-only
/*
 * Charging: what adds to the load of a session's running step. Declared access records, and the
 * bytes that migrations of the session's buffers moved between steps.
 */
#include "terrace.h"
#include "trace.h"

/* Extents of a record between two looks whether somebody else wants the processor. */
#define CHARGE_RESCHED	1024

static void charge_add(u64 *to, u64 bytes)
{
	*to = tmodel_add(*to, bytes, &terrace.sat);
}

/* What nothing hides of an access. */
static u64 charge_exposed_ns(struct terrace_tier *t, enum tmodel_dir dir, u64 bytes)
{
	guard(spinlock)(&t->lock);
	return tmodel_wear_exposed_ns(&t->wear, &t->profile, dir, bytes, t->derate_permille,
				      &terrace.sat);
}

static void charge_direction(struct terrace_session *s, u32 class_id, u32 tier, u32 flags,
			     enum tmodel_dir dir, u64 offset, u64 bytes)
{
	struct terrace_tier *t = &terrace.tiers[tier];
	u64 moved = tmodel_granules_bytes(&t->profile, dir, offset, bytes, &terrace.sat);
	bool near = flags & TERRACE_ACCESS_NEAR;
	struct terrace_tier_charge *charge = &s->load.tier[tier];

	guard(spinlock)(&s->load_lock);
	if (dir == TMODEL_READ)
		charge_add(near ? &charge->near_read[class_id] : &charge->read[class_id], moved);
	else
		charge_add(near ? &charge->near_write[class_id] : &charge->write[class_id], moved);
	if (flags & TERRACE_ACCESS_DEPENDENT)
		charge_add(&charge->exposed_ns, charge_exposed_ns(t, dir, moved));
}

static void charge_run(struct terrace_session *s, u32 class_id, u32 tier, u32 flags, u64 offset,
		       u64 bytes)
{
	u64 model_offset = offset << terrace.scale_shift;
	u64 model_bytes = bytes << terrace.scale_shift;

	if (flags & TERRACE_ACCESS_READ)
		charge_direction(s, class_id, tier, flags, TMODEL_READ, model_offset, model_bytes);
	if (flags & TERRACE_ACCESS_WRITE)
		charge_direction(s, class_id, tier, flags, TMODEL_WRITE, model_offset, model_bytes);
}

/**
 * terrace_charge_extents - charge a range to the running step, by the tier of each extent
 * @flags: TERRACE_ACCESS_ bits
 * @offset: any alignment; the range is within the buffer
 */
void terrace_charge_extents(struct terrace_session *s, struct terrace_buffer *b, u32 flags,
			    u64 offset, u64 bytes)
{
	u64 end = offset + bytes;
	u64 first = offset >> b->shift;
	u64 last = (end - 1) >> b->shift;
	u64 index, start = offset;
	u32 tier = READ_ONCE(b->extents[first].tier);

	for (index = first; index <= last; index++) {
		u32 next = READ_ONCE(b->extents[index].tier);

		if ((flags & TERRACE_ACCESS_READ) && terrace_extent_flash(b, index))
			terrace_block_touched(b, index);

		if (!(index % CHARGE_RESCHED))
			cond_resched();
		if (next == tier)
			continue;
		charge_run(s, b->class_id, tier, flags, start, (index << b->shift) - start);
		start = index << b->shift;
		tier = next;
	}
	charge_run(s, b->class_id, tier, flags, start, end - start);
	trace_terrace_charge(s->id, b->id, first, last - first + 1, flags,
			     bytes << terrace.scale_shift);
}

/**
 * terrace_charge_record - charge an access record
 * @a: the kernel's copy; not validated yet
 *
 * Return: 0, or -EINVAL when the record is refused.
 */
int terrace_charge_record(struct terrace_session *s, const struct terrace_access *a)
{
	const u32 known = TERRACE_ACCESS_READ | TERRACE_ACCESS_WRITE | TERRACE_ACCESS_DEPENDENT |
			  TERRACE_ACCESS_NEAR;
	struct terrace_buffer *b;
	u64 size;
	int err = -EINVAL;

	if ((a->flags & ~known) || !(a->flags & (TERRACE_ACCESS_READ | TERRACE_ACCESS_WRITE)))
		return -EINVAL;
	b = terrace_buffer_get(a->buffer);
	if (!b)
		return -EINVAL;
	size = b->count << b->shift;
	if (a->bytes && a->offset < size && a->bytes <= size - a->offset &&
	    (b->session == s || terrace_view_held(s, b) || terrace_buffer_permitted(b))) {
		terrace_charge_extents(s, b, a->flags, a->offset, a->bytes);
		err = 0;
	}
	terrace_buffer_put(b);
	return err;
}

/**
 * terrace_charge_moved - a migration of the session's buffer counts towards its next step's time
 * @out_bytes, @in_bytes: modelled
 */
void terrace_charge_moved(struct terrace_session *s, u32 class_id, u32 from, u64 out_bytes, u32 to,
			  u64 in_bytes)
{
	struct terrace_ledger_entry *out = &s->ledger.entry[from][class_id];
	struct terrace_ledger_entry *in = &s->ledger.entry[to][class_id];

	guard(spinlock)(&s->load_lock);
	charge_add(&s->load.tier[from].out, out_bytes);
	charge_add(&s->load.tier[to].in, in_bytes);
	charge_add(&out->model_out_bytes, out_bytes);
	charge_add(&in->model_in_bytes, in_bytes);
}
