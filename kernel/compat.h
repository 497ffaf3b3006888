/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels the module builds on, 6.12 and newer: one place, by version. */
#ifndef _TERRACE_COMPAT_H
#define _TERRACE_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "terrace needs Linux 6.12 or newer"
#endif

#endif /* _TERRACE_COMPAT_H */
