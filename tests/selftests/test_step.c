// SPDX-License-Identifier: LGPL-2.1-or-later
/* Steps: declared and observed charging, the ring's validation, replay, pacing, the ledger. */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"

#define SCALE	4	/* modelled bytes = real << SCALE */

FIXTURE(step) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	int fast;
	int slow;
};

FIXTURE_SETUP(step)
{
	const struct tiers_config config = {
		.fast_bytes = 64 * MIB,
		.slow_bytes = 64 * MIB,
		.fast_classes = ALL_CLASSES,
		.slow_classes = ALL_CLASSES,
		.scale_shift = SCALE,
	};

	ASSERT_EQ(0, tiers_up(&config));
	self->s = NULL;
	self->b = NULL;
}

FIXTURE_TEARDOWN(step)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	tiers_down();
}

static int open_with(struct terrace_options o, struct terrace_session **s,
		     struct terrace_buffer **b, int *fast, int *slow)
{
	struct terrace_buffer_options bo = { .class_id = TERRACE_CLASS_KV };
	int err = terrace_session_open(&o, s);

	if (err)
		return err;
	*fast = terrace_tier_find(*s, "fast");
	*slow = terrace_tier_find(*s, "slow");
	bo.tier = *slow;
	return terrace_buffer_create(*s, 8 * EXTENT, &bo, b);
}

TEST_F(step, declared_records_charge_their_tier)
{
	struct terrace_options o = { .ring_entries = 8 };
	struct terrace_ledger ledger;
	struct terrace_step_end end;
	uint32_t id;
	int i;

	ASSERT_EQ(0, open_with(o, &self->s, &self->b, &self->fast, &self->slow));
	ASSERT_EQ(0, terrace_migrate(self->b, 0, EXTENT, self->fast, NULL));
	id = terrace_buffer_id(self->b);
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
	EXPECT_EQ(-EBUSY, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
	/* more records than the ring holds; one range over two tiers */
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, terrace_record(self->s, id, TERRACE_ACCESS_READ, EXTENT - 4096, 8192));
	ASSERT_EQ(0, terrace_record(self->s, id, TERRACE_ACCESS_WRITE, 0, 64));
	ASSERT_EQ(0, terrace_step_end(self->s, &end));
	EXPECT_EQ(21, end.records);
	EXPECT_EQ(0, end.rejected);
	EXPECT_EQ(TERRACE_CHARGING_DECLARED, end.charging);
	EXPECT_EQ(20ULL * 4096 << SCALE, end.model_tier_read_bytes[self->fast]);
	EXPECT_EQ(20ULL * 4096 << SCALE, end.model_tier_read_bytes[self->slow]);
	EXPECT_EQ(64ULL << SCALE, end.model_tier_write_bytes[self->fast]);
	/* slow: 1310720 bytes at 1e11 bytes/s and one latency of 100 ns */
	EXPECT_EQ(13108 + 100, end.model_tier_ns[self->slow]);
	EXPECT_EQ(end.model_tier_ns[self->slow], end.model_ns);
	EXPECT_EQ(end.model_tier_ns[self->slow] + end.model_tier_ns[self->fast],
		  end.model_serial_ns);
	EXPECT_EQ(-ESRCH, terrace_step_end(self->s, &end));

	ASSERT_EQ(0, terrace_session_ledger(self->s, &ledger));
	EXPECT_EQ(1, ledger.steps);
	EXPECT_EQ(20ULL * 4096 << SCALE,
		  ledger.entry[self->slow][TERRACE_CLASS_KV].model_read_bytes);
	/* 3 pJ/bit */
	EXPECT_EQ((20ULL * 4096 << SCALE) * 8 * 3 / 1000000,
		  ledger.entry[self->slow][TERRACE_CLASS_KV].model_energy_uj);
	EXPECT_EQ(20 * 4096 << SCALE, tiers_value("slow", "model_read_bytes"));
	EXPECT_EQ(20 * 4096, tiers_value("slow", "read_bytes"));
}

TEST_F(step, bad_records_are_refused_and_counted)
{
	struct terrace_options o = { .ring_entries = 16 };
	struct terrace_step_end end;
	uint32_t id;

	ASSERT_EQ(0, open_with(o, &self->s, &self->b, &self->fast, &self->slow));
	id = terrace_buffer_id(self->b);
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
	terrace_record(self->s, id + 1000, TERRACE_ACCESS_READ, 0, 1);
	terrace_record(self->s, 0, TERRACE_ACCESS_READ, 0, 1);
	terrace_record(self->s, id, 0, 0, 1);
	terrace_record(self->s, id, 1U << 31 | TERRACE_ACCESS_READ, 0, 1);
	terrace_record(self->s, id, TERRACE_ACCESS_READ, 0, 0);
	terrace_record(self->s, id, TERRACE_ACCESS_READ, 8 * EXTENT, 1);
	terrace_record(self->s, id, TERRACE_ACCESS_READ, 8 * EXTENT - 1, 2);
	terrace_record(self->s, id, TERRACE_ACCESS_READ, ~0ULL, ~0ULL);
	ASSERT_EQ(0, terrace_step_end(self->s, &end));
	EXPECT_EQ(0, end.records);
	EXPECT_EQ(8, end.rejected);
	EXPECT_EQ(0, end.model_ns);
}

TEST_F(step, a_lying_tail_is_a_full_ring)
{
	struct terrace_options o = { .ring_entries = 16 };
	struct terrace_step_end end;
	struct terrace_ring *ring;

	ASSERT_EQ(0, open_with(o, &self->s, &self->b, &self->fast, &self->slow));
	ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, terrace_session_fd(self->s),
		    TERRACE_MMAP_RING);
	ASSERT_NE(MAP_FAILED, ring);
	EXPECT_EQ(16, ring->entries);
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
	ring->tail = 0xfffffff0;
	ring->head = 77;
	ring->entries = 1U << 30;
	ASSERT_EQ(0, terrace_step_end(self->s, &end));
	EXPECT_EQ(16, end.rejected);
	EXPECT_EQ(16, ring->head);
	munmap(ring, 4096);
}

TEST_F(step, observed_charges_each_extent_once)
{
	struct terrace_options o = { 0 };
	struct terrace_step_end end;
	volatile char *data;
	int i;

	ASSERT_EQ(0, open_with(o, &self->s, &self->b, &self->fast, &self->slow));
	EXPECT_EQ(-EOPNOTSUPP, terrace_record(self->s, 1, TERRACE_ACCESS_READ, 0, 1));
	data = terrace_buffer_data(self->b);
	data[0] = 1;
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
		(void)data[0];
		(void)data[4096];
		(void)data[EXTENT];
		data[2 * EXTENT] = 1;
		ASSERT_EQ(0, terrace_step_end(self->s, &end));
		EXPECT_EQ(TERRACE_CHARGING_OBSERVED, end.charging);
		EXPECT_EQ(3 * EXTENT << SCALE, end.model_tier_read_bytes[self->slow]);
		EXPECT_EQ(EXTENT << SCALE, end.model_tier_write_bytes[self->slow]);
	}
}

TEST_F(step, sampled_repeats_the_last_observed_step)
{
	struct terrace_options o = { .sample_period = 3 };
	struct terrace_step_end end;
	volatile char *data;
	int i;

	ASSERT_EQ(0, open_with(o, &self->s, &self->b, &self->fast, &self->slow));
	data = terrace_buffer_data(self->b);
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
		(void)data[0];
		ASSERT_EQ(0, terrace_step_end(self->s, &end));
		EXPECT_EQ(TERRACE_CHARGING_SAMPLED, end.charging);
		EXPECT_EQ(EXTENT << SCALE, end.model_tier_read_bytes[self->slow]);
	}
}

/* A prefill reads two extents, a decode step one, in turns; one in four of each is observed. */
TEST_F(step, sampled_knows_prefill_from_decode)
{
	struct terrace_options o = { .sample_period = 4 };
	struct terrace_step_end end;
	volatile char *data;
	__u32 kind;
	int i;

	ASSERT_EQ(0, open_with(o, &self->s, &self->b, &self->fast, &self->slow));
	data = terrace_buffer_data(self->b);
	for (i = 0; i < 16; i++) {
		kind = i % 2 ? TERRACE_STEP_DECODE : TERRACE_STEP_PREFILL;
		ASSERT_EQ(0, terrace_step_begin(self->s, kind, 0, 1, 1));
		(void)data[0];
		if (kind == TERRACE_STEP_PREFILL)
			(void)data[EXTENT];
		ASSERT_EQ(0, terrace_step_end(self->s, &end));
		EXPECT_EQ((kind == TERRACE_STEP_PREFILL ? 2ULL : 1ULL) * EXTENT << SCALE,
			  end.model_tier_read_bytes[self->slow]);
	}
}

TEST_F(step, a_replay_drives_the_clock_alone)
{
	struct terrace_options o = { .ring_entries = 16, .replay = true };
	struct terrace_buffer_options bo = { .class_id = TERRACE_CLASS_KV,
					     .tier = TERRACE_TIER_ANY };
	struct terrace_session *other, *late;
	struct terrace_buffer *b = NULL;
	struct terrace_step_end end;
	struct terrace_info before, after;

	ASSERT_EQ(0, open_with(o, &self->s, &self->b, &self->fast, &self->slow));
	ASSERT_EQ(0, terrace_session_info(self->s, &before));
	ASSERT_EQ(0, terrace_advance(self->s, 5000000000ULL));
	ASSERT_EQ(0, terrace_session_info(self->s, &after));
	EXPECT_EQ(before.clock_ns + 5000000000ULL, after.clock_ns);
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
	ASSERT_EQ(0, terrace_record(self->s, terrace_buffer_id(self->b), TERRACE_ACCESS_READ, 0,
				    EXTENT));
	ASSERT_EQ(0, terrace_step_end(self->s, &end));
	EXPECT_EQ(after.clock_ns + end.model_ns, end.clock_ns);
	EXPECT_EQ(-EINVAL, -!terrace_advance(self->s, 0) * EINVAL);

	ASSERT_EQ(0, terrace_session_open(NULL, &other));
	EXPECT_EQ(-EBUSY, terrace_buffer_create(other, EXTENT, &bo, &b));
	EXPECT_EQ(-EBUSY, terrace_step_begin(other, TERRACE_STEP_DECODE, 0, 1, 1));
	EXPECT_EQ(-EPERM, terrace_advance(other, 1));
	terrace_session_close(self->s);
	self->s = NULL;
	EXPECT_EQ(0, terrace_buffer_create(other, EXTENT, &bo, &b));
	EXPECT_EQ(-EBUSY, terrace_session_open(&o, &late));
	terrace_buffer_free(b);
	terrace_session_close(other);
}

TEST_F(step, options_are_checked)
{
	static const struct terrace_options bad[] = {
		{ .ring_entries = 3 },
		{ .ring_entries = 1U << 17 },
		{ .ring_entries = 8, .sample_period = 2 },
		{ .sample_period = TERRACE_SAMPLE_MAX + 1 },
		{ .pace_permille = TERRACE_PACE_MAX + 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_EQ(-EINVAL, terrace_session_open(&bad[i], &self->s));
	self->s = NULL;
}

TEST_F(step, pacing_makes_a_step_last)
{
	struct terrace_options o = { .ring_entries = 16, .pace_permille = 1000 };
	struct terrace_step_end end;
	int i;

	ASSERT_EQ(0, open_with(o, &self->s, &self->b, &self->fast, &self->slow));
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, terrace_record(self->s, terrace_buffer_id(self->b),
					    TERRACE_ACCESS_READ, 0, 8 * EXTENT));
	ASSERT_EQ(0, terrace_step_end(self->s, &end));
	EXPECT_GT(end.model_ns, 1000000);
	EXPECT_GE(end.wall_ns, end.model_ns);
}

/* Steps of 756 modelled ns, a quarter of a second each. */
#define PACE	(330 * 1000000U)

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static uint64_t paced_ns(const struct terrace_step_end *end)
{
	return (end->model_ns * PACE + 999) / 1000;
}

static int small_step_begin(struct terrace_session *s, struct terrace_buffer *b)
{
	int err = terrace_step_begin(s, TERRACE_STEP_DECODE, 0, 1, 1);

	return err ?: terrace_record(s, terrace_buffer_id(b), TERRACE_ACCESS_READ, 0, 4096);
}

static int small_step(struct terrace_session *s, struct terrace_buffer *b,
		      struct terrace_step_end *end)
{
	int err = small_step_begin(s, b);

	return err ?: terrace_step_end(s, end);
}

TEST_F(step, pacing_counts_what_is_done_between_steps)
{
	struct terrace_options o = { .ring_entries = 16, .pace_permille = PACE };
	uint64_t begin = now_ns(), first = 0, paced = 0;
	struct terrace_step_end end;
	int i;

	ASSERT_EQ(0, open_with(o, &self->s, &self->b, &self->fast, &self->slow));
	/* until the host was fast enough once to be back in time */
	for (i = 0; i < 40 && (!i || end.wall_ns >= paced_ns(&end)); i++) {
		usleep(50000);
		ASSERT_EQ(0, small_step(self->s, self->b, &end));
		paced += paced_ns(&end);
		if (!i)
			first = end.wall_ns;
	}
	EXPECT_GE(first, paced_ns(&end));
	EXPECT_LT(1, i);
	EXPECT_LT(end.wall_ns, paced_ns(&end));
	EXPECT_GE(now_ns() - begin, paced);
}

TEST_F(step, an_idle_client_is_paced_from_the_begin)
{
	struct terrace_options o = { .ring_entries = 16, .pace_permille = PACE };
	struct terrace_step_end end;

	ASSERT_EQ(0, open_with(o, &self->s, &self->b, &self->fast, &self->slow));
	ASSERT_EQ(0, small_step(self->s, self->b, &end));
	usleep(paced_ns(&end) / 1000 + 1);
	ASSERT_EQ(0, small_step(self->s, self->b, &end));
	EXPECT_GE(end.wall_ns, paced_ns(&end));
}

TEST_F(step, a_late_step_is_not_made_up_for)
{
	struct terrace_options o = { .ring_entries = 16, .pace_permille = PACE };
	struct terrace_step_end end;
	uint64_t late;

	ASSERT_EQ(0, open_with(o, &self->s, &self->b, &self->fast, &self->slow));
	ASSERT_EQ(0, small_step(self->s, self->b, &end));
	ASSERT_EQ(0, small_step_begin(self->s, self->b));
	usleep(paced_ns(&end) * 3 / 2 / 1000);
	late = now_ns();
	ASSERT_EQ(0, terrace_step_end(self->s, &end));
	ASSERT_EQ(0, small_step(self->s, self->b, &end));
	EXPECT_GE(now_ns() - late, paced_ns(&end));
}

TEST_HARNESS_MAIN
