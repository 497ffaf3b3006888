// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read-ahead of flash tiers: who walks through a buffer finds the next extents in the landing pool.
 * Threads that walk together count as one: what matters is the one in front.
 */
#include <linux/fadvise.h>
#include <linux/mm.h>

#include "terrace.h"

/* As far ahead as that, but never more than a quarter of what the session may have of the pool. */
#define READAHEAD_BYTES		(16ULL << 20)

/* Small extents are asked for so many bytes at a time. */
#define READAHEAD_STEP		(256U << 10)

/* Extents used one after another before it begins. */
#define READAHEAD_RUN		2

static u64 readahead_window(struct terrace_buffer *b, u64 index)
{
	u32 tier = READ_ONCE(b->extents[index].tier);
	u64 share = terrace_landing_share(&terrace.tiers[tier].landing);

	return max(min(READAHEAD_BYTES, share / 4) >> b->shift, 1ULL);
}

static void readahead_fill(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];

	/* zeroes come as fast when they are asked for */
	if (!READ_ONCE(e->folio) && READ_ONCE(e->block.number))
		terrace_block_fill_ahead(b, index);
}

/*
 * A walk begins somewhere else. Who reads a little here and a little there, as experts are read,
 * takes as many extents this time as the last two times: the rest of them is asked for at once.
 */
static void readahead_jump(struct terrace_buffer *b, u64 index, u64 *from, u64 *to)
{
	struct terrace_readahead *r = &b->readahead;
	u64 most = max(READAHEAD_STEP >> b->shift, 1U);
	u64 expected = clamp_t(u64, min(r->run, r->last), 1, most);

	*from = index + 1;
	*to = min(index + expected, b->count);
	*r = (struct terrace_readahead) {
		.next = index + 1, .end = *to, .run = 1, .last = r->run, .random = r->random
	};
}

/*
 * Where a use of @index takes the walk: sets the extents to fill, none when @from = @to. It looks
 * as far ahead as it has come, so that a short walk does not fill the pool with what lies behind.
 */
static void readahead_walk(struct terrace_buffer *b, u64 index, u64 window, u64 *from, u64 *to)
{
	struct terrace_readahead *r = &b->readahead;
	u64 ahead, step;

	*from = *to = 0;
	guard(spinlock)(&b->table_lock);
	ahead = clamp_t(u64, r->run, 1, window);
	if (index < r->next && index + ahead >= r->next)
		return;		/* behind the one in front, or the same extent again */
	if (index < r->next || index >= r->next + ahead) {
		readahead_jump(b, index, from, to);
		return;
	}
	r->next = index + 1;
	if (r->run < max(window, READAHEAD_RUN + 1ULL))
		r->run++;
	if (r->run <= READAHEAD_RUN)
		return;
	ahead = min_t(u64, r->run, window);
	r->end = max(r->end, r->next);
	step = min(max(READAHEAD_STEP >> b->shift, 1U), window);
	if (r->next + ahead < r->end + step)
		return;
	*from = r->end;
	*to = min(r->next + ahead, b->count);
	r->end = max(*from, *to);
}

/**
 * terrace_readahead - an extent of a flash tier is used
 *
 * The caller keeps the buffer's file.
 */
void terrace_readahead(struct terrace_buffer *b, u64 index)
{
	u64 from, to;

	if (READ_ONCE(b->readahead.random))
		return;
	readahead_walk(b, index, readahead_window(b, index), &from, &to);
	if (from < to)
		terrace_background(b, from, to, TERRACE_BACKGROUND_READ, readahead_fill);
}

/**
 * terrace_readahead_range - fill what is said to be needed soon, half of the pool at most
 */
void terrace_readahead_range(struct terrace_buffer *b, u64 first, u64 end)
{
	u64 share;

	while (first < end && !terrace_extent_flash(b, first))
		first++;
	if (first == end)
		return;
	share = terrace_landing_share(&terrace.tiers[READ_ONCE(b->extents[first].tier)].landing);
	terrace_background(b, first, min(end, first + max(share / 2 >> b->shift, 1ULL)),
			   TERRACE_BACKGROUND_READ, readahead_fill);
}

/**
 * terrace_readahead_advise - POSIX_FADV_RANDOM, NORMAL or SEQUENTIAL
 */
void terrace_readahead_advise(struct terrace_buffer *b, int advice)
{
	guard(spinlock)(&b->table_lock);
	b->readahead = (struct terrace_readahead) { .random = advice == POSIX_FADV_RANDOM };
}
