// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which addresses are ours: pieces of regions, sorted by address.
 *
 * Who changes the table holds the lock, with all signals blocked, and leaves the number of changes
 * odd meanwhile. Who looks takes no lock, but looks again when the number was odd or has changed.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/internal.h"
#include "preload/preload.h"

#define PIECES_FIRST	128
#define LOOKS_MAX	1000	/* then wait for the lock */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sigset_t before;		/* signals of who holds the lock */
static unsigned int changes;
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
	pthread_mutex_lock(&lock);
	before = old;
	__atomic_fetch_add(&changes, 1, __ATOMIC_SEQ_CST);
}

void regions_unlock(void)
{
	sigset_t old = before;

	__atomic_fetch_add(&changes, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* Index of the first of the pieces that ends after an address. */
static size_t index_after(const struct piece *p, size_t n, uintptr_t address)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (p[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first piece that ends after an address. Room for all of @n is where the pointer points to. */
static bool piece_look(uintptr_t address, struct piece *out)
{
	size_t n = __atomic_load_n(&pieces_n, __ATOMIC_ACQUIRE);
	const struct piece *p = __atomic_load_n(&pieces, __ATOMIC_ACQUIRE);
	size_t at = index_after(p, n, address);

	if (at < n)
		*out = p[at];
	return at < n;
}

static bool piece_next(uintptr_t address, struct piece *out)
{
	unsigned int seen;
	bool found;
	int i;

	for (i = 0; i < LOOKS_MAX; i++) {
		seen = __atomic_load_n(&changes, __ATOMIC_ACQUIRE);
		if (seen & 1)
			continue;
		found = piece_look(address, out);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (seen == __atomic_load_n(&changes, __ATOMIC_RELAXED))
			return found;
	}
	regions_lock();
	found = piece_look(address, out);
	regions_unlock();
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
			err = fn(p.plain ? NULL : &p, from, to, arg);
		start = to;
	}
	return err;
}

/* The smaller table stays, as somebody may be looking; all of them are less than the last. */
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
	__atomic_store_n(&pieces, grown, __ATOMIC_RELEASE);
	pieces_room *= 2;
	return true;
}

static bool piece_insert(size_t at, const struct piece *p)
{
	if (!pieces_grow())
		return false;
	memmove(&pieces[at + 1], &pieces[at], (pieces_n - at) * sizeof(*pieces));
	pieces[at] = *p;
	p->region->pieces++;
	p->region->placed += !p->plain;
	__atomic_store_n(&pieces_n, pieces_n + 1, __ATOMIC_RELEASE);
	return true;
}

bool regions_add(uintptr_t start, uintptr_t end, struct region *r)
{
	struct piece p = { .start = start, .end = end, .region = r };
	bool done;

	regions_lock();
	done = piece_insert(index_after(pieces, pieces_n, start), &p);
	if (done && start < lowest)
		__atomic_store_n(&lowest, start, __ATOMIC_RELAXED);
	if (done && end > highest)
		__atomic_store_n(&highest, end, __ATOMIC_RELAXED);
	regions_unlock();
	return done;
}

/*
 * Let no piece lie on both sides of an address. Without memory for the table what is behind it is
 * not known any more. Returns the index of the first piece behind it.
 */
static size_t piece_split(uintptr_t address)
{
	size_t at = index_after(pieces, pieces_n, address);
	struct piece rest;

	if (at == pieces_n || pieces[at].start >= address)
		return at;
	rest = pieces[at];
	rest.start = address;
	pieces[at].end = address;
	piece_insert(at + 1, &rest);
	return at + 1;
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

static void region_close(struct region *r)
{
	if (!held_valid(&r->held))
		r->buffer->fd = -1;	/* the number is the program's now */
	if (!held_valid(&r->keeper))
		r->buffer->keeper = -1;
	terrace_buffer_free(r->buffer);
	r->buffer = NULL;
}

static void piece_unplace(struct piece *p)
{
	if (p->plain)
		return;
	p->plain = true;
	if (--p->region->placed)
		region_discard(p->region, p->start, p->end);
	else
		region_close(p->region);
}

static void piece_remove(size_t at)
{
	struct region *r = pieces[at].region;

	memmove(&pieces[at], &pieces[at + 1], (pieces_n - at - 1) * sizeof(*pieces));
	__atomic_store_n(&pieces_n, pieces_n - 1, __ATOMIC_RELEASE);
	if (!--r->pieces)
		free(r);
}

static void unplace(uintptr_t start, uintptr_t end, bool keep_heap)
{
	size_t at;

	if (start >= end || !regions_near(start, end))
		return;
	preload_enter();
	regions_lock();
	piece_split(end);
	at = piece_split(start);
	while (at < pieces_n && pieces[at].start < end) {
		piece_unplace(&pieces[at]);
		if (keep_heap && pieces[at].region->kind == REGION_HEAP)
			at++;
		else
			piece_remove(at);
	}
	regions_unlock();
	preload_leave();
}

void regions_cut(uintptr_t start, uintptr_t end)
{
	unplace(start, end, false);
}

void regions_plain(uintptr_t start, uintptr_t end)
{
	unplace(start, end, true);
}

bool regions_memory(void)
{
	size_t i;

	for (i = 0; i < pieces_n; i++)
		if (!pieces[i].plain && region_writable(pieces[i].region))
			return true;
	return false;
}

void regions_share(void)
{
	for (size_t i = 0; i < pieces_n; i++)
		pieces[i].region->private = false;
}
