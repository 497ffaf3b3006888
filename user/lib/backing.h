/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Backings. The kernel takes mem:NODE and blk:PATH; a device may also be named blk:UUID, by the
 * UUID of its format, which does not change when the devices of a machine are numbered anew.
 *
 * Thread safe.
 */
#ifndef _TERRACE_LIB_BACKING_H
#define _TERRACE_LIB_BACKING_H

#include <stdbool.h>

#define BACKING_MAX	280	/* bytes of "blk:/dev/" and a name of sysfs, with the NUL */

/**
 * backing_valid - is it mem:, blk: with an absolute path, or blk: with a UUID?
 */
bool backing_valid(const char *backing);

/**
 * backing_is_uuid - does it name a device by UUID?
 */
bool backing_is_uuid(const char *backing);

/**
 * backing_find - find the block device that carries a format
 * @tier: a name for the sentence of an error
 * @backing: backing_is_uuid()
 * @out: "blk:/dev/NAME"
 *
 * Devices that others hold (of device mapper, md) are passed over: they show the bytes of their
 * holder, which is found itself.
 *
 * Return: 0; -ENOENT no device has it, -ENOTUNIQ several have; what reading one of them said when
 * none has it and some could not be read; with terrace_error().
 */
int backing_find(const char *tier, const char *backing, char out[BACKING_MAX]);

#endif /* _TERRACE_LIB_BACKING_H */
