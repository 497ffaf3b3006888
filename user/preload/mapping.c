// SPDX-License-Identifier: LGPL-2.1-or-later
/* mmap(2), munmap(2), mremap(2), mprotect(2) as the program calls them. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "preload/preload.h"

/* Who wants an address may rely on getting it. */
static bool takes(void *addr, size_t bytes, int flags, off_t offset)
{
	const int kinds = MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_HUGETLB | MAP_32BIT | MAP_LOCKED;

	return !addr && bytes && bytes <= PTRDIFF_MAX && !(flags & kinds) &&
	       !(offset & (PAGE - 1));
}

/* Nothing written through the descriptor is to be seen in the mapping, nor the other way round. */
static bool only_read(int fd)
{
	int mode = fcntl(fd, F_GETFL);

	return mode >= 0 && (mode & O_ACCMODE) == O_RDONLY;
}

/* Mappings of a file that are only read. */
static bool takes_file(int prot, int flags, int fd)
{
	int type = flags & MAP_TYPE;

	return fd >= 0 && prot == PROT_READ && !(flags & MAP_ANONYMOUS) &&
	       (type == MAP_PRIVATE || (type == MAP_SHARED && only_read(fd)));
}

/* Private memory; neither a reservation nor a stack. */
static bool takes_memory(size_t bytes, int prot, int flags)
{
	return (flags & MAP_TYPE) == MAP_PRIVATE && (flags & MAP_ANONYMOUS) &&
	       prot == (PROT_READ | PROT_WRITE) && bytes >= preload_settings.memory_min;
}

static void *place(size_t bytes, int prot, int flags, int fd, off_t offset, const void *caller)
{
	const int not_memory = MAP_NORESERVE | MAP_STACK | MAP_GROWSDOWN;
	void *placed = NULL;

	preload_enter();
	if (takes_file(prot, flags, fd))
		placed = place_file(fd, offset, bytes, (flags & MAP_TYPE) == MAP_SHARED ?
				    REGION_FILE_SHARED : REGION_FILE);
	else if (!(flags & not_memory) && takes_memory(bytes, prot, flags) &&
		 !caller_allocates(caller))
		placed = place_memory(bytes, PAGE, REGION_MEMORY);
	preload_leave();
	return placed;
}

/* Another mapping has taken the place of what was there. */
static void replaced(void *addr, size_t bytes)
{
	regions_cut((uintptr_t)addr, (uintptr_t)addr + PAGE_UP(bytes));
}

EXPORT void *mmap(void *addr, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	void *mapped = NULL;

	if (takes(addr, bytes, flags, offset) && !preload_inside())
		mapped = place(bytes, prot, flags, fd, offset,
			       __builtin_return_address(0));
	if (mapped)
		return mapped;
	mapped = real_mmap(addr, bytes, prot, flags, fd, offset);
	if ((flags & MAP_FIXED) && mapped != MAP_FAILED)
		replaced(mapped, bytes);
	return mapped;
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

/* Give up being placed, for what a buffer cannot do. */
static int become_plain(uintptr_t start, uintptr_t end)
{
	int err;

	preload_enter();
	err = regions_walk(start, end, place_plain, 0);
	preload_leave();
	return err;
}

static int file_part(const struct piece *p, uintptr_t start, uintptr_t end, int unused)
{
	(void)start;
	(void)end;
	(void)unused;
	return p && !region_writable(p->region) ? -ENOMEM : 0;
}

/* What a copy of a file's content grows by would not be the file's. */
static int prepare_move(uintptr_t start, uintptr_t end, bool grows)
{
	int err = grows ? regions_walk(start, end, file_part, 0) : 0;

	return err ? err : become_plain(start, end);
}

static void *remap(void *addr, size_t bytes, size_t to_bytes, int flags, void *to)
{
	uintptr_t start = (uintptr_t)addr, end = start + PAGE_UP(bytes ? bytes : 1);
	int err;

	if (!to_bytes || (start & (PAGE - 1)) || end <= start || !regions_near(start, end))
		return real_mremap(addr, bytes, to_bytes, flags, to);
	if (PAGE_UP(to_bytes) <= PAGE_UP(bytes) && !(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
		if (PAGE_UP(to_bytes) == PAGE_UP(bytes) ||
		    !munmap((char *)addr + PAGE_UP(to_bytes), PAGE_UP(bytes) - PAGE_UP(to_bytes)))
			return addr;
		return MAP_FAILED;
	}
	err = prepare_move(start, end, to_bytes > bytes);
	if (err) {
		errno = -err;
		return MAP_FAILED;
	}
	return real_mremap(addr, bytes, to_bytes, flags, to);
}

EXPORT void *mremap(void *addr, size_t bytes, size_t to_bytes, int flags, ...)
{
	void *to = NULL, *mapped;
	va_list args;

	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		va_start(args, flags);
		to = va_arg(args, void *);
		va_end(args);
	}
	mapped = remap(addr, bytes, to_bytes, flags, to);
	if ((flags & MREMAP_FIXED) && mapped != MAP_FAILED)
		replaced(mapped, to_bytes);
	return mapped;
}

/* Any protection but its own makes a part plain; a file that is open to be read stays so. */
static int protect_part(const struct piece *p, uintptr_t start, uintptr_t end, int prot)
{
	int own;

	if (!p)
		return 0;
	own = region_writable(p->region) ? PROT_READ | PROT_WRITE : PROT_READ;
	if (prot == own)
		return 0;
	if (p->region->kind == REGION_FILE_SHARED && (prot & PROT_WRITE))
		return -EACCES;
	return place_plain(p, start, end, 0);
}

EXPORT int mprotect(void *addr, size_t bytes, int prot)
{
	uintptr_t start = (uintptr_t)addr;
	uintptr_t end = start + PAGE_UP(bytes);
	int err = 0;

	if (!(start & (PAGE - 1)) && start < end && regions_near(start, end)) {
		preload_enter();
		err = regions_walk(start, end, protect_part, prot);
		preload_leave();
	}
	if (!err)
		return real_mprotect(addr, bytes, prot);
	errno = -err;
	return -1;
}
