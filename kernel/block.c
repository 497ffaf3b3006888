// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extents on flash: an extent whose home is a flash tier has frames, a block, both or neither.
 *
 *   dirty			the frames hold the truth; a block is stale
 *   not dirty, a block		the block holds the truth, as do frames
 *   not dirty, no block	it is zero
 *
 * All functions but terrace_block_fill() are called with exclusive use of the extent.
 */
#include <linux/highmem.h>
#include <linux/pagemap.h>

#include "media.h"
#include "terrace.h"

/* Blocks that are tried when programming fails. */
#define PROGRAM_TRIES	3

static struct terrace_media *media_of(u32 tier)
{
	return terrace.tiers[tier].media;
}

/**
 * terrace_block_program - write content to a fresh block of a tier
 * @block, @crc: set on success
 *
 * The extent does not change. Return: 0, -EIO, or another error of the device.
 */
int terrace_block_program(struct terrace_buffer *b, u32 tier, struct folio *folio, u32 *block,
			  u32 *crc)
{
	struct terrace_media *m = media_of(tier);
	int try, err = -EIO;

	for (try = 0; try < PROGRAM_TRIES && err; try++) {
		*block = terrace_media_alloc(m, b->shift);
		if (!*block)
			return -EIO;
		err = terrace_media_program(m, *block, folio, crc);
		if (err) {
			terrace_media_free(m, *block);
			terrace_tier_event(tier, TERRACE_EV_MEDIA_ERRORS);
		}
	}
	if (!err)
		terrace_tier_programmed(tier, terrace_extent_bytes(b));
	return err;
}

/**
 * terrace_block_write - write a dirty extent back to its own tier
 * @folio: its frames, isolated and locked
 *
 * The stale block is given up first: it is of no use to anybody, and its place may be needed. On
 * failure the extent stays dirty.
 */
int terrace_block_write(struct terrace_buffer *b, u64 index, struct folio *folio)
{
	struct terrace_extent *e = &b->extents[index];
	u32 block, crc;
	int err;

	terrace_block_free(b, index);
	err = terrace_block_program(b, e->tier, folio, &block, &crc);
	if (err)
		return err;
	e->block = block;
	e->crc = crc;
	clear_bit(TERRACE_X_DIRTY, &e->flags);
	return 0;
}

/**
 * terrace_block_free - give up an extent's block, if it has one
 */
void terrace_block_free(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];

	if (!e->block)
		return;
	terrace_media_free(media_of(e->tier), e->block);
	e->block = 0;
}

/**
 * terrace_block_read - read an extent's block
 */
int terrace_block_read(struct terrace_buffer *b, u64 index, struct folio *folio)
{
	struct terrace_extent *e = &b->extents[index];
	int err = terrace_media_read(media_of(e->tier), e->block, folio, e->crc);

	if (err)
		terrace_tier_event(e->tier, TERRACE_EV_MEDIA_ERRORS);
	return err;
}

static int fill_content(struct terrace_buffer *b, u64 index, struct folio *folio)
{
	struct terrace_extent *e = &b->extents[index];

	if (e->block)
		return terrace_block_read(b, index, folio);
	folio_zero_range(folio, 0, folio_size(folio));
	return 0;
}

static int block_fill(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];
	struct folio *folio;
	int err;

	folio = terrace_landing_frame(b, e->tier);
	if (!folio)
		return -ENOMEM;
	err = fill_content(b, index, folio);
	if (err) {
		terrace_frame_recycle(b, folio, e->tier);
		terrace_landing_give(e->tier, terrace_extent_bytes(b));
		return err;
	}
	if (e->block)
		terrace_tier_event(e->tier, TERRACE_EV_MAJOR_FAULTS);
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
 * Sleeps as long as the device takes; others who want the extent wait for it killably.
 *
 * Return: 0, also when somebody else was faster; -EINTR; -ENOMEM no frame; -EBADMSG the content is
 * not what was written; or an error of the device.
 */
int terrace_block_fill(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];
	int err;

	err = terrace_extent_begin(b, index);
	if (err)
		return err;
	if (!e->folio && media_of(e->tier))
		err = block_fill(b, index);
	terrace_extent_end(b, index);
	return err;
}
