// SPDX-License-Identifier: GPL-2.0-only
/* Buffers: creation, look-up, the calls on a buffer's descriptor, release. */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/fadvise.h>
#include <linux/file.h>
#include <linux/pagemap.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "terrace.h"
#include "trace.h"

static bool buffer_name_valid(const char *name)
{
	size_t i, n = strnlen(name, TERRACE_NAME_MAX);

	for (i = 0; i < n; i++)
		if (!isascii(name[i]) || !isprint(name[i]))
			return false;
	return n < TERRACE_NAME_MAX;
}

static int buffer_check(struct terrace_create *arg, u64 *count)
{
	if (!arg->extent_shift)
		arg->extent_shift = TERRACE_EXTENT_SHIFT_MAX;
	if (arg->flags & ~(TERRACE_CREATE_PINNABLE | TERRACE_CREATE_STRICT) ||
	    arg->class_id >= TERRACE_CLASSES || !arg->bytes ||
	    arg->extent_shift < TERRACE_EXTENT_SHIFT_MIN ||
	    arg->extent_shift > TERRACE_EXTENT_SHIFT_MAX || !buffer_name_valid(arg->name))
		return -EINVAL;
	*count = ((arg->bytes - 1) >> arg->extent_shift) + 1;
	if (*count > TERRACE_EXTENTS_MAX)
		return -EINVAL;
	if (arg->tier == TERRACE_TIER_ANY)
		return arg->flags & TERRACE_CREATE_STRICT ? -EINVAL : 0;
	if (terrace_tier_valid(arg->tier))
		return 0;
	arg->reason = TERRACE_REASON_NO_TIER;
	return -ENXIO;
}

/* Take room on a tier for extents from @first on; returns the first that has none. */
static int buffer_place_on(struct terrace_buffer *b, u32 tier, u64 *first, u32 *reason)
{
	u64 n = b->count - *first;
	int err;

	err = terrace_tier_take(tier, b->class_id, terrace_extent_bytes(b), &n, reason);
	b->tier_extents[tier] += n;
	for (; n; n--)
		b->extents[(*first)++].tier = tier;
	return err;
}

static void buffer_unplace(struct terrace_buffer *b)
{
	u32 i;

	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		terrace_tier_give(i, terrace_extent_bytes(b), b->tier_extents[i]);
}

/* Give every extent a home: the preferred tier first, then the placement rule's. */
static int buffer_place(struct terrace_buffer *b, struct terrace_create *arg)
{
	u32 order[TERRACE_TIERS_MAX];
	u64 first = 0;
	u32 i, n;
	int err;

	if (arg->tier != TERRACE_TIER_ANY) {
		err = buffer_place_on(b, arg->tier, &first, &arg->reason);
		if (err)
			return err;
		if (first == b->count) {
			arg->reason = TERRACE_REASON_NONE;
			return 0;
		}
	}
	n = terrace_policy_order(b->class_id, order);
	if (!n) {
		arg->reason = TERRACE_REASON_NO_TIER;
		for (i = 0; i < TERRACE_TIERS_MAX; i++)
			if (terrace_tier_valid(i))
				arg->reason = TERRACE_REASON_CLASS;
		buffer_unplace(b);
		return arg->reason == TERRACE_REASON_CLASS ? -EXDEV : -ENXIO;
	}
	for (i = 0; i < n && !(arg->flags & TERRACE_CREATE_STRICT); i++)
		buffer_place_on(b, order[i], &first, &arg->reason);
	if (first == b->count) {
		arg->reason = TERRACE_REASON_NONE;
		return 0;
	}
	arg->reason = TERRACE_REASON_TIER_FULL;
	arg->shortfall_bytes = (b->count - first) << b->shift;
	buffer_unplace(b);
	return -ENOSPC;
}

static struct terrace_buffer *buffer_alloc(struct terrace_session *s,
					   const struct terrace_create *arg, u64 count)
{
	struct terrace_buffer *b;

	b = kvzalloc(struct_size(b, extents, count), GFP_KERNEL_ACCOUNT);
	if (!b)
		return NULL;
	b->count = count;
	b->class_id = arg->class_id;
	b->flags = arg->flags;
	b->shift = arg->extent_shift;
	b->uid = current_euid();
	strscpy(b->name, arg->name, sizeof(b->name));
	mutex_init(&b->range_lock);
	spin_lock_init(&b->table_lock);
	INIT_LIST_HEAD(&b->jobs);
	INIT_LIST_HEAD(&b->spares);
	INIT_LIST_HEAD(&b->views);
	terrace_pieces_init(b);
	b->memcg = get_mem_cgroup_from_mm(current->mm);
	if (terrace_shrinker_prepare(b)) {
		mem_cgroup_put(b->memcg);
		kvfree(b);
		return NULL;
	}
	b->pid = get_task_pid(current, PIDTYPE_TGID);
	b->session = terrace_session_get(s);
	spin_lock(&s->buffers_lock);
	b->number = ++s->next_number;
	list_add_tail(&b->link, &s->buffers);
	spin_unlock(&s->buffers_lock);
	return b;
}

/* Undo buffer_alloc(). A reader may still be looking the buffer up by its id. */
static void buffer_free(struct terrace_buffer *b)
{
	spin_lock(&b->session->buffers_lock);
	list_del(&b->link);
	spin_unlock(&b->session->buffers_lock);
	terrace_session_put(b->session);
	put_pid(b->pid);
	terrace_shrinker_forget(b);
	mem_cgroup_put(b->memcg);
	terrace_pieces_free(b);
	kvfree_rcu(b, rcu);
}

static struct file *buffer_file(struct terrace_buffer *b)
{
	struct file *file;

	file = anon_inode_create_getfile("[terrace]", &terrace_buffer_fops, b, O_RDWR | O_CLOEXEC,
					 NULL);
	if (IS_ERR(file))
		return file;
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	b->mapping = file->f_mapping;
	i_size_write(file_inode(file), b->count << b->shift);
	/* __GFP_DMA in the mask keeps NUMA balancing off: it cannot move these pages */
	mapping_set_gfp_mask(b->mapping, GFP_KERNEL | __GFP_DMA);
	mapping_set_unevictable(b->mapping);
	return file;
}

static int buffer_publish(struct terrace_buffer *b, struct file *file)
{
	int err;

	WRITE_ONCE(b->file, file);
	err = xa_alloc_cyclic(&terrace.buffers, &b->id, b, XA_LIMIT(1, U32_MAX),
			      &terrace.next_buffer, GFP_KERNEL_ACCOUNT);
	if (err < 0)
		b->id = 0;	/* it was tried, and is not ours */
	return min(err, 0);	/* 1: the counter has wrapped */
}

/**
 * terrace_buffer_create - TERRACE_IOC_CREATE
 * @file: set to the buffer's file, to be installed or put by the caller
 *
 * Return: 0, -EINVAL, -ENXIO, -EXDEV, -EDQUOT, -ENOSPC, -EBUSY (a replay owns the device) or
 * -ENOMEM.
 */
int terrace_buffer_create(struct terrace_session *s, struct terrace_create *arg, struct file **file)
{
	struct terrace_buffer *b;
	u64 count;
	int err;

	arg->reason = TERRACE_REASON_NONE;
	arg->shortfall_bytes = 0;
	err = buffer_check(arg, &count);
	if (err)
		return err;
	err = terrace_session_activate(s);
	if (err)
		return err;
	b = buffer_alloc(s, arg, count);
	if (!b)
		return -ENOMEM;
	err = terrace_quota_take(b->uid, b->class_id, count << b->shift, &b->quota);
	if (err) {
		if (err == -EDQUOT)
			arg->reason = TERRACE_REASON_QUOTA;
		goto out_free;
	}
	err = buffer_place(b, arg);
	if (err)
		goto out_quota;
	*file = buffer_file(b);
	if (IS_ERR(*file)) {
		err = PTR_ERR(*file);
		goto out_place;
	}
	err = buffer_publish(b, *file);
	if (err) {
		fput(*file);		/* releases all the rest */
		return err;
	}
	arg->buffer = b->id;
	trace_terrace_create(b->id, b->class_id, count << b->shift, b->shift, b->flags);
	return 0;

out_place:
	buffer_unplace(b);
out_quota:
	terrace_quota_give(b->quota, b->class_id, count << b->shift);
out_free:
	buffer_free(b);
	return err;
}

/**
 * terrace_buffer_use - keep a buffer's structure and extents while its file may be going
 *
 * For work that nobody waits for. The last close waits for those who use the buffer: an extent's
 * transfer at most. The caller keeps the file, or a folio of the buffer in a landing pool.
 *
 * Return: true, to be ended with terrace_buffer_unuse(); false when the buffer is going.
 */
bool terrace_buffer_use(struct terrace_buffer *b)
{
	atomic_inc(&b->users);
	smp_mb__after_atomic();	/* pairs with the barrier in buffer_release() */
	if (READ_ONCE(b->file))
		return true;
	terrace_buffer_unuse(b);
	return false;
}

/**
 * terrace_buffer_unuse - end terrace_buffer_use()
 */
void terrace_buffer_unuse(struct terrace_buffer *b)
{
	if (atomic_dec_and_test(&b->users))
		wake_up_var(&b->users);
}

/* Drop an extent's frames. Returns the bytes that stay used because they are pinned. */
static u64 buffer_drop_extent(struct terrace_buffer *b, u64 index)
{
	struct terrace_extent *e = &b->extents[index];

	terrace_block_free(b, index);
	if (!e->folio)
		return 0;
	if (terrace_extent_flash(b, index))
		terrace_landing_remove(e->tier, e->folio);
	if (folio_ref_count(e->folio) == 1 || terrace_frame_poisoned(e->folio)) {
		terrace_frame_free(e->folio, e->tier);
		return 0;
	}
	terrace_detached_add(e->folio, e->tier, b->quota, b->class_id);
	return terrace_extent_bytes(b);
}

static int buffer_release(struct inode *inode, struct file *file)
{
	struct terrace_buffer *b = file->private_data;
	u64 bytes = b->count << b->shift;
	u64 index, stay;
	u32 tier;

	if (b->id)
		xa_erase(&terrace.buffers, b->id);
	WRITE_ONCE(b->file, NULL);
	smp_mb();	/* pairs with the barrier in terrace_buffer_use() */
	terrace_background_cancel(b);
	wait_var_event(&b->users, !atomic_read(&b->users));
	for (index = 0; index < b->count; index++) {
		tier = b->extents[index].tier;
		stay = buffer_drop_extent(b, index);
		if (stay)
			b->tier_extents[tier]--;
		bytes -= stay;
		cond_resched();
	}
	terrace_frame_drain(b);
	buffer_unplace(b);
	terrace_quota_give(b->quota, b->class_id, bytes);
	buffer_free(b);
	return 0;
}

/**
 * terrace_buffer_get - a buffer by id
 *
 * Return: the buffer, kept by a reference to its file until terrace_buffer_put(); NULL when there
 * is none.
 */
struct terrace_buffer *terrace_buffer_get(u32 id)
{
	struct terrace_buffer *b;

	guard(rcu)();
	b = xa_load(&terrace.buffers, id);
	return b && get_file_active(&b->file) ? b : NULL;
}

/**
 * terrace_buffer_put - end terrace_buffer_get() or terrace_buffer_next()
 */
void terrace_buffer_put(struct terrace_buffer *b)
{
	fput(b->file);
}

/**
 * terrace_buffer_next - the buffer with the next higher id
 * @after: id to begin after; set to the id found
 *
 * Return: as terrace_buffer_get().
 */
struct terrace_buffer *terrace_buffer_next(u32 *after)
{
	struct terrace_buffer *b;
	unsigned long id = *after;

	guard(rcu)();
	while (id < U32_MAX) {
		id++;
		b = xa_find(&terrace.buffers, &id, U32_MAX, XA_PRESENT);
		if (!b)
			return NULL;
		*after = id;
		if (get_file_active(&b->file))
			return b;
	}
	return NULL;
}

/**
 * terrace_buffer_permitted - may the caller use a buffer it was not given?
 */
bool terrace_buffer_permitted(const struct terrace_buffer *b)
{
	return uid_eq(b->uid, current_euid()) || capable(CAP_SYS_ADMIN);
}

/**
 * terrace_buffer_describe - fill in what others see of a buffer
 */
void terrace_buffer_describe(struct terrace_buffer *b, struct terrace_buffer_info *info)
{
	u32 i;

	memset(info, 0, sizeof(*info));
	info->buffer = b->id;
	info->class_id = b->class_id;
	info->flags = b->flags;
	info->extent_shift = b->shift;
	info->bytes = b->count << b->shift;
	info->session = READ_ONCE(b->session->closed) ? 0 : b->session->id;
	info->uid = from_kuid_munged(current_user_ns(), b->uid);
	info->pid = pid_vnr(b->pid);
	strscpy(info->name, b->name, sizeof(info->name));
	guard(spinlock)(&b->table_lock);
	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		info->tier_bytes[i] = b->tier_extents[i] << b->shift;
	info->resident_bytes = b->resident << b->shift;
	info->sealed_bytes = b->sealed << b->shift;
}

static int buffer_call_info(void *object, void *arg)
{
	struct terrace_buffer_stat *stat = arg;

	if (stat->reserved)
		return -EINVAL;
	terrace_buffer_describe(object, &stat->info);
	return 0;
}

static int buffer_call_seal(void *object, void *arg)
{
	return terrace_range_seal(object, arg);
}

static int buffer_call_discard(void *object, void *arg)
{
	return terrace_range_discard(object, arg);
}

static int buffer_call_prefetch(void *object, void *arg)
{
	return terrace_range_prefetch(object, arg);
}

static int buffer_call_pieces(void *object, void *arg)
{
	return terrace_pieces_add(object, arg);
}

static int buffer_call_query(void *object, void *arg)
{
	struct terrace_query *query = arg;

	return query->reserved ? -EINVAL : terrace_range_query(object, query);
}

static int buffer_call_migrate(void *object, void *arg)
{
	return terrace_migrate_moves(object, arg);
}

static int buffer_call_refresh(void *object, void *arg)
{
	return terrace_refresh_range(object, arg);
}

#define BUFFER_NR(cmd)	(_IOC_NR(cmd) - _IOC_NR(TERRACE_BUF_INFO))

static const struct terrace_call buffer_calls[] = {
	[BUFFER_NR(TERRACE_BUF_INFO)] = { sizeof(struct terrace_buffer_stat), buffer_call_info },
	[BUFFER_NR(TERRACE_BUF_SEAL)] = { sizeof(struct terrace_range), buffer_call_seal },
	[BUFFER_NR(TERRACE_BUF_DISCARD)] = { sizeof(struct terrace_range), buffer_call_discard },
	[BUFFER_NR(TERRACE_BUF_QUERY)] = { sizeof(struct terrace_query), buffer_call_query },
	[BUFFER_NR(TERRACE_BUF_MIGRATE)] = { sizeof(struct terrace_migrate), buffer_call_migrate },
	[BUFFER_NR(TERRACE_BUF_REFRESH)] = { sizeof(struct terrace_refresh), buffer_call_refresh },
	[BUFFER_NR(TERRACE_BUF_PREFETCH)] = { sizeof(struct terrace_range), buffer_call_prefetch },
	[BUFFER_NR(TERRACE_BUF_PIECES)] = { sizeof(struct terrace_pieces), buffer_call_pieces },
};

/**
 * terrace_buffer_ioctl - calls on a buffer, or on a view of it
 */
long terrace_buffer_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return terrace_call(buffer_calls, _IOC_NR(TERRACE_BUF_INFO), ARRAY_SIZE(buffer_calls),
			    terrace_file_buffer(file), cmd, arg);
}

static int buffer_fadvise(struct file *file, loff_t offset, loff_t len, int advice)
{
	struct terrace_buffer *b = file->private_data;
	u64 bytes = b->count << b->shift;

	if (offset < 0 || len < 0 || advice < 0 || advice > POSIX_FADV_NOREUSE)
		return -EINVAL;
	if (advice == POSIX_FADV_NOREUSE)
		return 0;	/* has no meaning here */
	if (advice != POSIX_FADV_WILLNEED && advice != POSIX_FADV_DONTNEED) {
		terrace_readahead_advise(b, advice);
		return 0;
	}
	if (offset >= bytes)
		return 0;
	if (!len || len > bytes - offset)
		len = bytes - offset;
	return terrace_migrate_advise(b, offset, len, advice);
}

const struct file_operations terrace_buffer_fops = {
	.owner			= THIS_MODULE,
	.llseek			= terrace_io_llseek,
	.read_iter		= terrace_io_read,
	.write_iter		= terrace_io_write,
	.unlocked_ioctl		= terrace_buffer_ioctl,
	.compat_ioctl		= compat_ptr_ioctl,
	.uring_cmd		= terrace_migrate_uring,
	.mmap			= terrace_fault_mmap,
	.get_unmapped_area	= thp_get_unmapped_area,
	.fadvise		= buffer_fadvise,
	.release		= buffer_release,
};
