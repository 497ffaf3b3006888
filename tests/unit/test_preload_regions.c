// SPDX-License-Identifier: LGPL-2.1-or-later
/* The table of a program's placed addresses, against a model of pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/internal.h"
#include "preload/preload.h"

#define PAGES	2000U
#define FIRST	0x100000000UL
#define THREADS	4

/* What the table asks of the rest of the library. */
void *real_mmap(void *addr, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	return mmap(addr, bytes, prot, flags, fd, offset);
}

static unsigned int entered;

void preload_enter(void)
{
	entered++;
}

void preload_leave(void)
{
	entered--;
}

bool held_valid(const struct held_fd *held)
{
	return held->fd == -2;	/* of no region here: nothing is discarded or closed */
}

static struct region *model[PAGES];
static bool model_plain[PAGES];

static uintptr_t at(unsigned int page)
{
	return FIRST + page * PAGE;
}

static struct region *add(unsigned int first, unsigned int last, enum region_kind kind)
{
	struct region *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->buffer = calloc(1, sizeof(*r->buffer));
	assert_non_null(r->buffer);
	r->buffer->fd = -1;
	r->buffer->extent_bytes = 65536;
	r->base = at(first);
	r->bytes = (last - first) * PAGE;
	r->kind = kind;
	r->private = true;
	assert_true(regions_add(at(first), at(last), r));
	for (; first < last; first++) {
		model[first] = r;
		model_plain[first] = false;
	}
	return r;
}

static void cut(unsigned int first, unsigned int last)
{
	regions_cut(at(first), at(last));
	for (; first < last; first++) {
		model[first] = NULL;
		model_plain[first] = false;
	}
}

static void plain(unsigned int first, unsigned int last)
{
	unsigned int i;

	for (i = first; i < last; i++) {
		if (model[i] && model[i]->kind == REGION_HEAP)
			model_plain[i] = true;
		else
			model[i] = NULL;
	}
	regions_plain(at(first), at(last));
}

static unsigned int walked;

static int walk_part(const struct piece *p, uintptr_t start, uintptr_t end, int arg)
{
	(void)arg;
	assert_int_equal(start, at(walked));
	assert_true(start < end);
	for (; at(walked) < end; walked++) {
		assert_ptr_equal(p ? p->region : NULL,
				 model_plain[walked] ? NULL : model[walked]);
		assert_true(!p || (p->start <= at(walked) && p->end > at(walked)));
	}
	return 0;
}

static void compare(void)
{
	struct piece p;
	unsigned int i;
	bool memory = false;

	for (i = 0; i < PAGES; i++) {
		assert_int_equal(regions_find(at(i) + 17, &p), !!model[i]);
		if (!model[i])
			continue;
		assert_ptr_equal(p.region, model[i]);
		assert_int_equal(p.plain, model_plain[i]);
		assert_true(p.start <= at(i) && p.end >= at(i + 1));
		assert_true(regions_near(at(i), at(i + 1)));
		memory |= !p.plain && region_writable(p.region);
	}
	walked = 0;
	assert_int_equal(regions_walk(at(0), at(PAGES), walk_part, 0), 0);
	assert_int_equal(walked, PAGES);
	regions_lock();
	assert_int_equal(regions_memory(), memory);
	regions_unlock();
	assert_int_equal(entered, 0);
}

static void test_parts(void **state)
{
	struct region *r, *file;

	(void)state;
	compare();
	r = add(100, 200, REGION_MEMORY);
	file = add(200, 300, REGION_FILE);
	compare();
	cut(100, 110);		/* head */
	cut(190, 210);		/* tail and head of the next */
	cut(150, 151);		/* middle */
	compare();
	assert_int_equal(r->pieces, 2);
	assert_int_equal(file->pieces, 1);
	cut(0, 50);		/* nothing */
	regions_cut(at(120), at(120));
	regions_cut(at(120), at(110));
	compare();
	assert_int_equal(r->pieces, 2);
	cut(0, PAGES);
	compare();
}

static void test_heap_stays_known(void **state)
{
	struct region *r = add(10, 20, REGION_HEAP);

	(void)state;
	plain(12, 14);
	compare();
	assert_int_equal(r->placed, 2);
	assert_int_equal(r->pieces, 3);
	assert_non_null(r->buffer);
	plain(0, PAGES);
	compare();
	assert_int_equal(r->placed, 0);
	assert_null(r->buffer);		/* closed, and the region is there */
	plain(10, 20);
	compare();
	cut(10, 20);
	add(10, 20, REGION_MEMORY);
	plain(5, 15);
	compare();
	cut(0, PAGES);
	compare();
}

static int stop_at(const struct piece *p, uintptr_t start, uintptr_t end, int arg)
{
	(void)start;
	(void)end;
	return p ? arg : 0;
}

static void test_walk_ends(void **state)
{
	(void)state;
	add(10, 20, REGION_FILE);
	assert_int_equal(regions_walk(at(0), at(PAGES), stop_at, 5), 5);
	assert_int_equal(regions_walk(at(0), at(10), stop_at, 5), 0);
	assert_int_equal(regions_walk(at(20), at(PAGES), stop_at, 5), 0);
	assert_int_equal(regions_walk(at(15), at(15), stop_at, 5), 0);
	cut(0, PAGES);
}

static bool model_free(unsigned int first, unsigned int last)
{
	while (first < last && !model[first])
		first++;
	return first == last;
}

/* More pieces than the first table holds. */
static void test_random(void **state)
{
	unsigned int i, seed = 20, first, last;

	(void)state;
	for (i = 0; i < 6000; i++) {
		first = rand_r(&seed) % PAGES;
		last = first + 1 + rand_r(&seed) % (i % 10 ? 8 : 200);
		last = last < PAGES ? last : PAGES;
		if (model_free(first, last))
			add(first, last, rand_r(&seed) % 4);
		else if (rand_r(&seed) % 3)
			cut(first, first + 1);
		else
			plain(first, last);
		if (i % 50 == 0)
			compare();
	}
	cut(0, PAGES);
	compare();
}

static bool stop;

static void *look(void *arg)
{
	struct piece p;
	uintptr_t wrong = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		/* always there, always its own */
		if (!regions_find(at(1000) + 5, &p) || p.start != at(1000) || p.end != at(1001) ||
		    p.region != arg)
			wrong++;
		if (regions_find(at(1001), &p))
			wrong++;
	}
	return (void *)wrong;
}

static void test_looked_at_meanwhile(void **state)
{
	pthread_t threads[THREADS];
	struct region *fixed = add(1000, 1001, REGION_HEAP);
	unsigned int i, j;
	void *wrong;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look, fixed), 0);
	for (i = 0; i < 20; i++) {
		for (j = 0; j < 600; j += 2)
			add(j, j + 1, REGION_MEMORY);
		cut(0, 600);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	cut(0, PAGES);
}

/* The thread's signals are as before, whatever they were. */
static void test_signals(void **state)
{
	sigset_t set, now;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &set, NULL), 0);
	regions_lock();
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	regions_unlock();
	assert_true(sigismember(&now, SIGALRM));
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	assert_true(sigismember(&now, SIGUSR1));
	assert_false(sigismember(&now, SIGALRM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_heap_stays_known),
		cmocka_unit_test(test_walk_ends),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_looked_at_meanwhile),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
