// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extents on flash: an extent whose home is a flash tier has frames, a block, both or neither.
 *
 *   dirty			the frames hold the truth; a block is stale
 *   not dirty, a block		the block holds the truth, as do frames
 *   not dirty, no block	it is zero
 *
 * Functions that read, write or free an extent's block are called with exclusive use of it.
 */
#include <linux/pagemap.h>
#include <linux/psi.h>

#include "media.h"
#include "terrace.h"
#include "trace.h"

/* Blocks that are tried when programming fails. */
#define PROGRAM_TRIES	3

static struct terrace_media *media_of(u32 tier)
{
	return terrace.tiers[tier].media;
}

/* Model seconds; they last for 136 years. */
static u32 block_now_s(void)
{
	return div64_u64(terrace_clock(), TMODEL_NS_PER_S);
}

/**
 * terrace_block_age_s - model seconds since an extent's block was programmed
 *
 * The other processor's look at the clock may have been a moment later.
 */
u32 terrace_block_age_s(struct terrace_buffer *b, u64 index)
{
	u32 now = block_now_s();

	return now - min(now, b->extents[index].block.programmed_s);
}

/**
 * terrace_block_age - may an extent's block still be read, and for how long?
 */
enum tmodel_age terrace_block_age(struct terrace_buffer *b, u64 index)
{
	const struct terrace_extent *e = &b->extents[index];

	return tmodel_wear_age(&terrace.tiers[e->tier].profile, terrace_block_age_s(b, index),
			       READ_ONCE(e->block.reads));
}

/**
 * terrace_block_touched - a step reads an extent in the model
 *
 * A read may be lost, which does not matter to what is counted in tens of thousands; but none of an
 * old block counts for a fresh one.
 */
void terrace_block_touched(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];
	u32 reads = READ_ONCE(e->block.reads);
	u32 tier = READ_ONCE(e->tier);

	if (!READ_ONCE(e->block.number) || reads == U32_MAX ||
	    cmpxchg(&e->block.reads, reads, reads + 1) != reads)
		return;
	if (reads + 1 == terrace.tiers[tier].profile.read_disturb_reads) {
		terrace_tier_event(tier, TERRACE_EV_DISTURBED);
		trace_terrace_media(tier, e->block.number, TERRACE_MEDIA_READ,
				    TERRACE_STATUS_CECC, 0);
	}
}

/**
 * terrace_block_program - write content to a fresh block of a tier
 * @block: set on success
 *
 * The extent does not change. Return: 0, -EIO, or another error of the device.
 */
int terrace_block_program(struct terrace_buffer *b, u32 tier, struct folio *folio,
			  struct terrace_block *block)
{
	struct terrace_media *m = media_of(tier);
	int try, err = -EIO;

	*block = (struct terrace_block) {};
	for (try = 0; try < PROGRAM_TRIES && err && err != -ENODEV; try++) {
		block->number = terrace_media_alloc(m, b->shift);
		if (!block->number)
			return -EIO;
		if (terrace_inject(TERRACE_INJECT_PROGRAM))
			err = -EIO;
		else
			err = terrace_media_program(m, block->number, folio, &block->sum);
		trace_terrace_media(tier, block->number, TERRACE_MEDIA_PROGRAM,
				    err ? TERRACE_STATUS_PROGRAM_FAIL : 0, err);
		if (err) {
			terrace_media_free(m, block->number);
			terrace_tier_event(tier, TERRACE_EV_MEDIA_ERRORS);
		}
	}
	if (err)
		return err;
	block->programmed_s = block_now_s();
	terrace_tier_programmed(tier, terrace_extent_bytes(b));
	return 0;
}

/**
 * terrace_block_needless - is this zero? Then it needs no block
 * @folio: frames that nobody writes to, without a broken page
 *
 * What is not zero ends the search, mostly its first word.
 */
bool terrace_block_needless(struct folio *folio)
{
	return !memchr_inv(folio_address(folio), 0, folio_size(folio));
}

/**
 * terrace_block_write - write an extent back to its own tier
 * @folio: its frames, that nobody writes to
 *
 * The old block is given up first: it is of no use to anybody, and its place may be needed. Zeroes
 * are not programmed: without a block the extent is zero. On failure it is dirty.
 */
int terrace_block_write(struct terrace_buffer *b, u64 index, struct folio *folio)
{
	struct terrace_extent *e = &b->extents[index];
	u64 bytes = terrace_extent_bytes(b);
	struct terrace_block block;
	int err;

	set_bit(TERRACE_X_DIRTY, &e->flags);
	terrace_block_free(b, index);
	if (terrace_block_needless(folio)) {
		terrace_tier_write_avoided(e->tier, bytes);
	} else {
		err = terrace_block_program(b, e->tier, folio, &block);
		if (err)
			return err;
		terrace_tier_spend_write(e->tier, b->class_id, bytes);
		terrace_tier_event(e->tier, TERRACE_EV_WRITEBACKS);
		e->block = block;
	}
	clear_bit(TERRACE_X_DIRTY, &e->flags);
	return 0;
}

/**
 * terrace_block_free - give up an extent's block, if it has one
 */
void terrace_block_free(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];

	if (!e->block.number)
		return;
	terrace_media_free(media_of(e->tier), e->block.number);
	e->block.number = 0;
}

static int block_read(struct terrace_buffer *b, u64 index, struct folio *folio, u32 *status)
{
	struct terrace_extent *e = &b->extents[index];
	int err;

	*status = TERRACE_STATUS_UECC;
	if (terrace_block_age(b, index) == TMODEL_AGE_LOST) {
		terrace_tier_event(e->tier, TERRACE_EV_EXPIRED);
		return -ENODATA;
	}
	if (terrace_inject(TERRACE_INJECT_READ))
		err = -EIO;
	else
		err = terrace_media_read(media_of(e->tier), e->block.number, folio, e->block.sum);
	if (err)
		terrace_tier_event(e->tier, TERRACE_EV_MEDIA_ERRORS);
	if (err != -EBADMSG)
		*status = err ? TERRACE_STATUS_UNUSABLE : 0;
	return err;
}

/**
 * terrace_block_read - read an extent's block
 *
 * Return: 0; -ENODATA its retention is over; -EBADMSG the content is not what was written; or an
 * error of the device.
 */
int terrace_block_read(struct terrace_buffer *b, u64 index, struct folio *folio)
{
	const struct terrace_extent *e = &b->extents[index];
	u32 status;
	int err = block_read(b, index, folio, &status);

	trace_terrace_media(e->tier, e->block.number, TERRACE_MEDIA_READ, status, err);
	return err;
}

static int block_fill(struct terrace_buffer *b, u64 index, enum terrace_landing_for what)
{
	struct terrace_extent *e = &b->extents[index];
	struct folio *folio;
	int err;

	/* others keep their frames: what they hold cannot be read again either */
	if (e->block.number && terrace_media_dead(media_of(e->tier)))
		return -ENODEV;
	folio = terrace_landing_frame(b, index, what);
	if (!folio)
		return -ENOMEM;
	err = e->block.number ? terrace_block_read(b, index, folio) : 0;
	if (err) {
		terrace_frame_recycle(b, folio, e->tier);
		terrace_landing_give(b, e->tier);
		return err;
	}
	terrace_frame_attach(b, index, folio);
	spin_lock(&b->table_lock);
	e->folio = folio;
	b->resident++;
	terrace_landing_add(b, e->tier, folio);
	spin_unlock(&b->table_lock);
	return 0;
}

/**
 * terrace_block_fill - give an extent of a flash tier its frames
 *
 * Sleeps as long as the device takes, which counts as a memory stall; others who want the extent
 * wait for it killably.
 *
 * Return: 0, also when somebody else was faster; -EINTR; -ENOMEM no frame; or an error of
 * terrace_block_read().
 */
int terrace_block_fill(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];
	unsigned long stall;
	int err;

	psi_memstall_enter(&stall);
	err = terrace_extent_begin(b, index);
	if (err)
		goto out;
	if (!e->folio && media_of(e->tier)) {
		if (e->block.number)
			terrace_tier_event(e->tier, TERRACE_EV_MAJOR_FAULTS);
		err = block_fill(b, index, TERRACE_LANDING_USE);
	}
	terrace_extent_end(b, index);
out:
	psi_memstall_leave(&stall);
	return err;
}

/**
 * terrace_block_fill_ahead - give an extent that has a block its frames before it is asked for
 *
 * What fails is left to who asks.
 */
void terrace_block_fill_ahead(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];

	if (!terrace_extent_try_begin(b, index))
		return;
	if (!e->folio && media_of(e->tier) && e->block.number &&
	    !block_fill(b, index, TERRACE_LANDING_AHEAD))
		terrace_tier_event(e->tier, TERRACE_EV_READAHEADS);
	terrace_extent_end(b, index);
}

static bool block_stale(const struct terrace_extent *e)
{
	return media_of(READ_ONCE(e->tier)) && test_bit(TERRACE_X_DIRTY, &e->flags);
}

/* Program a sealed extent while it is in use: nobody can write to it. */
static void block_clean(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];

	if (terrace_extent_begin(b, index))
		return;
	if (block_stale(e) && test_bit(TERRACE_X_SEALED, &e->flags) &&
	    !terrace_frame_poisoned(e->folio))
		/* what fails stays dirty */
		terrace_block_write(b, index, e->folio);
	terrace_extent_end(b, index);
}

/**
 * terrace_block_clean_range - program what was sealed and has no block, in the background
 *
 * It will never change, so there is nothing to wait for. What fails is programmed when it is
 * evicted.
 */
void terrace_block_clean_range(struct terrace_buffer *b, u64 first, u64 end)
{
	u64 run;

	for (; first < end; first = max(run, first + 1)) {
		for (run = first; run < end && block_stale(&b->extents[run]); run++)
			;
		terrace_background(b, first, run, TERRACE_BACKGROUND_WRITE, block_clean);
		cond_resched();
	}
}
