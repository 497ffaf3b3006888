/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels the module builds on, 6.12 and newer: one place, by version. */
#ifndef _TERRACE_COMPAT_H
#define _TERRACE_COMPAT_H

#include <linux/io_uring/cmd.h>
#include <linux/list_lru.h>
#include <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "terrace needs Linux 6.12 or newer"
#endif

/* 7.x: a macro that checks the type's size; 6.12: a function that returns the command area. */
#ifdef io_uring_sqe_cmd
#define terrace_sqe_cmd(_sqe, _type)	io_uring_sqe_cmd(_sqe, _type)
#else
#define terrace_sqe_cmd(_sqe, _type)	((const typeof(_type) *)io_uring_sqe_cmd(_sqe))
#endif

/* The arguments of a function that list_lru_walk_one() calls for each item. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define TERRACE_WALK_ARGS(_item, _arg)						\
	struct list_head *_item, struct list_lru_one *list, void *_arg
#else
#define TERRACE_WALK_ARGS(_item, _arg)						\
	struct list_head *_item, struct list_lru_one *list, spinlock_t *lock, void *_arg
#endif

/* Take all of a VMA's mappings away, under mmap_lock. */
static inline void terrace_zap_vma(struct vm_area_struct *vma)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
	zap_vma_range(vma, vma->vm_start, vma->vm_end - vma->vm_start);
#else
	zap_page_range_single(vma, vma->vm_start, vma->vm_end - vma->vm_start, NULL);
#endif
}

#endif /* _TERRACE_COMPAT_H */
