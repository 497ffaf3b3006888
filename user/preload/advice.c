// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * madvise(2), mlock(2) and msync(2) as the program calls them. The kernel honours most advice on a
 * buffer's mapping itself; what it means for pages of the page cache is said here to the tiers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/internal.h"
#include "preload/preload.h"

/* Newer than some C libraries. */
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED	24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif

/* Offsets in the buffer of a part of a piece, widened to whole extents. */
struct part {
	struct terrace_buffer *buffer;
	uint64_t offset;
	uint64_t bytes;
};

static struct part part_of(const struct piece *p, uintptr_t start, uintptr_t end)
{
	struct terrace_buffer *b = p->region->buffer;
	uint64_t first = start - p->region->base, last = end - p->region->base;

	first -= first % b->extent_bytes;
	last += b->extent_bytes - 1;
	last -= last % b->extent_bytes;
	return (struct part) { .buffer = b, .offset = first, .bytes = last - first };
}

/* Bytes of a part that are at home on flash; all when it cannot be asked. */
static uint64_t flash_bytes(struct terrace_session *s, const struct part *part)
{
	size_t n = part->bytes / part->buffer->extent_bytes;
	struct terrace_extent_info *extents = malloc(n * sizeof(*extents));
	struct terrace_tier_info tier;
	uint64_t flash = 0;

	if (!extents || terrace_query(part->buffer, part->offset, part->bytes, extents))
		flash = part->bytes;
	for (size_t i = 0; i < n && !flash; i++)
		if (terrace_tier_get(s, extents[i].tier, &tier) || tier.node < 0)
			flash += part->buffer->extent_bytes;
	free(extents);
	return flash;
}

/* Memory that the program will not miss: it reads as zero from now on, as private memory does. */
static void forget(const struct piece *p, uintptr_t start, uintptr_t end)
{
	uint64_t extent = p->region->buffer->extent_bytes;
	uintptr_t base = p->region->base;
	uintptr_t first = base + (start - base + extent - 1) / extent * extent;
	uintptr_t last = base + (end - base) / extent * extent;

	if (!held_valid(&p->region->held) || first >= last ||
	    terrace_discard(p->region->buffer, first - base, last - first)) {
		memset((void *)start, 0, end - start);
		return;
	}
	memset((void *)start, 0, first - start);
	memset((void *)last, 0, end - last);
}

/* For what a shared mapping cannot do, memory becomes plain. Returns 0 or a negative errno. */
static int advise_plain(const struct piece *p, uintptr_t start, uintptr_t end, int advice)
{
	int err = region_writable(p->region) ? place_plain(p, start, end, 0) : 0;

	if (!err && real_madvise((void *)start, end - start, advice))
		err = -errno;
	return err;
}

/* To the tiers. Returns false when the kernel is to be told as well. */
static bool advise(const struct piece *p, uintptr_t start, uintptr_t end, int advice)
{
	struct part part = part_of(p, start, end);

	switch (advice) {
	case MADV_WILLNEED:
		/* where it is, is Terrace's to say: what is on flash is read ahead */
		terrace_prefetch(part.buffer, part.offset, part.bytes);
		return true;
	case MADV_COLD:
	case MADV_PAGEOUT:
		posix_fadvise(part.buffer->fd, part.offset, part.bytes, POSIX_FADV_DONTNEED);
		return true;
	case MADV_NORMAL:
		posix_fadvise(part.buffer->fd, 0, 0, POSIX_FADV_NORMAL);
		return false;
	case MADV_RANDOM:
		posix_fadvise(part.buffer->fd, 0, 0, POSIX_FADV_RANDOM);
		return false;
	case MADV_SEQUENTIAL:
		posix_fadvise(part.buffer->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
		return false;
	default:
		return false;
	}
}

static int advise_kernel(uintptr_t start, uintptr_t end, int advice)
{
	return real_madvise((void *)start, end - start, advice) ? -errno : 0;
}

static int advise_part(const struct piece *p, uintptr_t start, uintptr_t end, int advice)
{
	if (!p)
		return advise_kernel(start, end, advice);
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
		if (!region_writable(p->region))
			return advise_kernel(start, end, advice);
		forget(p, start, end);
		return 0;
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_COLLAPSE:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
		return 0;	/* extents are what they are, and are never dumped */
	case MADV_DONTFORK:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_REMOVE:
		return advise_plain(p, start, end, advice);
	default:
		if (held_valid(&p->region->held) && advise(p, start, end, advice))
			return 0;
		return advise_kernel(start, end, advice);
	}
}

EXPORT int madvise(void *addr, size_t bytes, int advice)
{
	uintptr_t start = (uintptr_t)addr;
	uintptr_t end = start + PAGE_UP(bytes);
	int err;

	if ((start & (PAGE - 1)) || start >= end || !regions_near(start, end))
		return real_madvise(addr, bytes, advice);
	preload_enter();
	err = regions_walk(start, end, advise_part, advice);
	preload_leave();
	if (!err)
		return 0;
	errno = -err;
	return -1;
}

EXPORT int posix_madvise(void *addr, size_t bytes, int advice)
{
	int saved = errno, err = 0;

	/* as the C library does: this advice is one that loses content */
	if (advice != POSIX_MADV_DONTNEED)
		err = madvise(addr, bytes, advice) ? errno : 0;
	errno = saved;
	return err;
}

/*
 * Locked means: needs no device. Memory tiers keep that promise. What is on flash is asked to move
 * to memory; where there is no room, it is as if the limit of locked memory were reached.
 */
static int lock_part(const struct piece *p, uintptr_t start, uintptr_t end, int flags)
{
	struct terrace_session *s = device_open_session();
	struct part part;

	if (!p || !s || !held_valid(&p->region->held))
		return real_mlock((void *)start, end - start, flags) ? -errno : 0;
	part = part_of(p, start, end);
	if (!flash_bytes(s, &part))
		return 0;
	posix_fadvise(part.buffer->fd, part.offset, part.bytes, POSIX_FADV_WILLNEED);
	return flash_bytes(s, &part) ? -ENOMEM : 0;
}

EXPORT int mlock2(const void *addr, size_t bytes, unsigned int flags)
{
	uintptr_t start = (uintptr_t)addr & ~(PAGE - 1);
	uintptr_t end = PAGE_UP((uintptr_t)addr + bytes);
	int err;

	if (start >= end || flags & ~MLOCK_ONFAULT || !regions_near(start, end))
		return real_mlock(addr, bytes, flags);
	preload_enter();
	err = regions_walk(start, end, lock_part, flags);
	preload_leave();
	if (!err)
		return 0;
	errno = -err;
	return -1;
}

static int sync_part(const struct piece *p, uintptr_t start, uintptr_t end, int flags)
{
	if (p)
		return 0;	/* there is no file behind it to be written */
	return syscall(SYS_msync, start, end - start, flags) ? -errno : 0;
}

EXPORT int msync(void *addr, size_t bytes, int flags)
{
	const int known = MS_ASYNC | MS_SYNC | MS_INVALIDATE;
	uintptr_t start = (uintptr_t)addr;
	uintptr_t end = start + PAGE_UP(bytes);
	int err;

	if ((start & (PAGE - 1)) || start >= end || flags & ~known ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC) || !regions_near(start, end))
		return syscall(SYS_msync, addr, bytes, flags);
	preload_enter();
	err = regions_walk(start, end, sync_part, flags);
	preload_leave();
	if (!err)
		return 0;
	errno = -err;
	return -1;
}

EXPORT int mlock(const void *addr, size_t bytes)
{
	return mlock2(addr, bytes, 0);
}
