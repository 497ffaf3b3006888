/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statistics and settings of the device: files of sysfs and configfs with one value each. */
#ifndef _CLI_SYSFS_H
#define _CLI_SYSFS_H

#include <stddef.h>
#include <stdint.h>

#define SYSFS_VALUE_MAX	256	/* bytes of a value, with its NUL */

/**
 * sysfs_read - read a value
 * @tier: a tier's name, NULL for the device's own files
 * @value: without its final newline
 *
 * Return: 0; a negative errno, -ENODATA when there is no value yet.
 */
int sysfs_read(const char *tier, const char *attribute, char value[SYSFS_VALUE_MAX]);

/**
 * sysfs_number - read a number
 *
 * Return: 0; a negative errno, -EINVAL when it is no number.
 */
int sysfs_number(const char *tier, const char *attribute, uint64_t *value);

/**
 * sysfs_setting - read a number of a tier's settings, a key of its profile among them
 *
 * From /sys/kernel/config/terrace/tiers.
 *
 * Return: as sysfs_number().
 */
int sysfs_setting(const char *tier, const char *key, uint64_t *value);

typedef int (*sysfs_visit_fn)(const char *attribute, const char *value, void *context);

/**
 * sysfs_each - call a function for every value of a tier, by name
 * @visit: returns 0 to go on
 *
 * A value that cannot be read (there is none yet) is left out.
 *
 * Return: 0; a negative errno; what @visit returned.
 */
int sysfs_each(const char *tier, sysfs_visit_fn visit, void *context);

#endif /* _CLI_SYSFS_H */
