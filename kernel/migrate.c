// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration: write-protect, copy, swap. Readers of a tracked buffer go on during the copy; writers
 * wait in page_mkwrite. A pinnable buffer is unmapped instead: its page tables may turn writable
 * without asking. Pinned pages do not move.
 */
#include <linux/fadvise.h>
#include <linux/io_uring/cmd.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "media.h"
#include "terrace.h"
#include "trace.h"

/* Why content may not be copied: a broken page, or a fault of a test's. */
static int migrate_obstacle(struct folio *from, u32 *reason)
{
	if (terrace_inject(TERRACE_INJECT_COPY)) {
		*reason = TERRACE_REASON_INJECTED;
		return -EIO;
	}
	if (terrace_frame_poisoned(from)) {
		*reason = TERRACE_REASON_MEDIA;
		return -EIO;
	}
	return 0;
}

/* Page tables of a pinnable buffer may turn writable without asking. */
static u32 migrate_how(const struct terrace_buffer *b)
{
	return terrace_tracked(b) ? 0 : TERRACE_ISOLATE_UNMAP;
}

/* Copy an extent's content to fresh frames and put them in its place. */
static int migrate_copy(struct terrace_buffer *b, u64 index, struct folio *to, u32 tier,
			u32 *reason)
{
	struct folio *from = b->extents[index].folio;
	u32 source = b->extents[index].tier;
	int err;

	*reason = TERRACE_REASON_PINNED;
	err = terrace_extent_isolate(b, index, migrate_how(b));
	if (err)
		return err;

	err = migrate_obstacle(from, reason);
	if (!err && folio_mc_copy(to, from)) {
		*reason = TERRACE_REASON_MEDIA;
		err = -EIO;
	}
	if (!err) {
		terrace_frame_attach(b, index, to);
		err = terrace_extent_swap(b, index, to, tier) ? 0 : -EBUSY;
	}
	folio_unlock(from);
	if (err)
		return err;
	*reason = TERRACE_REASON_NONE;
	terrace_frame_recycle(b, from, source);
	return 0;
}

static int migrate_frames(struct terrace_buffer *b, u64 index, u32 tier, u32 *reason)
{
	struct folio *to;
	int err;

	to = terrace_frame_target(b, tier);
	if (!to) {
		*reason = TERRACE_REASON_NO_MEMORY;
		return -ENOMEM;
	}
	err = migrate_copy(b, index, to, tier, reason);
	if (err)
		terrace_frame_recycle(b, to, tier);
	return err;
}

/* An extent without frames only changes its home. */
static void migrate_home(struct terrace_buffer *b, u64 index, u32 tier)
{
	struct terrace_extent *e = &b->extents[index];

	guard(spinlock)(&b->table_lock);
	b->tier_extents[e->tier]--;
	b->tier_extents[tier]++;
	e->tier = tier;
}

/* Why flash could not be read. */
static u32 migrate_unread(int err)
{
	return err == -ENODATA ? TERRACE_REASON_EXPIRED : TERRACE_REASON_MEDIA;
}

/* Read an extent that is on flash alone to frames of a memory tier. */
static int migrate_read(struct terrace_buffer *b, u64 index, u32 tier, u32 *reason)
{
	struct terrace_extent *e = &b->extents[index];
	struct folio *to;
	int err;

	to = terrace_frame_target(b, tier);
	if (!to) {
		*reason = TERRACE_REASON_NO_MEMORY;
		return -ENOMEM;
	}
	err = terrace_block_read(b, index, to);
	if (err) {
		*reason = migrate_unread(err);
		terrace_frame_recycle(b, to, tier);
		return err;
	}
	terrace_frame_attach(b, index, to);
	terrace_block_free(b, index);
	/* without a block only dirty extents have content */
	set_bit(TERRACE_X_DIRTY, &e->flags);
	spin_lock(&b->table_lock);
	e->folio = to;
	b->resident++;
	b->tier_extents[e->tier]--;
	b->tier_extents[tier]++;
	e->tier = tier;
	spin_unlock(&b->table_lock);
	return 0;
}

/* Write content to flash and let go of where it was. The folio is isolated, or nobody else's. */
static int migrate_program(struct terrace_buffer *b, u64 index, struct folio *content, u32 tier)
{
	struct terrace_extent *e = &b->extents[index];
	struct terrace_block block;
	int err;

	err = terrace_block_program(b, tier, content, &block);
	if (err)
		return err;
	if (!e->folio) {
		terrace_block_free(b, index);
		migrate_home(b, index, tier);
	} else {
		u32 from = e->tier, old = e->block.number;

		if (!terrace_extent_swap(b, index, NULL, tier)) {
			terrace_media_free(terrace.tiers[tier].media, block.number);
			/* what was admitted is refunded, but flash was worn */
			terrace_tier_spend_write(tier, b->class_id, terrace_extent_bytes(b));
			return -EBUSY;
		}
		if (old)
			terrace_media_free(terrace.tiers[from].media, old);
	}
	e->block = block;
	clear_bit(TERRACE_X_DIRTY, &e->flags);
	return 0;
}

/* Content that is zero needs neither a block nor a write: it lets go of where it was. */
static int migrate_zeroes(struct terrace_buffer *b, u64 index, u32 tier)
{
	struct terrace_extent *e = &b->extents[index];
	bool written = test_bit(TERRACE_X_DIRTY, &e->flags) || e->block.number;
	u32 from = e->tier, old = e->block.number;

	if (!terrace_extent_swap(b, index, NULL, tier))
		return -EBUSY;
	if (old)
		terrace_media_free(terrace.tiers[from].media, old);
	e->block.number = 0;
	clear_bit(TERRACE_X_DIRTY, &e->flags);
	if (written)
		terrace_tier_write_avoided(tier, terrace_extent_bytes(b));
	return 0;
}

/* Is it zero? What was never written is, and is not looked at. The folio is isolated. */
static bool migrate_is_zero(struct terrace_buffer *b, u64 index)
{
	const struct terrace_extent *e = &b->extents[index];

	return !(test_bit(TERRACE_X_DIRTY, &e->flags) || e->block.number) ||
	       terrace_block_needless(e->folio);
}

/* migrate_program() within the write budget. */
static int migrate_program_admitted(struct terrace_buffer *b, u64 index, struct folio *content,
				    u32 tier, u32 *reason)
{
	u64 bytes = terrace_extent_bytes(b);
	int err;

	if (!terrace_tier_admit_write(tier, b->class_id, bytes)) {
		*reason = TERRACE_REASON_BUDGET;
		return -EAGAIN;
	}
	err = migrate_program(b, index, content, tier);
	if (err)
		terrace_tier_refund_write(tier, b->class_id, bytes);
	return err;
}

static int migrate_resident_to_flash(struct terrace_buffer *b, u64 index, u32 tier, u32 *reason)
{
	struct terrace_extent *e = &b->extents[index];
	struct folio *folio = e->folio;
	u32 from = e->tier;
	int err;

	*reason = TERRACE_REASON_PINNED;
	err = terrace_extent_isolate(b, index, migrate_how(b));
	if (err)
		return err;
	err = migrate_obstacle(folio, reason);
	if (!err && migrate_is_zero(b, index))
		err = migrate_zeroes(b, index, tier);
	else if (!err)
		err = migrate_program_admitted(b, index, folio, tier, reason);
	folio_unlock(folio);
	if (err) {
		if (err != -EBUSY && *reason == TERRACE_REASON_PINNED)
			*reason = TERRACE_REASON_MEDIA;
		return err;
	}
	*reason = TERRACE_REASON_NONE;
	terrace_frame_recycle(b, folio, from);
	return 0;
}

/* From flash to flash, through a frame of nobody's. */
static int migrate_between_flash(struct terrace_buffer *b, u64 index, u32 tier, u32 *reason)
{
	struct folio *temporary = terrace_frame_target(b, tier);
	int err;

	if (!temporary) {
		*reason = TERRACE_REASON_NO_MEMORY;
		return -ENOMEM;
	}
	err = terrace_block_read(b, index, temporary);
	if (!err)
		err = migrate_program(b, index, temporary, tier);
	if (err)
		*reason = migrate_unread(err);
	terrace_frame_recycle(b, temporary, tier);
	return err;
}

static int migrate_content(struct terrace_buffer *b, u64 index, u32 tier, u32 *reason)
{
	struct terrace_extent *e = &b->extents[index];
	u32 from = e->tier, old = e->block.number;
	int err;

	if (!e->folio)
		return terrace.tiers[tier].media ? migrate_between_flash(b, index, tier, reason) :
						   migrate_read(b, index, tier, reason);
	err = migrate_frames(b, index, tier, reason);
	if (!err && old) {
		terrace_media_free(terrace.tiers[from].media, old);
		e->block.number = 0;
		set_bit(TERRACE_X_DIRTY, &e->flags);
	}
	return err;
}

static int migrate_admitted(struct terrace_buffer *b, u64 index, u32 tier, u32 *reason)
{
	const struct terrace_extent *e = &b->extents[index];
	u64 bytes = terrace_extent_bytes(b);
	int err;

	/* whether it is written at all shows when it is isolated */
	if (terrace.tiers[tier].media && e->folio)
		return migrate_resident_to_flash(b, index, tier, reason);
	if (!terrace_tier_admit_write(tier, b->class_id, bytes)) {
		*reason = TERRACE_REASON_BUDGET;
		return -EAGAIN;
	}
	err = migrate_content(b, index, tier, reason);
	if (err)
		terrace_tier_refund_write(tier, b->class_id, bytes);
	return err;
}

static void migrate_account(struct terrace_buffer *b, u32 from, u32 to)
{
	u64 bytes = terrace_extent_bytes(b);
	u64 out = terrace_tier_move_out(from, b->class_id, bytes);
	u64 in = terrace_tier_move_in(to, b->class_id, bytes);

	terrace_tier_event(from, TERRACE_EV_MIGRATIONS_OUT);
	terrace_tier_event(to, TERRACE_EV_MIGRATIONS_IN);
	terrace_charge_moved(b->session, b->class_id, from, out, to, in);
}

static int migrate_locked(struct terrace_buffer *b, u64 index, u32 tier, u32 *reason)
{
	struct terrace_extent *e = &b->extents[index];
	u64 bytes = terrace_extent_bytes(b);
	u64 start = ktime_get_ns();
	u32 from = e->tier;
	bool content = e->folio || e->block.number;
	int err;

	*reason = TERRACE_REASON_NONE;
	if (from == tier)
		return 0;
	err = terrace_tier_take_one(tier, b->class_id, bytes, reason);
	if (err)
		return err;
	if (content)
		err = migrate_admitted(b, index, tier, reason);
	else
		migrate_home(b, index, tier);
	terrace_tier_give(err ? tier : from, bytes, 1);

	if (err == -EBUSY)
		terrace_tier_event(from, TERRACE_EV_MIGRATE_BUSY);
	if (!err && content)
		migrate_account(b, from, tier);
	trace_terrace_migrate(b->id, index, from, tier, content ? bytes : 0,
			      ktime_get_ns() - start, err);
	return err;
}

/**
 * terrace_migrate_extent - move an extent to a tier
 * @reason: set always
 *
 * On failure the extent is as before. Return: 0, -EINTR, -ENXIO, -EXDEV, -ENOSPC, -ENOMEM, -EIO,
 * -EBADMSG, -ENODATA (retention over), -ENODEV (removed), -EAGAIN (write budget), or -EBUSY
 * (pinned, or the tier is going).
 */
int terrace_migrate_extent(struct terrace_buffer *b, u64 index, u32 tier, u32 *reason)
{
	int err;

	*reason = TERRACE_REASON_SIGNAL;
	err = terrace_extent_begin(b, index);
	if (err)
		return err;
	err = migrate_locked(b, index, tier, reason);
	terrace_extent_end(b, index);
	return err;
}

/**
 * terrace_migrate_interrupted - is a call that works extent by extent to stop?
 *
 * A user's task goes on unless it is being killed. An io-wq worker is asked to stop by a signal
 * that does not kill.
 */
bool terrace_migrate_interrupted(void)
{
	return current->flags & PF_IO_WORKER ? signal_pending(current) :
					       fatal_signal_pending(current);
}

static void migrate_range(struct terrace_buffer *b, struct terrace_move *m, u64 *moved)
{
	u64 bytes = terrace_extent_bytes(b);
	u64 index = m->offset >> b->shift;
	u64 end = (m->offset + m->bytes) >> b->shift;

	m->error = 0;
	m->reason = TERRACE_REASON_NONE;
	m->done_bytes = 0;
	for (; index < end; index++) {
		u32 from = READ_ONCE(b->extents[index].tier);

		if (terrace_migrate_interrupted()) {
			m->error = -EINTR;
			m->reason = TERRACE_REASON_SIGNAL;
			return;
		}
		m->error = terrace_migrate_extent(b, index, m->tier, &m->reason);
		if (m->error)
			return;
		m->done_bytes += bytes;
		if (from != m->tier)
			*moved += bytes;
		cond_resched();
	}
}

static void migrate_move(struct terrace_buffer *b, struct terrace_move *m, u64 *moved)
{
	m->done_bytes = 0;
	if (m->reserved || !terrace_range_valid(b, m->offset, m->bytes)) {
		m->error = -EINVAL;
		m->reason = TERRACE_REASON_RANGE;
	} else if (!terrace_tier_valid(m->tier)) {
		m->error = -ENXIO;
		m->reason = TERRACE_REASON_NO_TIER;
	} else {
		migrate_range(b, m, moved);
	}
}

/**
 * terrace_migrate_moves - TERRACE_BUF_MIGRATE
 */
int terrace_migrate_moves(struct terrace_buffer *b, struct terrace_migrate *arg)
{
	struct terrace_move __user *user = u64_to_user_ptr(arg->moves);
	struct terrace_move *moves;
	size_t bytes;
	int err = 0;
	u32 i;

	if (!arg->count || arg->count > TERRACE_MOVES_MAX)
		return -EINVAL;
	bytes = array_size(arg->count, sizeof(*moves));
	moves = memdup_user(user, bytes);
	if (IS_ERR(moves))
		return PTR_ERR(moves);
	arg->moved_bytes = 0;
	for (i = 0; i < arg->count; i++)
		migrate_move(b, &moves[i], &arg->moved_bytes);
	if (copy_to_user(user, moves, bytes))
		err = -EFAULT;
	kfree(moves);
	return err;
}

/**
 * terrace_migrate_uring - TERRACE_BUF_MIGRATE and REFRESH through IORING_OP_URING_CMD
 *
 * Both sleep: the first, non-blocking try sends the request to an io-wq worker, which runs in
 * the caller's mm and cgroup.
 */
int terrace_migrate_uring(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct terrace_uring_cmd *sqe;
	u64 arg;

	sqe = terrace_sqe_cmd(cmd->sqe, struct terrace_uring_cmd);
	arg = READ_ONCE(sqe->arg);

	if (cmd->cmd_op != TERRACE_BUF_MIGRATE && cmd->cmd_op != TERRACE_BUF_REFRESH)
		return -ENOTTY;
	if (READ_ONCE(sqe->reserved))
		return -EINVAL;
	if (issue_flags & IO_URING_F_NONBLOCK)
		return -EAGAIN;
	return terrace_buffer_ioctl(cmd->file, cmd->cmd_op, arg);
}

/**
 * terrace_migrate_advise - posix_fadvise(2) on a buffer
 *
 * WILLNEED moves the range to the best tier of the placement rule that has room; what stays on
 * flash is read ahead. DONTNEED moves one tier further down the rule than each extent is. What
 * cannot be moved stays: it is advice.
 */
int terrace_migrate_advise(struct terrace_buffer *b, u64 offset, u64 bytes, int advice)
{
	u32 order[TERRACE_TIERS_MAX];
	u64 first = offset >> b->shift, index = first;
	u64 end = min(DIV_ROUND_UP(offset + bytes, terrace_extent_bytes(b)), b->count);
	u32 n = terrace_policy_order(b->class_id, order);
	u32 i, at, reason;

	for (; index < end; index++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		for (at = 0; at < n && order[at] != READ_ONCE(b->extents[index].tier); at++)
			;
		if (advice == POSIX_FADV_WILLNEED) {
			for (i = 0; i < at; i++)
				if (!terrace_migrate_extent(b, index, order[i], &reason))
					break;
		} else if (at + 1 < n) {
			terrace_migrate_extent(b, index, order[at + 1], &reason);
		}
		cond_resched();
	}
	if (advice == POSIX_FADV_WILLNEED)
		terrace_readahead_range(b, first, end);
	return 0;
}

static int evacuate_extent(struct terrace_buffer *b, u64 index, const u32 *order, u32 n)
{
	int err = -ENOSPC;
	u32 i, reason;

	for (i = 0; i < n && err; i++)
		err = terrace_migrate_extent(b, index, order[i], &reason);
	return err;
}

static int evacuate_buffer(struct terrace_buffer *b, u32 tier)
{
	u32 order[TERRACE_TIERS_MAX];
	u32 n = terrace_policy_order(b->class_id, order);
	u64 index;
	int err;

	for (index = 0; index < b->count; index++) {
		if (READ_ONCE(b->extents[index].tier) != tier)
			continue;
		if (fatal_signal_pending(current))
			return -EINTR;
		err = evacuate_extent(b, index, order, n);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/**
 * terrace_migrate_evacuate - move everything that is at home on a tier elsewhere
 *
 * The tier is going, so nothing new comes in. Return: 0, or the first error: what was moved before
 * it stays moved.
 */
int terrace_migrate_evacuate(u32 tier)
{
	struct terrace_buffer *b;
	u32 after = 0;
	int err = 0;

	lockdep_assert_held(&terrace.control);
	while (!err && (b = terrace_buffer_next(&after))) {
		err = evacuate_buffer(b, tier);
		terrace_frame_drain(b);
		terrace_buffer_put(b);
	}
	return err;
}
