// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Integrity: one thread migrates at random while readers, of this process and of short-lived ones,
 * and a writer go on at full speed. A wrong byte is a failure; so is a reader that sees a counter
 * go back.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"

#define EXTENTS		8
#define MOVES		600
#define SLOT_BYTES	4096

struct race {
	struct terrace_session *s;
	struct terrace_buffer *b;
	uint32_t tier[2];
	uint64_t extents;
	uint64_t extent_bytes;
	atomic_bool stop;
	atomic_ulong reads;
	atomic_ulong writes;
	atomic_ulong forks;
	atomic_ulong wrong;
};

/*
 * Each page of the buffer holds a counter at its start and the counter's complement at its end. The
 * writer raises them in order; so the first may be ahead of the second's complement by one at most.
 */
static volatile uint64_t *slot(struct race *r, uint64_t page)
{
	return (volatile uint64_t *)((char *)terrace_buffer_data(r->b) + page * SLOT_BYTES);
}

static uint64_t pages(const struct race *r)
{
	return r->extents * r->extent_bytes / SLOT_BYTES;
}

static void *writer(void *arg)
{
	struct race *r = arg;
	uint64_t page, round;

	for (round = 1; !r->stop; round++) {
		for (page = 0; page < pages(r) && !r->stop; page += 7) {
			volatile uint64_t *w = slot(r, page);

			/* nobody else writes here: what was written last is still there */
			if (w[511] != ~w[0])
				r->wrong++;
			w[0]++;
			atomic_thread_fence(memory_order_seq_cst);
			w[511] = ~w[0];
			r->writes++;
		}
	}
	return NULL;
}

/* Read once through; how often a counter had gone back. */
static unsigned long read_all(struct race *r)
{
	unsigned long wrong = 0;
	uint64_t page;

	for (page = 0; page < pages(r) && !r->stop; page += 7) {
		volatile uint64_t *w = slot(r, page);
		uint64_t end = ~w[511];
		uint64_t start = w[0];

		wrong += start < end;
		r->reads++;
	}
	return wrong;
}

static void *reader(void *arg)
{
	struct race *r = arg;

	while (!r->stop)
		r->wrong += read_all(r);
	return NULL;
}

/* Page tables are copied in the middle of migrations. */
static void *forker(void *arg)
{
	struct race *r = arg;
	int status;
	pid_t pid;

	while (!r->stop) {
		pid = fork();
		if (!pid)
			_exit(!!read_all(r));
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			r->wrong++;
		r->forks++;
	}
	return NULL;
}

static void race_init(struct race *r)
{
	uint64_t page;

	for (page = 0; page < pages(r); page++) {
		slot(r, page)[0] = 0;
		slot(r, page)[511] = ~0ULL;
	}
}

FIXTURE(stress) {
	struct race r;
};

FIXTURE_SETUP(stress)
{
	int tier;

	ASSERT_EQ(0, tiers_up_default());
	memset(&self->r, 0, sizeof(self->r));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->r.s));
	tier = terrace_tier_find(self->r.s, "fast");
	self->r.tier[0] = tier;
	tier = terrace_tier_find(self->r.s, "slow");
	self->r.tier[1] = tier;
}

FIXTURE_TEARDOWN(stress)
{
	terrace_buffer_free(self->r.b);
	terrace_session_close(self->r.s);
	EXPECT_EQ(0, tiers_value("fast", "used_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	tiers_down();
}

FIXTURE_VARIANT(stress) {
	bool pinnable;
	uint32_t extent_bytes;
	uint32_t extents;
};

FIXTURE_VARIANT_ADD(stress, tracked_2m) {
	.extent_bytes = 2 << 20, .extents = EXTENTS,
};

FIXTURE_VARIANT_ADD(stress, pinnable_2m) {
	.pinnable = true, .extent_bytes = 2 << 20, .extents = EXTENTS,
};

FIXTURE_VARIANT_ADD(stress, tracked_64k) {
	.extent_bytes = 65536, .extents = 64,
};

FIXTURE_VARIANT_ADD(stress, pinnable_64k) {
	.pinnable = true, .extent_bytes = 65536, .extents = 64,
};

FIXTURE_VARIANT_ADD(stress, tracked_1m) {
	.extent_bytes = 1 << 20, .extents = EXTENTS,
};

FIXTURE_VARIANT_ADD(stress, tracked_4k) {
	.extent_bytes = 4096, .extents = 128,
};

FIXTURE_VARIANT_ADD(stress, pinnable_4k) {
	.pinnable = true, .extent_bytes = 4096, .extents = 128,
};

TEST_F_TIMEOUT(stress, readers_and_a_writer_race_migrations, 240)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV,
		.extent_bytes = variant->extent_bytes,
		.pinnable = variant->pinnable,
		.tier = self->r.tier[1],
	};
	struct race *r = &self->r;
	uint64_t seed = 88172645463325252ULL, moved = 0, busy = 0;
	pthread_t threads[4];
	int i, err;

	r->extents = variant->extents;
	r->extent_bytes = variant->extent_bytes;
	ASSERT_EQ(0, terrace_buffer_create(r->s, r->extents * r->extent_bytes, &o, &r->b));
	race_init(r);
	ASSERT_EQ(0, pthread_create(&threads[0], NULL, writer, r));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, reader, r));
	ASSERT_EQ(0, pthread_create(&threads[2], NULL, reader, r));
	ASSERT_EQ(0, pthread_create(&threads[3], NULL, forker, r));
	for (i = 0; i < MOVES; i++) {
		uint64_t n;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		err = terrace_migrate(r->b, seed % r->extents * r->extent_bytes, r->extent_bytes,
				      r->tier[seed >> 32 & 1], &n);
		moved += n;
		busy += err == -EBUSY;
		if (err && err != -EBUSY)
			break;
	}
	EXPECT_EQ(MOVES, i);
	r->stop = true;
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, atomic_load(&r->wrong));
	EXPECT_GT(atomic_load(&r->reads), 0);
	EXPECT_GT(atomic_load(&r->writes), 0);
	EXPECT_GT(atomic_load(&r->forks), 0);
	EXPECT_GT(moved, 0);
	TH_LOG("%llu MiB moved, %llu busy, %lu reads, %lu writes, %lu forks",
	       (unsigned long long)(moved >> 20), (unsigned long long)busy,
	       atomic_load(&r->reads), atomic_load(&r->writes), atomic_load(&r->forks));
}

TEST_HARNESS_MAIN
