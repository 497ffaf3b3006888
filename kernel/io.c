// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(2) and write(2) on a buffer. The folio is held by a reference, not by its lock, while bytes
 * are copied: the user's pages may be of the same extent. A migration sees the reference as a pin.
 */
#include <linux/pagemap.h>
#include <linux/uio.h>

#include "terrace.h"

static u64 io_bytes(const struct terrace_buffer *b)
{
	return b->count << b->shift;
}

/* Bytes of the request that are in the extent at @pos. */
static size_t io_chunk(const struct terrace_buffer *b, loff_t pos, size_t left)
{
	return min_t(u64, left, terrace_extent_bytes(b) - (pos & (terrace_extent_bytes(b) - 1)));
}

static size_t io_copy(struct folio *folio, size_t offset, size_t bytes, struct iov_iter *iter)
{
	size_t done = 0;

	while (done < bytes) {
		struct page *page = folio_page(folio, (offset + done) >> PAGE_SHIFT);
		size_t in_page = (offset + done) & ~PAGE_MASK;
		size_t n = min_t(size_t, bytes - done, PAGE_SIZE - in_page);
		size_t copied;

		if (PageHWPoison(page))
			break;
		copied = iov_iter_rw(iter) == READ ? copy_page_to_iter(page, in_page, n, iter) :
						     copy_page_from_iter(page, in_page, n, iter);
		done += copied;
		if (copied < n)
			break;
	}
	return done;
}

/* Take the folio of an extent for writing: dirty, and not sealed. */
static int io_begin_write(struct terrace_buffer *b, u64 index, struct folio **folio)
{
	struct terrace_extent *e = &b->extents[index];
	int err;

	err = terrace_extent_touch(b, index, folio);
	if (err)
		return err;
	/* a seal that came before our reference is seen here; a later one sees the reference */
	if (test_bit(TERRACE_X_SEALED, &e->flags)) {
		folio_put(*folio);
		return -EROFS;
	}
	set_bit(TERRACE_X_DIRTY, &e->flags);
	return 0;
}

static ssize_t io_rw(struct kiocb *iocb, struct iov_iter *iter,
		     int (*begin)(struct terrace_buffer *b, u64 index, struct folio **folio))
{
	struct terrace_buffer *b = terrace_file_buffer(iocb->ki_filp);
	ssize_t total = 0;
	int err = 0;

	while (iov_iter_count(iter) && iocb->ki_pos < io_bytes(b)) {
		u64 index = iocb->ki_pos >> b->shift;
		size_t n = io_chunk(b, iocb->ki_pos, iov_iter_count(iter));
		size_t in_extent = iocb->ki_pos & (terrace_extent_bytes(b) - 1);
		struct folio *folio;
		size_t done;

		if (terrace_extent_flash(b, index) && !terrace_pieces_use(b, iocb->ki_pos))
			terrace_readahead(b, index);
		err = begin(b, index, &folio);
		if (err)
			break;
		set_bit(TERRACE_X_USED, &b->extents[index].flags);
		done = io_copy(folio, in_extent, n, iter);
		if (done < n)
			err = PageHWPoison(folio_page(folio, (in_extent + done) >> PAGE_SHIFT)) ?
				-EIO : -EFAULT;
		folio_put(folio);
		iocb->ki_pos += done;
		total += done;
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		if (err)
			break;
		cond_resched();
	}
	return total ?: err;
}

/**
 * terrace_io_read - read(2); 0 at the end of the buffer
 */
ssize_t terrace_io_read(struct kiocb *iocb, struct iov_iter *to)
{
	return io_rw(iocb, to, terrace_extent_touch);
}

/**
 * terrace_io_write - write(2); -EROFS on a sealed extent, -ENOSPC at the end of the buffer
 */
ssize_t terrace_io_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct terrace_buffer *b = terrace_file_buffer(iocb->ki_filp);

	if (iov_iter_count(from) && iocb->ki_pos >= io_bytes(b))
		return -ENOSPC;
	return io_rw(iocb, from, io_begin_write);
}

/**
 * terrace_io_llseek - a buffer's size is fixed
 */
loff_t terrace_io_llseek(struct file *file, loff_t offset, int whence)
{
	struct terrace_buffer *b = terrace_file_buffer(file);

	return fixed_size_llseek(file, offset, whence, io_bytes(b));
}
