// SPDX-License-Identifier: LGPL-2.1-or-later
/* mmap(2), munmap(2), mremap(2), mprotect(2) as the program calls them. */
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "preload/preload.h"

/* Mappings of a file that are only read, where the kernel chooses the address. */
static bool takes_file(int prot, int flags, int fd)
{
	const int kinds = MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_32BIT;

	return fd >= 0 && prot == PROT_READ && !(flags & kinds);
}

/* Private memory; neither a reservation nor a stack. */
static bool takes_memory(size_t bytes, int prot, int flags)
{
	const int kinds = MAP_SHARED | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_NORESERVE | MAP_STACK |
			  MAP_GROWSDOWN | MAP_HUGETLB | MAP_32BIT | MAP_LOCKED;

	return (flags & MAP_ANONYMOUS) && !(flags & kinds) && prot == (PROT_READ | PROT_WRITE) &&
	       bytes >= preload_settings.memory_min;
}

static void *place(size_t bytes, int prot, int flags, int fd, off_t offset)
{
	void *placed = NULL;
	int saved = errno;

	preload_enter();
	if (takes_file(prot, flags, fd))
		placed = place_file(fd, offset, bytes);
	else if (takes_memory(bytes, prot, flags))
		placed = place_memory(bytes, PAGE);
	preload_leave();
	errno = saved;
	return placed;
}

EXPORT void *mmap(void *addr, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	void *placed = NULL;

	if (!preload_inside() && bytes && !(offset & (PAGE - 1)))
		placed = place(bytes, prot, flags, fd, offset);
	if (placed)
		return placed;
	if ((flags & MAP_FIXED) && !((uintptr_t)addr & (PAGE - 1)))
		regions_cut((uintptr_t)addr, (uintptr_t)addr + PAGE_UP(bytes));
	return real_mmap(addr, bytes, prot, flags, fd, offset);
}

EXPORT void *mmap64(void *addr, size_t bytes, int prot, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));

/* The table first: what is unmapped may be another's in the next moment. */
EXPORT int munmap(void *addr, size_t bytes)
{
	if (bytes && !((uintptr_t)addr & (PAGE - 1)))
		regions_cut((uintptr_t)addr, (uintptr_t)addr + PAGE_UP(bytes));
	return real_munmap(addr, bytes);
}

static int plain_part(const struct piece *p, uintptr_t start, uintptr_t end, int unused)
{
	int err = p ? place_plain(start, end) : 0;

	(void)unused;
	if (p && !err)
		regions_cut(start, end);
	return err;
}

/* Give up being placed, for what a buffer cannot do. */
static int become_plain(uintptr_t start, uintptr_t end)
{
	int err;

	preload_enter();
	err = regions_walk(start, end, plain_part, 0);
	preload_leave();
	return err;
}

static void *remap(void *addr, size_t bytes, size_t to_bytes, int flags, void *to)
{
	uintptr_t start = (uintptr_t)addr;

	if (!regions_near(start, start + PAGE_UP(bytes)) || ((uintptr_t)addr & (PAGE - 1)))
		return real_mremap(addr, bytes, to_bytes, flags, to);
	if (PAGE_UP(to_bytes) < PAGE_UP(bytes) && !(flags & MREMAP_FIXED)) {
		munmap((char *)addr + PAGE_UP(to_bytes), PAGE_UP(bytes) - PAGE_UP(to_bytes));
		return addr;
	}
	if (become_plain(start, start + PAGE_UP(bytes))) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return real_mremap(addr, bytes, to_bytes, flags, to);
}

EXPORT void *mremap(void *addr, size_t bytes, size_t to_bytes, int flags, ...)
{
	void *to = NULL;
	va_list args;

	if (flags & MREMAP_FIXED) {
		va_start(args, flags);
		to = va_arg(args, void *);
		va_end(args);
		regions_cut((uintptr_t)to, (uintptr_t)to + PAGE_UP(to_bytes));
	}
	return remap(addr, bytes, to_bytes, flags, to);
}

static int seal_part(const struct piece *p, uintptr_t start, uintptr_t end, int unused)
{
	(void)start;
	(void)end;
	(void)unused;
	return p && !p->region->writable;
}

/* A private mapping of a file may be made writable, a sealed buffer may not. */
EXPORT int mprotect(void *addr, size_t bytes, int prot)
{
	uintptr_t start = (uintptr_t)addr;
	uintptr_t end = start + PAGE_UP(bytes);

	if ((prot & PROT_WRITE) && regions_near(start, end) &&
	    regions_walk(start, end, seal_part, 0) && become_plain(start, end)) {
		errno = ENOMEM;
		return -1;
	}
	return real_mprotect(addr, bytes, prot);
}
