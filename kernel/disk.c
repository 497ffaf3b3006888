// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block device of a flash tier: opened exclusively, synchronous transfers, removal at any time.
 * Transfers sleep until the device or its time-out answers.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/nodemask.h>

#include "media.h"

/* The device is gone: what was on its way fails, the rest is not tried. */
static void disk_mark_dead(struct block_device *bdev, bool surprise)
{
	struct terrace_disk *d = bdev->bd_holder;

	WRITE_ONCE(d->dead, true);
	/* as the block layer asks of holders */
	mutex_unlock(&bdev->bd_holder_lock);
}

static const struct blk_holder_ops disk_holder_ops = {
	.mark_dead	= disk_mark_dead,
};

/**
 * terrace_disk_open - take a block device for oneself
 *
 * Return: 0, -ETXTBSY somebody else has it, -EROFS, -ENOTBLK or what the path says.
 */
int terrace_disk_open(struct terrace_disk *d, const char *path)
{
	int node;

	d->dead = false;
	d->file = bdev_file_open_by_path(path, BLK_OPEN_READ | BLK_OPEN_WRITE, d,
					 &disk_holder_ops);
	if (PTR_ERR_OR_ZERO(d->file) == -EBUSY)
		return -ETXTBSY;	/* EBUSY is for ranks */
	if (IS_ERR(d->file))
		return PTR_ERR(d->file) == -EACCES ? -EROFS : PTR_ERR(d->file);
	d->bdev = file_bdev(d->file);
	d->bytes = bdev_nr_bytes(d->bdev);
	node = d->bdev->bd_disk->node_id;
	if (node < 0 || !node_state(node, N_MEMORY))
		node = first_node(node_states[N_MEMORY]);
	d->node = node;
	if (!bdev_read_only(d->bdev) && bdev_logical_block_size(d->bdev) <= TERRACE_MEDIA_PAGE)
		return 0;
	terrace_disk_close(d);
	return -EROFS;
}

/**
 * terrace_disk_close - give it back
 */
void terrace_disk_close(struct terrace_disk *d)
{
	bdev_fput(d->file);
}

/* Whatever is wrong with the medium is EIO here. */
static int disk_submit(struct terrace_disk *d, struct bio *bio)
{
	int err = READ_ONCE(d->dead) ? -ENODEV : submit_bio_wait(bio);

	bio_put(bio);
	return err == -ENODATA || err == -EILSEQ ? -EIO : err;
}

/**
 * terrace_disk_folio - transfer a whole folio
 * @op: REQ_OP_READ or REQ_OP_WRITE with flags
 *
 * Return: 0, -ENODEV or what the block layer says.
 */
int terrace_disk_folio(struct terrace_disk *d, blk_opf_t op, u64 offset, struct folio *folio)
{
	struct bio *bio = bio_alloc(d->bdev, 1, op, GFP_NOIO);

	bio->bi_iter.bi_sector = offset >> SECTOR_SHIFT;
	bio_add_folio_nofail(bio, folio, folio_size(folio), 0);
	return disk_submit(d, bio);
}

/**
 * terrace_disk_vmalloc - transfer whole pages of vmalloc memory
 */
int terrace_disk_vmalloc(struct terrace_disk *d, blk_opf_t op, u64 offset, void *at, size_t bytes)
{
	int err = 0;

	while (bytes && !err) {
		size_t n = min_t(size_t, bytes, (size_t)BIO_MAX_VECS << PAGE_SHIFT);
		struct bio *bio = bio_alloc(d->bdev, n >> PAGE_SHIFT, op, GFP_NOIO);
		size_t done;

		bio->bi_iter.bi_sector = offset >> SECTOR_SHIFT;
		for (done = 0; done < n; done += PAGE_SIZE)
			__bio_add_page(bio, vmalloc_to_page(at + done), PAGE_SIZE, 0);
		err = disk_submit(d, bio);
		at += n;
		offset += n;
		bytes -= n;
	}
	return err;
}
