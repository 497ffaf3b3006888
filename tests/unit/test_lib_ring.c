// SPDX-License-Identifier: LGPL-2.1-or-later
/* The producer of access records against a ring in plain memory and a consumer made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/ring.h"

#define ENTRIES 8

/* A consumer: takes what is in the ring and checks that record n is at offset n. */
struct consumer {
	struct terrace_ring *head;
	struct terrace_access *records;
	uint64_t next;
	int flushes;
	int result;	/* of a flush */
	int wrong;
	int idle;	/* a flush takes nothing */
};

static void consume(struct consumer *c)
{
	uint32_t tail = __atomic_load_n(&c->head->tail, __ATOMIC_ACQUIRE);
	uint32_t head = c->head->head;

	for (; head != tail; head++, c->next++)
		c->wrong += c->records[head & (ENTRIES - 1)].offset != c->next;
	__atomic_store_n(&c->head->head, head, __ATOMIC_RELEASE);
}

static int flush(void *context)
{
	struct consumer *c = context;

	c->flushes++;
	if (!c->result && !c->idle)
		consume(c);
	return c->result;
}

/* A ring whose indices begin at @start. */
static void setup(struct ring *r, struct consumer *c, uint32_t start)
{
	size_t bytes = TERRACE_RING_RECORDS + ENTRIES * sizeof(struct terrace_access);
	struct terrace_ring *head = calloc(1, bytes);

	assert_non_null(head);
	head->head = start;
	head->tail = start;
	head->entries = ENTRIES;
	ring_init(r, head, ENTRIES);
	*c = (struct consumer){
		.head = head,
		.records = (struct terrace_access *)((char *)head + TERRACE_RING_RECORDS),
	};
}

static int append(struct ring *r, struct consumer *c, uint64_t n)
{
	struct terrace_access a = { .buffer = 1, .flags = 1, .offset = n, .bytes = 1 };

	return ring_append(r, &a, flush, c);
}

static void test_flushes_only_when_full(void **state)
{
	struct consumer c;
	struct ring r;
	int i;

	(void)state;
	setup(&r, &c, 0);
	for (i = 0; i < ENTRIES; i++)
		assert_int_equal(append(&r, &c, i), 0);
	assert_int_equal(c.flushes, 0);
	assert_int_equal(c.head->tail, ENTRIES);
	assert_int_equal(append(&r, &c, ENTRIES), 0);
	assert_int_equal(c.flushes, 1);
	assert_int_equal(c.next, ENTRIES);
	assert_int_equal(c.head->tail, ENTRIES + 1);
	assert_int_equal(c.wrong, 0);
	free(c.head);
}

static void test_indices_wrap(void **state)
{
	struct consumer c;
	struct ring r;
	int i;

	(void)state;
	setup(&r, &c, UINT32_MAX - 5);
	for (i = 0; i < 100; i++)
		assert_int_equal(append(&r, &c, i), 0);
	consume(&c);
	assert_int_equal(c.next, 100);
	assert_int_equal(c.wrong, 0);
	assert_int_equal(c.head->tail, (uint32_t)(UINT32_MAX - 5 + 100));
	free(c.head);
}

static void test_errors_lose_nothing(void **state)
{
	struct consumer c;
	struct ring r;
	int i;

	(void)state;
	setup(&r, &c, 0);
	for (i = 0; i < ENTRIES; i++)
		append(&r, &c, i);
	c.result = -ESRCH;
	assert_int_equal(append(&r, &c, ENTRIES), -ESRCH);
	assert_int_equal(c.head->tail, ENTRIES);
	c.result = 0;
	c.idle = 1;
	assert_int_equal(append(&r, &c, ENTRIES), -EIO);
	assert_int_equal(c.head->tail, ENTRIES);
	c.idle = 0;
	assert_int_equal(append(&r, &c, ENTRIES), 0);
	consume(&c);
	assert_int_equal(c.next, ENTRIES + 1);
	assert_int_equal(c.wrong, 0);
	free(c.head);
}

/* What the shared memory says of tail is not believed: only the producer's own copy is. */
static void test_tail_is_the_producers(void **state)
{
	struct consumer c;
	struct ring r;

	(void)state;
	setup(&r, &c, 0);
	append(&r, &c, 0);
	c.head->tail = 77;
	append(&r, &c, 1);
	assert_int_equal(c.head->tail, 2);
	free(c.head);
}

#define MANY 200000

static void *drain(void *context)
{
	struct consumer *c = context;

	while (c->next < MANY)
		consume(c);
	return NULL;
}

static int wait_for_room(void *context)
{
	struct ring *r = context;

	while (r->tail - __atomic_load_n(&r->head->head, __ATOMIC_ACQUIRE) >= r->entries)
		sched_yield();
	return 0;
}

static void test_consumer_in_another_thread(void **state)
{
	struct consumer c;
	pthread_t thread;
	struct ring r;
	uint64_t i;

	(void)state;
	setup(&r, &c, 0);
	assert_int_equal(pthread_create(&thread, NULL, drain, &c), 0);
	for (i = 0; i < MANY; i++) {
		struct terrace_access a = { .buffer = 1, .flags = 1, .offset = i, .bytes = 1 };

		assert_int_equal(ring_append(&r, &a, wait_for_room, &r), 0);
	}
	pthread_join(thread, NULL);
	assert_int_equal(c.wrong, 0);
	assert_int_equal(c.next, MANY);
	free(c.head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flushes_only_when_full),
		cmocka_unit_test(test_indices_wrap),
		cmocka_unit_test(test_errors_lose_nothing),
		cmocka_unit_test(test_tail_is_the_producers),
		cmocka_unit_test(test_consumer_in_another_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
