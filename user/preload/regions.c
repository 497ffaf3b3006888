// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which addresses are ours: pieces of regions, sorted by address. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/internal.h"
#include "preload/preload.h"

#define PIECES_FIRST	128

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static sigset_t before;		/* signals of who holds the lock to write */
static struct piece first_pieces[PIECES_FIRST];
static struct piece *pieces = first_pieces;
static size_t pieces_n, pieces_room = PIECES_FIRST;
/* All pieces lie between these; they only ever move apart. */
static uintptr_t lowest = UINTPTR_MAX, highest;

bool regions_near(uintptr_t start, uintptr_t end)
{
	return start < __atomic_load_n(&highest, __ATOMIC_RELAXED) &&
	       end > __atomic_load_n(&lowest, __ATOMIC_RELAXED);
}

void regions_lock(void)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	pthread_rwlock_wrlock(&lock);
	before = old;
}

void regions_unlock(void)
{
	sigset_t old = before;

	pthread_rwlock_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* A lock that is held to write knows its thread by a number, which is another in a child. */
void regions_unlock_child(void)
{
	pthread_rwlock_init(&lock, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Index of the first piece that ends after an address. */
static size_t pieces_after(uintptr_t address)
{
	size_t low = 0, high = pieces_n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (pieces[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool pieces_grow(void)
{
	struct piece *grown;

	if (pieces_n < pieces_room)
		return true;
	grown = real_mmap(NULL, 2 * pieces_room * sizeof(*grown), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (grown == MAP_FAILED)
		return false;
	memcpy(grown, pieces, pieces_n * sizeof(*grown));
	if (pieces != first_pieces)
		real_munmap(pieces, pieces_room * sizeof(*pieces));
	pieces = grown;
	pieces_room *= 2;
	return true;
}

static bool piece_insert(uintptr_t start, uintptr_t end, struct region *r)
{
	size_t at = pieces_after(start);

	if (!pieces_grow())
		return false;
	memmove(&pieces[at + 1], &pieces[at], (pieces_n - at) * sizeof(*pieces));
	pieces[at] = (struct piece) { .start = start, .end = end, .region = r };
	pieces_n++;
	r->pieces++;
	return true;
}

bool regions_add(uintptr_t start, uintptr_t end, struct region *r)
{
	bool done;

	regions_lock();
	done = piece_insert(start, end, r);
	if (done && start < lowest)
		__atomic_store_n(&lowest, start, __ATOMIC_RELAXED);
	if (done && end > highest)
		__atomic_store_n(&highest, end, __ATOMIC_RELAXED);
	regions_unlock();
	return done;
}

/* The first piece that ends after an address. */
static bool piece_next(uintptr_t address, struct piece *out)
{
	size_t at;
	bool found;

	pthread_rwlock_rdlock(&lock);
	at = pieces_after(address);
	found = at < pieces_n;
	if (found)
		*out = pieces[at];
	pthread_rwlock_unlock(&lock);
	return found;
}

bool regions_find(uintptr_t address, struct piece *out)
{
	return regions_near(address, address + 1) && piece_next(address, out) &&
	       out->start <= address;
}

int regions_walk(uintptr_t start, uintptr_t end, regions_part_fn fn, int arg)
{
	uintptr_t from, to;
	struct piece p;
	int err = 0;

	while (!err && start < end) {
		if (!piece_next(start, &p) || p.start >= end)
			return fn(NULL, start, end, arg);
		from = p.start > start ? p.start : start;
		to = p.end < end ? p.end : end;
		if (start < from)
			err = fn(NULL, start, from, arg);
		if (!err)
			err = fn(&p, from, to, arg);
		start = to;
	}
	return err;
}

static void region_close(struct region *r)
{
	if (!held_valid(&r->held))
		r->buffer->fd = -1;	/* the number is the program's now */
	if (!held_valid(&r->keeper))
		r->buffer->keeper = -1;
	terrace_buffer_free(r->buffer);
	free(r);
}

static void piece_remove(size_t at)
{
	struct region *r = pieces[at].region;

	memmove(&pieces[at], &pieces[at + 1], (pieces_n - at - 1) * sizeof(*pieces));
	pieces_n--;
	if (!--r->pieces)
		region_close(r);
}

/* Give back what nobody can reach any more: only advice, for it goes with the buffer at last. */
static void region_discard(struct region *r, uintptr_t start, uintptr_t end)
{
	uint64_t extent = r->buffer->extent_bytes;
	uint64_t first = (start - r->base + extent - 1) / extent * extent;
	uint64_t last = (end - r->base) / extent * extent;

	if (r->private && first < last && held_valid(&r->held))
		terrace_discard(r->buffer, first, last - first);
}

/* Cut the piece at an index, which is within the range in part or as a whole. */
static void piece_cut(size_t at, uintptr_t start, uintptr_t end)
{
	struct piece p = pieces[at];

	if (p.start >= start && p.end <= end) {
		if (p.region->pieces > 1)
			region_discard(p.region, p.start, p.end);
		piece_remove(at);
		return;
	}
	region_discard(p.region, p.start > start ? p.start : start, p.end < end ? p.end : end);
	if (p.start >= start) {
		pieces[at].start = end;
		return;
	}
	pieces[at].end = start;
	if (p.end > end)
		piece_insert(end, p.end, p.region);
}

void regions_cut(uintptr_t start, uintptr_t end)
{
	size_t at;

	if (!regions_near(start, end))
		return;
	preload_enter();
	regions_lock();
	while (at = pieces_after(start), at < pieces_n && pieces[at].start < end)
		piece_cut(at, start, end);
	regions_unlock();
	preload_leave();
}

void regions_share(void)
{
	for (size_t i = 0; i < pieces_n; i++)
		pieces[i].region->private = false;
}
