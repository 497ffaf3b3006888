// SPDX-License-Identifier: LGPL-2.1-or-later
/* The allocator's functions as the program calls them: large allocations may be placed. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "preload/preload.h"

/*
 * dlsym() may allocate while the functions behind ours are being looked up. It gets zeroes from
 * here, a few dozen bytes, and they are never reused.
 */
static char early[4096];
static size_t early_used;

static void *early_alloc(size_t bytes)
{
	void *p = early + early_used;

	bytes = (bytes + 15) & ~15UL;
	if (bytes > sizeof(early) - early_used)
		abort();
	early_used += bytes;
	return p;
}

static bool early_owns(const void *p)
{
	return (const char *)p >= early && (const char *)p < early + sizeof(early);
}

/* Bytes behind it that may be read; at least what it was allocated with. */
static size_t early_bytes(const void *p)
{
	return early + sizeof(early) - (const char *)p;
}

static void *place(size_t bytes, size_t align)
{
	void *p;

	if (bytes < preload_settings.memory_min || bytes > PTRDIFF_MAX || preload_inside())
		return NULL;
	preload_enter();
	p = place_memory(bytes, align, REGION_HEAP);
	preload_leave();
	return p;
}

EXPORT void *malloc(size_t bytes)
{
	void *p = place(bytes, 1);

	if (p)
		return p;
	return real() ? real()->malloc(bytes) : early_alloc(bytes);
}

EXPORT void *calloc(size_t n, size_t bytes)
{
	size_t all;
	void *p = NULL;

	if (!__builtin_mul_overflow(n, bytes, &all))
		p = place(all, 1);
	if (p)
		return p;
	return real() ? real()->calloc(n, bytes) : early_alloc(n * bytes);
}

/*
 * The region of an allocation that was placed, plain memory by now or not; NULL: it was not. Programs
 * free small blocks all the time: that what is placed begins with a page is asked first.
 */
static struct region *placed_region(const void *p)
{
	struct piece piece;

	/* the library's own is not placed, and may be freed with the table locked */
	if ((uintptr_t)p % PAGE || !p || preload_inside() || !regions_find((uintptr_t)p, &piece) ||
	    piece.region->kind != REGION_HEAP)
		return NULL;
	return piece.region;
}

/* Bytes up to the end of a placed allocation; 0 when it is not one. */
static size_t placed_bytes(const void *p)
{
	struct region *r = placed_region(p);

	return r ? r->base + PAGE_UP(r->bytes) - (uintptr_t)p : 0;
}

static void placed_free(void *p)
{
	size_t bytes = placed_bytes(p);

	preload_enter();
	regions_cut((uintptr_t)p, (uintptr_t)p + bytes);
	real_munmap(p, bytes);
	preload_leave();
}

EXPORT void free(void *p)
{
	if (placed_bytes(p))
		placed_free(p);
	else if (!early_owns(p) && real())
		real()->free(p);
}

EXPORT void *realloc(void *p, size_t bytes)
{
	size_t old = early_owns(p) ? early_bytes(p) : placed_bytes(p);
	void *to;

	if (!p)
		return malloc(bytes);
	if (!old)
		return real() ? real()->realloc(p, bytes) : early_alloc(bytes);
	if (!bytes) {
		free(p);
		return NULL;
	}
	if (bytes <= old && !early_owns(p))
		return p;
	to = malloc(bytes);
	if (!to)
		return NULL;
	memcpy(to, p, old < bytes ? old : bytes);
	free(p);
	return to;
}

EXPORT void *reallocarray(void *p, size_t n, size_t bytes)
{
	size_t all;

	if (__builtin_mul_overflow(n, bytes, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, all);
}

EXPORT int posix_memalign(void **out, size_t align, size_t bytes)
{
	void *p = NULL;

	/* what the function would refuse is its to refuse */
	if (align && !(align % sizeof(void *)) && !(align & (align - 1)))
		p = place(bytes, align);
	if (!p)
		return real() ? real()->posix_memalign(out, align, bytes) : ENOMEM;
	*out = p;
	return 0;
}

EXPORT void *aligned_alloc(size_t align, size_t bytes)
{
	void *p = align && !(align & (align - 1)) ? place(bytes, align) : NULL;

	if (p || !real())
		return p;
	return real()->aligned_alloc(align, bytes);
}

EXPORT void *memalign(size_t align, size_t bytes)
{
	void *p = align && !(align & (align - 1)) ? place(bytes, align) : NULL;

	if (p || !real())
		return p;
	return real()->memalign(align, bytes);
}

EXPORT size_t malloc_usable_size(void *p)
{
	size_t bytes = placed_bytes(p);

	if (bytes)
		return bytes;
	return p && real() && !early_owns(p) ? real()->malloc_usable_size(p) : 0;
}
