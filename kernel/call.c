// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shape all ioctls share: a structure that begins with its size, copied in once, checked to be
 * zero where this kernel does not know it, and copied back, also on failure: it may hold the
 * reason.
 */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "terrace.h"

/*
 * A call that returns a descriptor. It is installed only after the structure that names it was
 * copied out: user space could not close one it never heard of.
 */
static int call_open(const struct terrace_call *call, void *object, void *copy, void __user *user)
{
	struct file *file;
	int fd, err;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	err = call->open(object, copy, &file);
	*(s32 *)(copy + call->fd_offset) = err ? -1 : fd;
	if (copy_to_user(user, copy, call->bytes) && !err) {
		fput(file);
		err = -EFAULT;
	}
	if (err)
		put_unused_fd(fd);
	else
		fd_install(fd, file);
	return err;
}

static int call_plain(const struct terrace_call *call, void *object, void *copy, void __user *user)
{
	int err = call->fn(object, copy);

	return copy_to_user(user, copy, call->bytes) && !err ? -EFAULT : err;
}

/**
 * terrace_call - do one call of a table
 * @calls: by _IOC_NR - @first; an empty entry is no call
 * @object: passed to the call
 *
 * Return: what the call returned; -ENOTTY no such call, -EINVAL too small a structure, -E2BIG a
 * structure with content this kernel does not know, -EFAULT, -ENOMEM.
 */
int terrace_call(const struct terrace_call *calls, unsigned int first, unsigned int count,
		 void *object, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	unsigned int nr = _IOC_NR(cmd) - first;
	const struct terrace_call *call;
	void *copy;
	u32 size;
	int err;

	if (_IOC_TYPE(cmd) != TERRACE_IOC || nr >= count || (!calls[nr].fn && !calls[nr].open))
		return -ENOTTY;
	call = &calls[nr];
	if (!call->bytes)
		return call->fn(object, NULL);

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < call->bytes)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	copy = kzalloc(call->bytes, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	err = copy_struct_from_user(copy, call->bytes, user, size);
	if (err)
		goto out;
	*(u32 *)copy = call->bytes;
	err = call->open ? call_open(call, object, copy, user) :
			   call_plain(call, object, copy, user);
out:
	kfree(copy);
	return err;
}
