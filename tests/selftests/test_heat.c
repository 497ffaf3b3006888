// SPDX-License-Identifier: LGPL-2.1-or-later
/* The BPF programs count what happened, no more and no less: heat of extents, steps. */
#include <string.h>

#include "daemon/heat.h"
#include "daemon/hist.h"
#include "daemon/steps.h"
#include "kselftest_harness.h"
#include "tiers.h"

#define BUFFERS		3
#define EXTENT_BYTES	65536ULL
#define EXTENTS		64
#define STEPS		40
#define RECORDS		50

/* What the test posted itself. */
struct expected {
	uint64_t accesses;
	uint64_t writes;
	uint64_t model_bytes;
};

FIXTURE(heat) {
	struct terrace_session *s;
	struct terrace_buffer *b[BUFFERS];
	struct expected expected[BUFFERS][EXTENTS];
	uint64_t seed;
};

FIXTURE_SETUP(heat)
{
	struct terrace_options so = { .ring_entries = 256 };
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS, .extent_bytes = EXTENT_BYTES,
		.tier = TERRACE_TIER_ANY,
	};
	int i;

	ASSERT_EQ(0, tiers_up_default());
	ASSERT_EQ(0, terrace_session_open(&so, &self->s));
	for (i = 0; i < BUFFERS; i++)
		ASSERT_EQ(0, terrace_buffer_create(self->s, EXTENTS * EXTENT_BYTES, &o,
						   &self->b[i]));
	memset(self->expected, 0, sizeof(self->expected));
	self->seed = 88172645463325252ULL;
}

FIXTURE_TEARDOWN(heat)
{
	int i;

	for (i = 0; i < BUFFERS; i++)
		terrace_buffer_free(self->b[i]);
	terrace_session_close(self->s);
	tiers_down();
}

static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % below;
}

static void expect(struct expected *extents, uint32_t flags, uint64_t offset, uint64_t bytes)
{
	uint64_t first = offset / EXTENT_BYTES;
	uint64_t last = (offset + bytes - 1) / EXTENT_BYTES;
	uint64_t i;

	for (i = first; i <= last; i++) {
		extents[i].accesses++;
		extents[i].writes += !!(flags & TERRACE_ACCESS_WRITE);
		extents[i].model_bytes += bytes / (last - first + 1);
	}
}

TEST_F(heat, counts_are_those_of_the_records)
{
	struct engine_error e = {};
	struct heat_counts counts;
	struct heat_stats stats;
	struct heat *heat;
	int step, i, n;

	ASSERT_EQ(0, heat_open(4096, &heat, &e)) TH_LOG("%s", e.text);
	for (step = 0; step < STEPS; step++) {
		ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
		for (n = 0; n < RECORDS; n++) {
			uint32_t which = draw(&self->seed, BUFFERS);
			uint32_t flags = 1 + draw(&self->seed, 3);	/* read, write or both */
			uint64_t size = EXTENTS * EXTENT_BYTES;
			uint64_t offset = draw(&self->seed, size);
			uint64_t bytes = 1 + draw(&self->seed, size - offset);

			ASSERT_EQ(0, terrace_record(self->s, terrace_buffer_id(self->b[which]),
						    flags, offset, bytes));
			expect(self->expected[which], flags, offset, bytes);
		}
		ASSERT_EQ(0, terrace_step_end(self->s, NULL));
	}

	for (i = 0; i < BUFFERS; i++)
		for (n = 0; n < EXTENTS; n++) {
			const struct expected *x = &self->expected[i][n];

			heat_read(heat, terrace_buffer_id(self->b[i]), n, &counts);
			EXPECT_EQ(x->accesses, counts.accesses);
			EXPECT_EQ(x->writes, counts.writes);
			EXPECT_EQ(x->model_bytes, counts.model_bytes);
			EXPECT_EQ(0, counts.faults);
		}
	heat_read(heat, terrace_buffer_id(self->b[BUFFERS - 1]) + 1, 0, &counts);
	EXPECT_EQ(0, counts.accesses);
	heat_stats(heat, &stats);
	EXPECT_EQ(STEPS, stats.steps);
	EXPECT_EQ(STEPS * RECORDS, stats.charges);
	EXPECT_EQ(0, stats.dropped);
	EXPECT_EQ(0, stats.skipped);
	heat_close(heat);
}

TEST_F(heat, faults_are_counted_apart)
{
	volatile char *data = terrace_buffer_data(self->b[0]);
	struct engine_error e = {};
	struct heat_counts counts;
	struct heat_stats stats;
	struct heat *heat;

	ASSERT_EQ(0, heat_open(4096, &heat, &e)) TH_LOG("%s", e.text);
	data[5 * EXTENT_BYTES] = 1;
	heat_read(heat, terrace_buffer_id(self->b[0]), 5, &counts);
	EXPECT_EQ(0, counts.accesses);
	EXPECT_GT(counts.faults, 0);
	heat_read(heat, terrace_buffer_id(self->b[0]), 6, &counts);
	EXPECT_EQ(0, counts.faults);
	heat_stats(heat, &stats);
	EXPECT_EQ(0, stats.charges);
	heat_close(heat);
}

/* The smallest map has 1024 ways: more extents than that are dropped, and said so. */
TEST_F(heat, what_finds_no_room_is_counted)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV, .extent_bytes = 4096, .tier = TERRACE_TIER_ANY,
	};
	uint64_t extents = 2048, counted = 0, i;
	struct engine_error e = {};
	struct heat_counts counts;
	struct terrace_buffer *b;
	struct heat_stats stats;
	struct heat *heat;

	ASSERT_EQ(0, terrace_buffer_create(self->s, extents * 4096, &o, &b));
	ASSERT_EQ(0, heat_open(1024, &heat, &e)) TH_LOG("%s", e.text);
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
	ASSERT_EQ(0, terrace_record(self->s, terrace_buffer_id(b), TERRACE_ACCESS_READ, 0,
				    extents * 4096));
	ASSERT_EQ(0, terrace_step_end(self->s, NULL));
	for (i = 0; i < extents; i++) {
		heat_read(heat, terrace_buffer_id(b), i, &counts);
		counted += counts.accesses;
	}
	heat_stats(heat, &stats);
	EXPECT_EQ(1024, stats.room);
	EXPECT_EQ(stats.room, counted);
	EXPECT_EQ(extents - counted, stats.dropped);
	heat_close(heat);
	terrace_buffer_free(b);
}

/* Of a charge, at most HEAT_RANGE_MAX extents are counted: the rest is skipped, and said so. */
TEST_F(heat, what_is_beyond_the_longest_range_is_counted)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV, .extent_bytes = 4096, .tier = TERRACE_TIER_ANY,
	};
	uint64_t longest = HEAT_RANGE_MAX, extents = longest + 8, counted = 0, i;
	struct engine_error e = {};
	struct heat_counts counts;
	struct terrace_buffer *b;
	struct heat_stats stats;
	struct heat *heat;

	ASSERT_EQ(0, terrace_buffer_create(self->s, extents * 4096, &o, &b));
	ASSERT_EQ(0, heat_open(2 * longest, &heat, &e)) TH_LOG("%s", e.text);
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
	ASSERT_EQ(0, terrace_record(self->s, terrace_buffer_id(b), TERRACE_ACCESS_READ, 0,
				    extents * 4096));
	ASSERT_EQ(0, terrace_step_end(self->s, NULL));
	for (i = 0; i < extents; i++) {
		heat_read(heat, terrace_buffer_id(b), i, &counts);
		counted += counts.accesses;
	}
	heat_stats(heat, &stats);
	EXPECT_EQ(longest, counted);
	EXPECT_EQ(extents - longest, stats.skipped);
	EXPECT_EQ(0, stats.dropped);
	EXPECT_EQ(1, stats.charges);
	heat_close(heat);
	terrace_buffer_free(b);
}

/* Records of a buffer that is not there, or beyond its end, are no accesses. */
TEST_F(heat, refused_records_are_not_counted)
{
	uint32_t id = terrace_buffer_id(self->b[0]), unknown = id + 1000;
	struct terrace_step_end end;
	struct engine_error e = {};
	struct heat_counts counts;
	struct heat_stats stats;
	struct heat *heat;

	ASSERT_EQ(0, heat_open(4096, &heat, &e)) TH_LOG("%s", e.text);
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
	ASSERT_EQ(0, terrace_record(self->s, unknown, TERRACE_ACCESS_READ, 0, 1));
	ASSERT_EQ(0, terrace_record(self->s, id, TERRACE_ACCESS_READ, 0,
				    EXTENTS * EXTENT_BYTES + 1));
	ASSERT_EQ(0, terrace_record(self->s, id, TERRACE_ACCESS_READ, 3 * EXTENT_BYTES, 1));
	ASSERT_EQ(0, terrace_step_end(self->s, &end));
	EXPECT_EQ(2, end.rejected);
	heat_read(heat, unknown, 0, &counts);
	EXPECT_EQ(0, counts.accesses);
	heat_read(heat, id, 0, &counts);
	EXPECT_EQ(0, counts.accesses);
	heat_read(heat, id, 3, &counts);
	EXPECT_EQ(1, counts.accesses);
	heat_stats(heat, &stats);
	EXPECT_EQ(1, stats.charges);
	EXPECT_EQ(1, stats.steps);
	heat_close(heat);
}

TEST_F(heat, the_histograms_count_every_step)
{
	uint64_t model_ns[2] = {}, steps[2] = { 7, 11 };
	struct engine_error e = {};
	struct terrace_step_end end;
	struct steps *observer;
	struct hist h;
	int kind;

	ASSERT_EQ(0, steps_open(&observer, &e)) TH_LOG("%s", e.text);
	for (kind = TERRACE_STEP_PREFILL; kind <= TERRACE_STEP_DECODE; kind++)
		for (uint64_t i = 0; i < steps[kind]; i++) {
			ASSERT_EQ(0, terrace_step_begin(self->s, kind, 0, 1, 1));
			ASSERT_EQ(0, terrace_record(self->s, terrace_buffer_id(self->b[0]),
						    TERRACE_ACCESS_READ, 0, EXTENT_BYTES << i % 5));
			ASSERT_EQ(0, terrace_step_end(self->s, &end));
			model_ns[kind] += end.model_ns;
		}
	EXPECT_EQ(steps[0] + steps[1], steps_ended(observer));
	EXPECT_EQ(0, steps_lost(observer));
	ASSERT_EQ(0, steps_hist(observer, STEP_HIST_MODEL_PREFILL, &h));
	EXPECT_EQ(steps[0], h.count);
	EXPECT_EQ(steps[0], hist_total(&h));
	EXPECT_EQ(model_ns[0], h.sum_ns);
	ASSERT_EQ(0, steps_hist(observer, STEP_HIST_MODEL_DECODE, &h));
	EXPECT_EQ(steps[1], h.count);
	EXPECT_EQ(model_ns[1], h.sum_ns);
	ASSERT_EQ(0, steps_hist(observer, STEP_HIST_WALL_DECODE, &h));
	EXPECT_EQ(steps[1], hist_total(&h));
	steps_close(observer);
}

TEST_HARNESS_MAIN
