// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flash media: which block an extent gets.
 *
 * Blocks are promised before they are needed (reserve), so that a write never finds none. What can
 * be promised is whole segments: each size of block needs as many as its promised blocks fill, and
 * at least as many as it has in use. A few segments are promised to nobody, for levelling and to
 * stand in for retired ones.
 *
 * A block comes from the segment of its size that is not full; when all are, from the free segment
 * that was programmed least. There is no garbage collection: blocks
 * are written whole, and free when their extent lets go of them.
 */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/xxhash.h>

#include "media.h"

static u32 size_blocks(u32 shift)
{
	return 1U << (TERRACE_MEDIA_SEGMENT_SHIFT - shift);
}

static struct media_size *size_of(struct terrace_media *m, u32 shift)
{
	return &m->sizes[shift - 12];
}

static bool wears_less(struct rb_node *a, const struct rb_node *b)
{
	const struct media_segment *left = rb_entry(a, struct media_segment, free);
	const struct media_segment *right = rb_entry(b, struct media_segment, free);

	return left->pages < right->pages;
}

/* ---- promises ---- */

static u64 size_needs(struct terrace_media *m, u32 shift, u64 taken)
{
	return max_t(u64, DIV_ROUND_UP_ULL(taken, size_blocks(shift)), size_of(m, shift)->live);
}

static u64 others_need(struct terrace_media *m, u32 shift)
{
	u64 sum = 0;
	u32 s;

	for (s = 12; s <= TERRACE_MEDIA_SEGMENT_SHIFT; s++)
		if (s != shift)
			sum += size_needs(m, s, size_of(m, s)->taken);
	return sum;
}

/**
 * terrace_media_reserve - promise blocks
 * @shift: log2 of their bytes
 *
 * Return: how many, at most @count.
 */
u64 terrace_media_reserve(struct terrace_media *m, u32 shift, u64 count)
{
	struct media_size *size = size_of(m, shift);
	u64 others, room;

	guard(spinlock)(&m->lock);
	others = others_need(m, shift);
	room = others < m->usable ? (m->usable - others) * size_blocks(shift) : 0;
	count = min(count, room > size->taken ? room - size->taken : 0);
	size->taken += count;
	return count;
}

/**
 * terrace_media_unreserve - take promises back
 */
void terrace_media_unreserve(struct terrace_media *m, u32 shift, u64 count)
{
	guard(spinlock)(&m->lock);
	size_of(m, shift)->taken -= count;
}

/* ---- blocks ---- */

static struct media_segment *segment_of(struct terrace_media *m, u32 block)
{
	return &m->segments[(block - 1) / MEDIA_SEGMENT_PAGES];
}

static void segment_list(struct media_segment *seg, struct media_size *size)
{
	seg->partial = true;
	list_add(&seg->link, &size->partial);
}

static void segment_unlist(struct media_segment *seg)
{
	if (seg->partial)
		list_del(&seg->link);
	seg->partial = false;
}

/* The free segment that was programmed least becomes one of the size. */
static struct media_segment *segment_take(struct terrace_media *m, u32 shift)
{
	struct rb_node *node = rb_first_cached(&m->free);
	struct media_segment *seg;

	if (!node)
		return NULL;
	seg = rb_entry(node, struct media_segment, free);
	rb_erase_cached(node, &m->free);
	seg->shift = shift;
	size_of(m, shift)->live++;
	segment_list(seg, size_of(m, shift));
	return seg;
}

static struct media_segment *segment_choose(struct terrace_media *m, u32 shift)
{
	struct media_size *size = size_of(m, shift);

	if (!list_empty(&size->partial))
		return list_first_entry(&size->partial, struct media_segment, link);
	return segment_take(m, shift);
}

/**
 * terrace_media_alloc - a block for a reserved extent
 * @shift: log2 of its bytes
 *
 * Return: the block, or 0 when so many segments were retired that none is left.
 */
u32 terrace_media_alloc(struct terrace_media *m, u32 shift)
{
	struct media_segment *seg;
	u32 slot;

	guard(spinlock)(&m->lock);
	seg = segment_choose(m, shift);
	if (!seg)
		return 0;
	slot = find_first_zero_bit(seg->busy, size_blocks(shift));
	__set_bit(slot, seg->busy);
	if (++seg->used == size_blocks(shift))
		segment_unlist(seg);
	return (seg - m->segments) * MEDIA_SEGMENT_PAGES + (slot << (shift - 12)) + 1;
}

static void segment_release(struct terrace_media *m, struct media_segment *seg)
{
	segment_unlist(seg);
	if (seg->retired)
		return;
	size_of(m, seg->shift)->live--;
	rb_add_cached(&seg->free, &m->free, wears_less);
}

/**
 * terrace_media_free - the block's content is not needed any more
 */
void terrace_media_free(struct terrace_media *m, u32 block)
{
	struct media_segment *seg;

	guard(spinlock)(&m->lock);
	seg = segment_of(m, block);
	__clear_bit((block - 1) % MEDIA_SEGMENT_PAGES >> (seg->shift - 12), seg->busy);
	if (!--seg->used)
		segment_release(m, seg);
	else if (!seg->partial && !seg->retired)
		segment_list(seg, size_of(m, seg->shift));
}

static bool segment_retire(struct terrace_media *m, struct media_segment *seg)
{
	guard(spinlock)(&m->lock);
	if (seg->retired)
		return false;
	segment_unlist(seg);
	seg->retired = true;
	size_of(m, seg->shift)->live--;
	m->retired++;
	return true;
}

/*
 * A block failed: no block of its segment is given out again. What is in them stays. It is saved at
 * once, so that a crash does not forget it; if that fails, the next checkpoint has it.
 */
static void media_retire(struct terrace_media *m, u32 block)
{
	if (segment_retire(m, segment_of(m, block)))
		terrace_media_wear_save(m, false);
}

/* Other errors are of the host, or pass: a full backing file, no memory, a removed device. */
static bool media_broken(int err)
{
	return err == -EIO || err == -EBADMSG;
}

/* ---- content ---- */

/*
 * Half of xxHash64 finds what CRC-32 finds, is as fast as crc32c on processors that have it, and
 * does not depend on which crypto driver was loaded first.
 */
static u32 folio_sum(struct folio *folio)
{
	return xxh64(folio_address(folio), folio_size(folio), 0);
}

static u64 block_offset(const struct terrace_media *m, u32 block)
{
	return m->data_offset + ((u64)(block - 1) << 12);
}

static int media_count(struct terrace_media *m, u32 block, u64 pages)
{
	spin_lock(&m->lock);
	segment_of(m, block)->pages += pages;
	m->total_pages += pages;
	m->unsaved_pages += pages;
	spin_unlock(&m->lock);
	return terrace_media_wear_checkpoint(m);
}

static bool in_flight_take(struct terrace_media *m, u64 pages)
{
	guard(spinlock)(&m->lock);
	if (m->in_flight && m->in_flight_most && m->in_flight + pages > m->in_flight_most)
		return false;
	m->in_flight += pages;
	return true;
}

static void in_flight_give(struct terrace_media *m, u64 pages)
{
	spin_lock(&m->lock);
	m->in_flight -= pages;
	spin_unlock(&m->lock);
	wake_up(&m->in_flight_wait);
}

static int media_write(struct terrace_media *m, u32 block, struct folio *folio)
{
	u64 pages = folio_nr_pages(folio);
	int err;

	/* in turn, so that many small ones do not keep a large one waiting */
	mutex_lock(&m->in_flight_turn);
	wait_event(m->in_flight_wait, in_flight_take(m, pages));
	mutex_unlock(&m->in_flight_turn);
	err = terrace_disk_folio(&m->disk, REQ_OP_WRITE, block_offset(m, block), folio);
	in_flight_give(m, pages);
	return err;
}

/**
 * terrace_media_program - write a folio to its block
 * @sum: set to its checksum
 *
 * The wear is counted first, whether the write succeeds or not. A block that is broken is retired;
 * the caller frees it and may try another.
 *
 * Return: 0 or a negative errno.
 */
int terrace_media_program(struct terrace_media *m, u32 block, struct folio *folio, u32 *sum)
{
	int err;

	if (terrace_media_dead(m))
		return -ENODEV;
	err = media_count(m, block, folio_nr_pages(folio));
	if (err)
		return err;
	*sum = folio_sum(folio);
	err = media_write(m, block, folio);
	if (media_broken(err))
		media_retire(m, block);
	return err;
}

/**
 * terrace_media_read - read a block into a folio and check it
 *
 * Return: 0; -EBADMSG when the checksum differs, or an error of the device: the folio's content is
 * not to be used, and a block that is broken is retired.
 */
int terrace_media_read(struct terrace_media *m, u32 block, struct folio *folio, u32 sum)
{
	int err;

	err = terrace_disk_folio(&m->disk, REQ_OP_READ, block_offset(m, block), folio);
	if (!err && folio_sum(folio) != sum)
		err = -EBADMSG;
	if (media_broken(err))
		media_retire(m, block);
	return err;
}

/* ---- wear ---- */

/**
 * terrace_media_cycles_average - P/E cycles of the mean segment, in thousandths (OCP HBF: AVGPEC)
 */
u64 terrace_media_cycles_average(struct terrace_media *m)
{
	return mul_u64_u64_div_u64(READ_ONCE(m->total_pages), 1000,
				   (u64)MEDIA_SEGMENT_PAGES * m->segment_count);
}

/**
 * terrace_media_cycles_max - P/E cycles of the segment worn most, in thousandths (OCP HBF: MAXPEC)
 */
u64 terrace_media_cycles_max(struct terrace_media *m)
{
	u64 most = 0;
	u32 i;

	for (i = 0; i < m->segment_count; i++)
		most = max(most, READ_ONCE(m->segments[i].pages));
	return most * 1000 / MEDIA_SEGMENT_PAGES;
}

/* ---- life cycle ---- */

static void media_ready(struct terrace_media *m)
{
	u32 i;

	m->free = RB_ROOT_CACHED;
	for (i = 0; i < MEDIA_SIZES; i++)
		INIT_LIST_HEAD(&m->sizes[i].partial);
	for (i = 0; i < m->segment_count; i++) {
		m->total_pages += min(m->segments[i].pages, U64_MAX - m->total_pages);
		if (m->segments[i].retired)
			m->retired++;
		else
			rb_add_cached(&m->segments[i].free, &m->free, wears_less);
	}
	m->usable = m->segment_count - m->retired;
	m->usable -= min(m->usable, max(2U, m->segment_count / 64));
}

static void media_destroy(struct terrace_media *m)
{
	terrace_disk_close(&m->disk);
	kvfree(m->segments);
	vfree(m->table);
	kfree(m);
}

/**
 * terrace_media_open - open a formatted device
 *
 * Return: the medium, or ERR_PTR() of terrace_disk_open() or terrace_media_wear_load().
 */
struct terrace_media *terrace_media_open(const char *path)
{
	struct terrace_media *m = kzalloc(sizeof(*m), GFP_KERNEL);
	int err;

	if (!m)
		return ERR_PTR(-ENOMEM);
	mutex_init(&m->wear_lock);
	spin_lock_init(&m->lock);
	mutex_init(&m->in_flight_turn);
	init_waitqueue_head(&m->in_flight_wait);
	err = terrace_disk_open(&m->disk, path);
	if (err) {
		kfree(m);
		return ERR_PTR(err);
	}
	err = terrace_media_wear_load(m);
	if (!err) {
		media_ready(m);
		/* from now on a crash is seen as one */
		err = terrace_media_wear_save(m, false);
	}
	if (err) {
		media_destroy(m);
		return ERR_PTR(err);
	}
	return m;
}

/**
 * terrace_media_close - write the wear table and give the device back
 */
void terrace_media_close(struct terrace_media *m)
{
	int err = terrace_media_wear_save(m, true);

	if (err)
		pr_err("terrace: the wear of the last %u pages at most was not saved (%d)\n",
		       MEDIA_LOSS_PAGES, err);
	media_destroy(m);
}
