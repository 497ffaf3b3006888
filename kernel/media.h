/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flash media: a block device of erase blocks with wear. Three files:
 *
 *   disk.c	the block device: exclusive, may die; synchronous transfers
 *   media_wear.c	superblock and wear table
 *   media.c	which block an extent gets: allocate, program, read, free, retire
 *
 * A block is as large as the extent it is for, and is named by the number of its first 4 KiB page
 * + 1; 0 is none. Blocks of one size share segments of 2 MiB; wear is counted by segment, in pages.
 */
#ifndef _TERRACE_MEDIA_H
#define _TERRACE_MEDIA_H

#include <linux/bitmap.h>
#include <linux/blk_types.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <linux/terrace_media.h>

#define MEDIA_SEGMENT_PAGES	(1U << (TERRACE_MEDIA_SEGMENT_SHIFT - 12))
#define MEDIA_SIZES		(TERRACE_MEDIA_SEGMENT_SHIFT - 12 + 1)

/* A checkpoint of the wear table is due after so many pages: 128 MiB. */
#define MEDIA_LOSS_PAGES	(64 * MEDIA_SEGMENT_PAGES)

/* What is done to a block, and what came of it: the status codes of OCP's HBF specification. */
#define TERRACE_MEDIA_READ		0
#define TERRACE_MEDIA_PROGRAM		1

#define TERRACE_STATUS_UECC		0x4	/* read: not to be corrected */
#define TERRACE_STATUS_CECC		0x5	/* read: valid, refresh soon */
#define TERRACE_STATUS_PROGRAM_FAIL	0x7	/* write */
#define TERRACE_STATUS_UNUSABLE		0x8	/* read or write: the block does not answer */

/* ---- disk.c ---- */

/**
 * struct terrace_disk - an exclusively opened block device
 * @file: holds it
 * @bytes: its size
 * @node: where its frames are nearest
 * @dead: it was removed; nothing reaches it any more
 */
struct terrace_disk {
	struct file *file;
	struct block_device *bdev;
	u64 bytes;
	int node;
	bool dead;
};

int terrace_disk_open(struct terrace_disk *d, const char *path);
void terrace_disk_close(struct terrace_disk *d);
int terrace_disk_folio(struct terrace_disk *d, blk_opf_t op, u64 offset, struct folio *folio);
int terrace_disk_vmalloc(struct terrace_disk *d, blk_opf_t op, u64 offset, void *at, size_t bytes);

/* ---- media.c, media_wear.c ---- */

/**
 * struct media_segment - a segment; under media.lock
 * @free: in media.free, by wear, while it has no block in use and is not retired
 * @link: in the partial list of its size
 * @pages: pages programmed, ever
 * @busy: blocks in use
 * @used: number of them
 * @shift: log2 of the bytes of its blocks, while one is in use
 */
struct media_segment {
	union {
		struct rb_node free;
		struct list_head link;
	};
	u64 pages;
	DECLARE_BITMAP(busy, MEDIA_SEGMENT_PAGES);
	u16 used;
	u8 shift;
	bool partial;
	bool retired;
};

/**
 * struct media_size - blocks of one size; under media.lock
 * @partial: segments with a free block
 * @taken: blocks promised
 * @live: segments in use that are not retired
 */
struct media_size {
	struct list_head partial;
	u64 taken;
	u32 live;
};

/**
 * struct terrace_media - a flash medium
 * @wear_lock: one table at a time; outside of @lock
 * @sequence, @copy: of the newest table, under @wear_lock
 * @unsaved_pages: programmed since the last checkpoint
 * @total_pages: programmed since the device was formatted
 * @uncertain_pages: that an earlier crash may have left uncounted
 * @in_flight: pages being programmed
 * @in_flight_most: so many at a time, or one block; 0 = not limited; fixed while online
 * @in_flight_turn: who waits for room; outside of @lock
 * @in_flight_wait: for others to be done
 * @usable: segments that may be promised: some are kept for levelling and retirement
 */
struct terrace_media {
	struct terrace_disk disk;
	u8 uuid[16];
	u64 wear_offset[2];
	u64 wear_bytes;
	u64 data_offset;
	u32 segment_count;

	struct mutex wear_lock;
	void *table;
	u64 sequence;
	u32 copy;
	u64 uncertain_pages;

	spinlock_t lock;	/* row 11 */
	struct rb_root_cached free;
	struct media_size sizes[MEDIA_SIZES];
	u64 unsaved_pages;
	u64 total_pages;
	u64 in_flight;
	u64 in_flight_most;
	struct mutex in_flight_turn;
	wait_queue_head_t in_flight_wait;
	u32 usable;
	u32 retired;
	struct media_segment *segments;
};

struct terrace_media *terrace_media_open(const char *path);
void terrace_media_close(struct terrace_media *m);

/* Nothing on it can be reached any more. */
static inline bool terrace_media_dead(const struct terrace_media *m)
{
	return READ_ONCE(m->disk.dead);
}

u64 terrace_media_reserve(struct terrace_media *m, u32 shift, u64 count);
void terrace_media_unreserve(struct terrace_media *m, u32 shift, u64 count);
u32 terrace_media_alloc(struct terrace_media *m, u32 shift);
void terrace_media_free(struct terrace_media *m, u32 block);
int terrace_media_program(struct terrace_media *m, u32 block, struct folio *folio, u32 *sum);
int terrace_media_read(struct terrace_media *m, u32 block, struct folio *folio, u32 sum);

u64 terrace_media_cycles_average(struct terrace_media *m);
u64 terrace_media_cycles_max(struct terrace_media *m);

int terrace_media_wear_load(struct terrace_media *m);
int terrace_media_wear_save(struct terrace_media *m, bool clean);
int terrace_media_wear_checkpoint(struct terrace_media *m);

#endif /* _TERRACE_MEDIA_H */
