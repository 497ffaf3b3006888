// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refresh: what is on flash is rewritten before its retention is over, or when it was read often
 * enough to disturb it. User space says when; it is charged to the write budget like any write, but
 * never refused: what is not refreshed is lost.
 */
#include <linux/mm.h>

#include "media.h"
#include "terrace.h"

static bool refresh_due(struct terrace_buffer *b, u64 index, u64 older_s)
{
	const struct terrace_extent *e = &b->extents[index];

	/* a dirty extent's block is stale */
	if (!e->block.number || test_bit(TERRACE_X_DIRTY, &e->flags))
		return false;
	return terrace_block_age(b, index) != TMODEL_AGE_GOOD ||
	       terrace_block_age_s(b, index) >= older_s;
}

/* The extent's content, from its frames or its block. */
static int refresh_content(struct terrace_buffer *b, u64 index, struct folio **folio)
{
	struct terrace_extent *e = &b->extents[index];
	int err;

	*folio = e->folio;
	if (e->folio && !terrace_frame_poisoned(e->folio))
		return 0;
	*folio = terrace_frame_target(b, e->tier);
	if (!*folio)
		return -ENOMEM;
	err = terrace_block_read(b, index, *folio);
	if (err)
		terrace_frame_recycle(b, *folio, e->tier);
	return err;
}

/* Exclusive use is the caller's, so nobody makes the content dirty meanwhile. */
static int refresh_extent(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];
	u64 bytes = terrace_extent_bytes(b);
	struct terrace_block block;
	struct folio *folio;
	int err;

	err = refresh_content(b, index, &folio);
	if (err)
		return err;
	err = terrace_block_program(b, e->tier, folio, &block);
	if (folio != e->folio)
		terrace_frame_recycle(b, folio, e->tier);
	if (err)
		return err;
	terrace_block_free(b, index);
	e->block = block;
	terrace_tier_spend_write(e->tier, b->class_id, bytes);
	terrace_tier_refreshed(e->tier, bytes);
	return 0;
}

/**
 * terrace_refresh_range - TERRACE_BUF_REFRESH
 */
int terrace_refresh_range(struct terrace_buffer *b, struct terrace_refresh *arg)
{
	u64 bytes = terrace_extent_bytes(b);
	u64 index = arg->offset >> b->shift;
	u64 end = (arg->offset + arg->bytes) >> b->shift;
	int err;

	arg->refreshed_bytes = 0;
	arg->lost_bytes = 0;
	if (arg->reserved || !terrace_range_valid(b, arg->offset, arg->bytes))
		return -EINVAL;
	for (; index < end; index++) {
		if (terrace_migrate_interrupted())
			return -EINTR;
		err = terrace_extent_begin(b, index);
		if (err)
			return err;
		if (terrace_extent_flash(b, index) && refresh_due(b, index, arg->older_s)) {
			err = refresh_extent(b, index);
			if (!err)
				arg->refreshed_bytes += bytes;
			else if (err != -ENOMEM)
				arg->lost_bytes += bytes;
		}
		terrace_extent_end(b, index);
		if (err == -ENOMEM)
			return err;
		cond_resched();
	}
	return 0;
}
