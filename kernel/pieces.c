// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges that are read together, piece by piece: which expert is next nobody knows, but once a part
 * of it is used, it is known where its other parts lie, since user space has said so. On flash they
 * are filled while the first one is still being waited for; in memory they are mapped with it.
 *
 * The ranges of all sets stand in one tree, by offset; no two have a byte in common. A set stays as
 * long as its buffer, so that table_lock is held to find one, but not to use it.
 */
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/rbtree.h>
#include <linux/slab.h>

#include "terrace.h"

/* One use asks for no more of a piece, nor for more than half of what the session may have. */
#define PIECES_BYTES	(256ULL << 20)

/**
 * struct piece_range - pieces of equal length, one behind the other
 * @node: in the buffer's ranges
 * @offset: of the first byte
 * @end: behind the last
 */
struct piece_range {
	struct rb_node node;
	struct piece_set *set;
	u64 offset;
	u64 end;
	u64 piece_bytes;
};

/**
 * struct piece_set - ranges of which the same piece is read together
 * @link: in the buffer's sets
 */
struct piece_set {
	struct list_head link;
	u32 count;
	struct piece_range ranges[] __counted_by(count);
};

/**
 * terrace_pieces_init - a buffer has no sets yet
 */
void terrace_pieces_init(struct terrace_buffer *b)
{
	b->pieces.ranges = RB_ROOT;
	INIT_LIST_HEAD(&b->pieces.sets);
	b->pieces.last = U64_MAX;
}

/**
 * terrace_pieces_free - nobody uses the buffer any more
 */
void terrace_pieces_free(struct terrace_buffer *b)
{
	struct piece_set *set, *next;

	list_for_each_entry_safe(set, next, &b->pieces.sets, link)
		kfree(set);
}

/* The range that has one of these bytes, or NULL. Called under table_lock. */
static struct piece_range *pieces_find(const struct terrace_buffer *b, u64 from, u64 end)
{
	struct rb_node *node = b->pieces.ranges.rb_node;
	struct piece_range *r;

	while (node) {
		r = rb_entry(node, struct piece_range, node);
		if (end <= r->offset)
			node = node->rb_left;
		else if (from >= r->end)
			node = node->rb_right;
		else
			return r;
	}
	return NULL;
}

static bool pieces_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct piece_range, node)->offset <
	       rb_entry(b, struct piece_range, node)->offset;
}

/* All ranges of a set or none. */
static int pieces_insert(struct terrace_buffer *b, struct piece_set *set)
{
	struct terrace_piece_table *p = &b->pieces;
	u32 i;

	guard(spinlock)(&b->table_lock);
	if (set->count > TERRACE_PIECES_MAX - p->count)
		return -ENOSPC;
	for (i = 0; i < set->count; i++)
		if (pieces_find(b, set->ranges[i].offset, set->ranges[i].end))
			return -EEXIST;
	for (i = 0; i < set->count; i++)
		rb_add(&set->ranges[i].node, &p->ranges, pieces_less);
	list_add(&set->link, &p->sets);
	WRITE_ONCE(p->count, p->count + set->count);
	return 0;
}

/* Take over range @i: within the buffer, and apart from those before it. */
static int pieces_take(const struct terrace_buffer *b, struct piece_set *set, u32 i,
		       const struct terrace_piece_range *range, u64 pieces)
{
	struct piece_range *r = &set->ranges[i];
	const struct piece_range *other;
	u64 bytes;

	r->set = set;
	r->offset = range->offset;
	r->piece_bytes = range->piece_bytes;
	if (!r->piece_bytes || check_mul_overflow(r->piece_bytes, pieces, &bytes) ||
	    check_add_overflow(r->offset, bytes, &r->end) || r->end > b->count << b->shift)
		return -EINVAL;
	for (other = set->ranges; other < r; other++)
		if (r->offset < other->end && other->offset < r->end)
			return -EINVAL;
	return 0;
}

static bool pieces_valid(const struct terrace_pieces *arg)
{
	u32 i;

	if (arg->flags || arg->reserved || !arg->pieces || arg->count < 2 ||
	    arg->count > TERRACE_PIECES_RANGES)
		return false;
	for (i = arg->count; i < TERRACE_PIECES_RANGES; i++)
		if (arg->ranges[i].offset || arg->ranges[i].piece_bytes)
			return false;
	return true;
}

/**
 * terrace_pieces_add - TERRACE_BUF_PIECES
 *
 * Return: 0, -EINVAL, -EEXIST (a byte is in another set), -ENOSPC (too many ranges) or -ENOMEM;
 * unless 0 nothing has changed.
 */
int terrace_pieces_add(struct terrace_buffer *b, const struct terrace_pieces *arg)
{
	struct piece_set *set;
	int err = 0;
	u32 i;

	if (!pieces_valid(arg))
		return -EINVAL;
	set = kmalloc(struct_size(set, ranges, arg->count), GFP_KERNEL_ACCOUNT);
	if (!set)
		return -ENOMEM;
	set->count = arg->count;
	for (i = 0; i < set->count && !err; i++)
		err = pieces_take(b, set, i, &arg->ranges[i], arg->pieces);
	if (!err)
		err = pieces_insert(b, set);
	if (err)
		kfree(set);
	return err;
}

/* Zeroes have no block: they come as fast when they are asked for. */
static bool pieces_missing(const struct terrace_buffer *b, u64 index)
{
	const struct terrace_extent *e = &b->extents[index];

	return !READ_ONCE(e->folio) && READ_ONCE(e->block.number);
}

/* Fill extents that have no frames but the one that is @used: that is filled by who uses it. */
static void pieces_fill_range(struct terrace_buffer *b, u64 first, u64 end, u64 used)
{
	u64 run;

	for (; first < end; first = run + 1) {
		for (run = first; run < end && run != used && pieces_missing(b, run); run++)
			;
		terrace_background(b, first, run, TERRACE_BACKGROUND_READ,
				   terrace_block_fill_ahead);
	}
}

/* The one that is used comes first: the rest of it is what is needed next. */
static void pieces_fill(struct terrace_buffer *b, const struct terrace_piece_runs *runs, u64 used)
{
	u32 tier = READ_ONCE(b->extents[used].tier);
	u64 share = terrace_landing_share(&terrace.tiers[tier].landing);
	u64 left = min(PIECES_BYTES, share / 2) >> b->shift;
	u64 end;
	u32 i;

	for (i = 0; i < runs->count; i++) {
		end = min(runs->run[i].end, runs->run[i].first + left);
		pieces_fill_range(b, runs->run[i].first, end, used);
		left -= end - runs->run[i].first;
	}
}

/* The extents of a piece in all ranges of the set, those in the range that is used first. */
static void pieces_runs(const struct terrace_buffer *b, const struct piece_range *of, u64 piece,
			struct terrace_piece_runs *runs)
{
	const struct piece_set *set = of->set;
	u32 i, n = of - set->ranges;
	u64 offset;

	for (i = 0; i < set->count; i++, n = (n + 1) % set->count) {
		offset = set->ranges[n].offset + piece * set->ranges[n].piece_bytes;
		runs->run[i].first = offset >> b->shift;
		runs->run[i].end = DIV_ROUND_UP_ULL(offset + set->ranges[n].piece_bytes,
						    terrace_extent_bytes(b));
	}
	runs->count = set->count;
	runs->begin = set->ranges[0].offset + piece * set->ranges[0].piece_bytes;
}

/**
 * terrace_pieces_find - extents that are read with a byte
 *
 * The caller keeps the buffer's file.
 *
 * Return: whether the byte is in a set; if not, there are none.
 */
bool terrace_pieces_find(struct terrace_buffer *b, u64 at, struct terrace_piece_runs *runs)
{
	const struct piece_range *r;

	runs->count = 0;
	if (!READ_ONCE(b->pieces.count))
		return false;
	spin_lock(&b->table_lock);
	r = pieces_find(b, at, at + 1);
	spin_unlock(&b->table_lock);
	if (r)
		pieces_runs(b, r, div64_u64(at - r->offset, r->piece_bytes), runs);
	return r;
}

/* Is it another piece than that of the last use? Then there may be something to fill. */
static bool pieces_other(struct terrace_buffer *b, const struct terrace_piece_runs *runs)
{
	return READ_ONCE(b->pieces.last) != runs->begin &&
	       xchg(&b->pieces.last, runs->begin) != runs->begin;
}

/**
 * terrace_pieces_use - a byte of an extent on flash is used: fill what is read with it
 *
 * The caller keeps the buffer's file.
 *
 * Return: whether it is in a set. If so, what comes next was told, and need not be guessed.
 */
bool terrace_pieces_use(struct terrace_buffer *b, u64 at)
{
	struct terrace_piece_runs runs;

	if (!terrace_pieces_find(b, at, &runs))
		return false;
	if (pieces_other(b, &runs))
		pieces_fill(b, &runs, at >> b->shift);
	return true;
}
