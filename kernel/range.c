// SPDX-License-Identifier: GPL-2.0-only
/* Ranges of a buffer: seal, discard, query. */
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "terrace.h"
#include "trace.h"

/* Extents copied to user space at a time by a query. */
#define QUERY_BATCH	256U

/**
 * terrace_range_valid - are these whole extents of the buffer, at least one?
 */
bool terrace_range_valid(const struct terrace_buffer *b, u64 offset, u64 bytes)
{
	u64 mask = terrace_extent_bytes(b) - 1;
	u64 end;

	return bytes && !((offset | bytes) & mask) && !check_add_overflow(offset, bytes, &end) &&
	       end <= b->count << b->shift;
}

static int range_extents(const struct terrace_buffer *b, struct terrace_range *arg, u64 *first,
			 u64 *end)
{
	arg->reason = TERRACE_REASON_RANGE;
	arg->done_bytes = 0;
	if (!terrace_range_valid(b, arg->offset, arg->bytes))
		return -EINVAL;
	arg->reason = TERRACE_REASON_NONE;
	*first = arg->offset >> b->shift;
	*end = (arg->offset + arg->bytes) >> b->shift;
	return 0;
}

/* Exclusive use is the caller's. Sealing what has no frames seals zeroes. */
static int seal_extent(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];
	int err;

	if (test_bit(TERRACE_X_SEALED, &e->flags))
		return 0;
	if (e->folio) {
		err = terrace_extent_isolate(b, index, 0);
		if (err)
			return err;
	}
	set_bit(TERRACE_X_SEALING, &e->flags);
	set_bit(TERRACE_X_SEALED, &e->flags);
	if (e->folio)
		folio_unlock(e->folio);
	spin_lock(&b->table_lock);
	b->sealed++;
	spin_unlock(&b->table_lock);
	return 0;
}

static void unseal_extent(struct terrace_buffer *b, u64 index)
{
	if (!test_and_clear_bit(TERRACE_X_SEALED, &b->extents[index].flags))
		return;
	spin_lock(&b->table_lock);
	b->sealed--;
	spin_unlock(&b->table_lock);
}

/* A seal is over: keep what it sealed, or take it back. */
static void seal_finish(struct terrace_buffer *b, u64 first, u64 end, bool keep)
{
	for (; first < end; first++)
		if (test_and_clear_bit(TERRACE_X_SEALING, &b->extents[first].flags) && !keep)
			unseal_extent(b, first);
}

static int range_for_each(struct terrace_buffer *b, struct terrace_range *arg, u64 first, u64 end,
			  int (*fn)(struct terrace_buffer *b, u64 index))
{
	u64 index;
	int err;

	for (index = first; index < end; index++) {
		arg->reason = TERRACE_REASON_SIGNAL;
		if (fatal_signal_pending(current))
			return -EINTR;
		err = terrace_extent_begin(b, index);
		if (err)
			return err;
		err = fn(b, index);
		terrace_extent_end(b, index);
		arg->reason = err ? TERRACE_REASON_PINNED : TERRACE_REASON_NONE;
		if (err)
			return err;
		arg->done_bytes += terrace_extent_bytes(b);
		cond_resched();
	}
	return 0;
}

/**
 * terrace_range_seal - TERRACE_BUF_SEAL
 *
 * All of the range or nothing.
 */
int terrace_range_seal(struct terrace_buffer *b, struct terrace_range *arg)
{
	u64 first, end;
	int err;

	err = range_extents(b, arg, &first, &end);
	if (err)
		return err;
	if (!terrace_tracked(b)) {
		arg->reason = TERRACE_REASON_PINNABLE;
		return -EOPNOTSUPP;
	}
	if (mutex_lock_killable(&b->range_lock)) {
		arg->reason = TERRACE_REASON_SIGNAL;
		return -EINTR;
	}
	err = range_for_each(b, arg, first, end, seal_extent);
	seal_finish(b, first, end, !err);
	mutex_unlock(&b->range_lock);
	if (err)
		arg->done_bytes = 0;
	else
		terrace_block_clean_range(b, first, end);
	trace_terrace_seal(b->id, arg->offset, arg->bytes, err);
	return err;
}

static int discard_extent(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];
	struct folio *folio = e->folio;
	bool gone;
	int err;

	if (folio) {
		err = terrace_extent_isolate(b, index, TERRACE_ISOLATE_UNMAP);
		if (err)
			return err;
		gone = terrace_extent_swap(b, index, NULL, e->tier);
		folio_unlock(folio);
		if (!gone)
			return -EBUSY;
		terrace_frame_free(folio, e->tier);
	}
	terrace_block_free(b, index);
	clear_bit(TERRACE_X_DIRTY, &e->flags);
	unseal_extent(b, index);
	return 0;
}

/**
 * terrace_range_discard - TERRACE_BUF_DISCARD
 *
 * Stops at the first pinned extent.
 */
int terrace_range_discard(struct terrace_buffer *b, struct terrace_range *arg)
{
	u64 first, end;
	int err;

	err = range_extents(b, arg, &first, &end);
	if (err)
		return err;
	if (mutex_lock_killable(&b->range_lock)) {
		arg->reason = TERRACE_REASON_SIGNAL;
		return -EINTR;
	}
	err = range_for_each(b, arg, first, end, discard_extent);
	mutex_unlock(&b->range_lock);
	trace_terrace_discard(b->id, arg->offset, arg->bytes, err);
	return err;
}

/**
 * terrace_range_prefetch - TERRACE_BUF_PREFETCH
 */
int terrace_range_prefetch(struct terrace_buffer *b, struct terrace_range *arg)
{
	u64 first, end;
	int err;

	err = range_extents(b, arg, &first, &end);
	if (err)
		return err;
	terrace_readahead_range(b, first, end);
	arg->done_bytes = arg->bytes;
	return 0;
}

static void query_extent(struct terrace_buffer *b, u64 index, struct terrace_extent_info *info)
{
	const struct terrace_extent *e = &b->extents[index];
	unsigned long flags = READ_ONCE(e->flags);

	info->tier = e->tier;
	info->flags = (e->folio ? TERRACE_EXTENT_RESIDENT : 0) |
		      (flags & BIT(TERRACE_X_DIRTY) ? TERRACE_EXTENT_DIRTY : 0) |
		      (flags & BIT(TERRACE_X_SEALED) ? TERRACE_EXTENT_SEALED : 0) |
		      (flags & BIT(TERRACE_X_MOVING) ? TERRACE_EXTENT_MOVING : 0);
}

/**
 * terrace_range_query - TERRACE_BUF_QUERY
 */
int terrace_range_query(struct terrace_buffer *b, const struct terrace_query *arg)
{
	struct terrace_extent_info __user *user = u64_to_user_ptr(arg->extents);
	struct terrace_extent_info *batch;
	u64 left = arg->bytes >> b->shift;
	u64 index = arg->offset >> b->shift;
	u32 i, n;
	int err = 0;

	if (!terrace_range_valid(b, arg->offset, arg->bytes) || left > TERRACE_QUERY_MAX)
		return -EINVAL;
	batch = kmalloc_array(QUERY_BATCH, sizeof(*batch), GFP_KERNEL);
	if (!batch)
		return -ENOMEM;
	for (; left && !err; left -= n, index += n, user += n) {
		n = min(left, QUERY_BATCH);
		spin_lock(&b->table_lock);
		for (i = 0; i < n; i++)
			query_extent(b, index + i, &batch[i]);
		spin_unlock(&b->table_lock);
		if (copy_to_user(user, batch, n * sizeof(*batch)))
			err = -EFAULT;
		cond_resched();
	}
	kfree(batch);
	return err;
}
