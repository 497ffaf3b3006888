// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views: read-only descriptors of a buffer, each charged to the session that made it.
 *
 * A view is a file with an inode of its own but with the buffer's mapping, so who takes an extent's
 * mappings away finds the views' as well. It is opened for reading only: that is what makes the
 * core refuse writable mappings and writes.
 */
#include <linux/anon_inodes.h>
#include <linux/fadvise.h>
#include <linux/file.h>
#include <linux/io_uring/cmd.h>
#include <linux/slab.h>

#include "terrace.h"

static const struct file_operations view_fops;

/**
 * terrace_file_view - the view that a file is, or NULL
 */
struct terrace_view_file *terrace_file_view(const struct file *file)
{
	return file->f_op == &view_fops ? file->private_data : NULL;
}

/**
 * terrace_file_buffer - the buffer that a file is, or is a view of; NULL when it is neither
 */
struct terrace_buffer *terrace_file_buffer(const struct file *file)
{
	if (file->f_op == &terrace_buffer_fops)
		return file->private_data;
	return file->f_op == &view_fops ? terrace_file_view(file)->buffer : NULL;
}

/**
 * terrace_view_held - has the session a view of the buffer?
 */
bool terrace_view_held(const struct terrace_session *s, struct terrace_buffer *b)
{
	const struct terrace_view_file *v;

	guard(spinlock)(&b->table_lock);
	list_for_each_entry(v, &b->views, link)
		if (v->session == s)
			return true;
	return false;
}

/* The caller keeps the buffer's file. */
static struct terrace_view_file *view_alloc(struct terrace_session *s, struct terrace_buffer *b)
{
	struct terrace_view_file *v;

	v = kvzalloc(struct_size(v, observed, b->count), GFP_KERNEL_ACCOUNT);
	if (!v)
		return NULL;
	v->count = b->count;
	v->buffer = b;
	get_file(b->file);
	v->session = terrace_session_get(s);
	atomic_inc(&s->views);
	spin_lock(&b->table_lock);
	list_add(&v->link, &b->views);
	spin_unlock(&b->table_lock);
	return v;
}

static void view_free(struct terrace_view_file *v)
{
	struct terrace_buffer *b = v->buffer;

	spin_lock(&b->table_lock);
	list_del(&v->link);
	spin_unlock(&b->table_lock);
	atomic_dec(&v->session->views);
	terrace_session_put(v->session);
	kvfree(v);
	terrace_buffer_put(b);
}

static struct file *view_file(struct terrace_view_file *v)
{
	struct terrace_buffer *b = v->buffer;
	struct file *file;

	file = anon_inode_create_getfile("[terrace-view]", &view_fops, v, O_RDONLY | O_CLOEXEC,
					 NULL);
	if (IS_ERR(file))
		return file;
	/* PWRITE says that there are positions; whether it may be written is the open mode's */
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	file->f_mapping = b->mapping;
	i_size_write(file_inode(file), b->count << b->shift);
	return file;
}

/**
 * terrace_view_create - TERRACE_IOC_VIEW
 * @file: set to the view's file, to be installed or put by the caller
 *
 * Return: 0, -EBADF, -EINVAL (no buffer, or unknown flags) or -ENOMEM.
 */
int terrace_view_create(struct terrace_session *s, struct terrace_view *arg, struct file **file)
{
	struct terrace_view_file *v;
	struct terrace_buffer *b;
	struct file *of;

	if (arg->flags)
		return -EINVAL;
	of = fget(arg->fd);
	if (!of)
		return -EBADF;
	b = terrace_file_buffer(of);
	v = b ? view_alloc(s, b) : NULL;
	fput(of);
	if (!v)
		return b ? -ENOMEM : -EINVAL;
	*file = view_file(v);
	if (IS_ERR(*file)) {
		view_free(v);
		return PTR_ERR(*file);
	}
	return 0;
}

static int view_release(struct inode *inode, struct file *file)
{
	view_free(file->private_data);
	return 0;
}

/* What a call on a view comes to before it is done: only what changes nothing is done. */
static int view_check(unsigned int cmd)
{
	switch (cmd) {
	case TERRACE_BUF_INFO:
	case TERRACE_BUF_QUERY:
	case TERRACE_BUF_PREFETCH:
		return 0;
	case TERRACE_BUF_SEAL:
	case TERRACE_BUF_DISCARD:
	case TERRACE_BUF_MIGRATE:
	case TERRACE_BUF_REFRESH:
	case TERRACE_BUF_PIECES:
		return -EBADF;
	default:
		return -ENOTTY;
	}
}

static long view_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return view_check(cmd) ?: terrace_buffer_ioctl(file, cmd, arg);
}

/* Everything that a buffer does through io_uring changes it. */
static int view_uring(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	return view_check(cmd->cmd_op) ?: -ENOTTY;
}

/* Nothing that others would notice: WILLNEED reads ahead, but moves nothing. */
static int view_fadvise(struct file *file, loff_t offset, loff_t len, int advice)
{
	struct terrace_buffer *b = terrace_file_buffer(file);
	u64 bytes = b->count << b->shift;

	if (offset < 0 || len < 0 || advice < 0 || advice > POSIX_FADV_NOREUSE)
		return -EINVAL;
	if (advice != POSIX_FADV_WILLNEED || offset >= bytes)
		return 0;
	if (!len || len > bytes - offset)
		len = bytes - offset;
	terrace_readahead_range(b, offset >> b->shift,
				DIV_ROUND_UP_ULL(offset + len, terrace_extent_bytes(b)));
	return 0;
}

static const struct file_operations view_fops = {
	.owner			= THIS_MODULE,
	.llseek			= terrace_io_llseek,
	.read_iter		= terrace_io_read,
	.unlocked_ioctl		= view_ioctl,
	.compat_ioctl		= compat_ptr_ioctl,
	.uring_cmd		= view_uring,
	.mmap			= terrace_fault_mmap,
	.get_unmapped_area	= thp_get_unmapped_area,
	.fadvise		= view_fadvise,
	.release		= view_release,
};
