// SPDX-License-Identifier: LGPL-2.1-or-later
/* Flash media that fail: blocks that cannot be read, blocks that cannot be written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "faulty.h"
#include "kselftest_harness.h"
#include "pattern.h"

FIXTURE(media_errors) {
	struct loop_device disk;
	struct terrace_session *s;
	struct terrace_buffer *b;
	int fast;
	int slow;
};

FIXTURE_VARIANT(media_errors) {
	uint32_t extent;
};

FIXTURE_VARIANT_ADD(media_errors, 64k) {
	.extent = 65536,
};

FIXTURE_VARIANT_ADD(media_errors, 2m) {
	.extent = EXTENT,
};

FIXTURE_SETUP(media_errors)
{
	const char *lacks = faulty_lacks();

	if (lacks)
		SKIP(return, "%s", lacks);
	ASSERT_EQ(0, faulty_up(&self->disk));
	ASSERT_EQ(0, faulty_tiers_up());
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->fast = terrace_tier_find(self->s, "fast");
	self->slow = terrace_tier_find(self->s, "slow");
	self->b = NULL;
}

FIXTURE_TEARDOWN(media_errors)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	tiers_down();
	faulty_down(&self->disk);
}

/* Where the device holds what fill_words() wrote at an offset of a buffer, or 0. */
static uint64_t place_of(struct loop_device *disk, uint64_t offset, uint64_t extent,
			 uint64_t salt)
{
	uint64_t at = faulty_segment(disk, 0);

	while (at < disk->bytes && !words_at(disk->content + at, extent, offset, salt))
		at += extent;
	return at < disk->bytes ? at : 0;
}

/* Wrong words of all extents but one. */
static uint64_t wrong_but(struct terrace_buffer *b, uint64_t offset, uint64_t salt)
{
	uint64_t end = offset + terrace_buffer_extent_bytes(b);

	return wrong_words(b, 0, offset, salt) +
	       wrong_words(b, end, terrace_buffer_bytes(b) - end, salt);
}

/* One sector in the middle of an extent cannot be read. */
TEST_F_TIMEOUT(media_errors, what_cannot_be_read_is_lost_and_nothing_else, 120)
{
	uint64_t bytes = 8 * MIB, lost = 4 * MIB, extent = variant->extent, at;
	char *data, byte;

	ASSERT_EQ(0, tiers_weights(self->s, bytes, extent, self->fast, &self->b));
	data = terrace_buffer_data(self->b);
	fill_words(self->b, 0, bytes, 1);
	ASSERT_EQ(0, terrace_migrate(self->b, 0, bytes, self->slow, NULL));
	at = place_of(&self->disk, lost, extent, 1);
	ASSERT_NE(0, at);
	ASSERT_EQ(0, faulty_range(&self->disk, at + extent / 2, 512, "error_reads"));
	EXPECT_EQ(0, tiers_value("slow", "media_errors"));

	EXPECT_EQ(true, bus_load(data + lost));
	EXPECT_EQ(1, tiers_value("slow", "sigbus"));
	EXPECT_EQ(-1, pread(terrace_buffer_fd(self->b), &byte, 1, lost));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-EIO, terrace_migrate(self->b, lost, extent, self->fast, NULL));
	EXPECT_GE(tiers_value("slow", "media_errors"), 3);
	EXPECT_EQ((long long)EXTENT, tiers_value("slow", "flash_retired_bytes"));
	EXPECT_EQ(0, wrong_but(self->b, lost, 1));
	EXPECT_EQ(1, tiers_value("slow", "sigbus"));

	/* given up it is zero, and the rest is as it was, here and on another tier */
	ASSERT_EQ(0, terrace_discard(self->b, lost, extent));
	EXPECT_EQ(false, bus_load(data + lost));
	EXPECT_EQ(0, data[lost + extent / 2]);
	ASSERT_EQ(0, terrace_migrate(self->b, 0, bytes, self->fast, NULL));
	EXPECT_EQ(0, wrong_but(self->b, lost, 1));
	EXPECT_EQ((long long)EXTENT, tiers_value("slow", "flash_retired_bytes"));
}

/*
 * The segments that come first cannot be written: others take their place, and what was tried is
 * worn. They stay out of use, also when the tier comes again.
 */
TEST_F_TIMEOUT(media_errors, what_cannot_be_written_goes_elsewhere, 120)
{
	uint64_t bytes = 8 * MIB, extent = variant->extent, tried = bytes + 2 * extent;
	uint64_t bad = faulty_segment(&self->disk, 0);
	uint8_t *before = malloc(2 * EXTENT);

	memcpy(before, self->disk.content + bad, 2 * EXTENT);
	ASSERT_EQ(0, faulty_range(&self->disk, bad, 2 * EXTENT, "error_writes"));
	ASSERT_EQ(0, tiers_weights(self->s, bytes, extent, self->fast, &self->b));
	fill_words(self->b, 0, bytes, 2);
	ASSERT_EQ(0, terrace_migrate(self->b, 0, bytes, self->slow, NULL));
	EXPECT_EQ(2, tiers_value("slow", "media_errors"));
	EXPECT_EQ(2 * (long long)EXTENT, tiers_value("slow", "flash_retired_bytes"));
	EXPECT_EQ((long long)tried, tiers_value("slow", "flash_programmed_bytes"));
	EXPECT_EQ(0, wrong_words(self->b, 0, bytes, 2));

	/* the device recovers, the segments do not */
	ASSERT_EQ(0, faulty_none(&self->disk));
	terrace_buffer_free(self->b);
	self->b = NULL;
	tiers_down();
	ASSERT_EQ(0, faulty_tiers_up());
	EXPECT_EQ(2 * (long long)EXTENT, tiers_value("slow", "flash_retired_bytes"));
	EXPECT_EQ((long long)tried, tiers_value("slow", "flash_programmed_bytes"));
	ASSERT_EQ(0, tiers_weights(self->s, FAULTY_CAPACITY, extent, self->slow, &self->b));
	fill_words(self->b, 0, FAULTY_CAPACITY, 3);
	EXPECT_EQ(0, wrong_words(self->b, 0, FAULTY_CAPACITY, 3));
	EXPECT_EQ(0, tiers_value("slow", "media_errors"));
	EXPECT_EQ(0, memcmp(before, self->disk.content + bad, 2 * EXTENT));
	free(before);
}

/* A move tries three times, then the extent stays where it is; the next move goes on. */
TEST_F_TIMEOUT(media_errors, a_move_that_cannot_be_written_changes_nothing, 120)
{
	uint64_t bytes = 8 * MIB, extent = variant->extent;
	long long programmed;

	ASSERT_EQ(0, tiers_weights(self->s, bytes, extent, self->fast, &self->b));
	fill_words(self->b, 0, bytes, 4);
	ASSERT_EQ(0, faulty_range(&self->disk, faulty_segment(&self->disk, 0), 3 * EXTENT,
				  "error_writes"));
	EXPECT_EQ(-EIO, terrace_migrate(self->b, 0, bytes, self->slow, NULL));
	EXPECT_EQ(3, tiers_value("slow", "media_errors"));
	EXPECT_EQ(3 * (long long)EXTENT, tiers_value("slow", "flash_retired_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ((long long)bytes, tiers_value("fast", "used_bytes"));
	EXPECT_EQ(0, wrong_words(self->b, 0, bytes, 4));
	programmed = tiers_value("slow", "flash_programmed_bytes");
	EXPECT_EQ(3 * (long long)extent, programmed);
	EXPECT_EQ(0, terrace_migrate(self->b, 0, bytes, self->slow, NULL));
	EXPECT_EQ(programmed + (long long)bytes, tiers_value("slow", "flash_programmed_bytes"));
	EXPECT_EQ(0, wrong_words(self->b, 0, bytes, 4));
}

/* No block can be written any more: what is dirty stays in its frames, and can be saved. */
TEST_F_TIMEOUT(media_errors, a_device_that_takes_no_writes_loses_nothing, 240)
{
	uint64_t bytes = 2 * FAULTY_LANDING, data = faulty_segment(&self->disk, 0);

	ASSERT_EQ(0, tiers_weights(self->s, bytes, variant->extent, self->slow, &self->b));
	fill_words(self->b, 0, FAULTY_LANDING, 5);
	ASSERT_EQ(0, faulty_range(&self->disk, data, self->disk.bytes - data, "error_writes"));
	EXPECT_EQ(true, bus_store((char *)terrace_buffer_data(self->b) + FAULTY_LANDING, 0));
	EXPECT_EQ(0, wrong_words(self->b, 0, FAULTY_LANDING, 5));
	EXPECT_EQ(0, terrace_migrate(self->b, 0, FAULTY_LANDING, self->fast, NULL));
	EXPECT_EQ(0, wrong_words(self->b, 0, FAULTY_LANDING, 5));
	EXPECT_GT(tiers_value("slow", "media_errors"), 0);
}

TEST_HARNESS_MAIN
