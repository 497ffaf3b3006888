/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel module's statistics as metrics: every file of /sys/class/misc/terrace.
 */
#ifndef _DAEMON_SYSFS_METRICS_H
#define _DAEMON_SYSFS_METRICS_H

#include "daemon/metrics.h"

#define SYSFS_DEVICE	"/sys/class/misc/terrace"

/**
 * sysfs_metrics_write - write the families of the device and its tiers
 * @root: SYSFS_DEVICE, or another folder in tests
 *
 * A file that is missing or has no value now (lifetime in the first model minute) has no sample.
 */
void sysfs_metrics_write(struct metrics *m, const char *root);

#endif /* _DAEMON_SYSFS_METRICS_H */
