// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shape all ioctls share: a structure that begins with its size, copied in once, checked to be
 * zero where this kernel does not know it, and copied back, also on failure: it may hold the reason.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "terrace.h"

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

	if (_IOC_TYPE(cmd) != TERRACE_IOC || nr >= count || !calls[nr].fn)
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
	err = call->fn(object, copy);
	if (copy_to_user(user, copy, call->bytes) && !err)
		err = -EFAULT;
out:
	kfree(copy);
	return err;
}
