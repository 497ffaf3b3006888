// SPDX-License-Identifier: LGPL-2.1-or-later
/* A wear table that cannot be written: no wear is lost but what is said to be uncertain. */
#include <errno.h>
#include <string.h>

#include "faulty.h"
#include "kselftest_harness.h"
#include "pattern.h"

#define LOSS	(128 * MIB)

FIXTURE(wear_errors) {
	struct loop_device disk;
	struct terrace_session *s;
	struct terrace_buffer *b;
	int fast;
	int slow;
};

FIXTURE_SETUP(wear_errors)
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

FIXTURE_TEARDOWN(wear_errors)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	tiers_down();
	faulty_down(&self->disk);
}

/* Checkpoints cannot be written: nothing is programmed that a crash would leave uncounted. */
TEST_F_TIMEOUT(wear_errors, no_more_is_uncounted_than_is_said, 240)
{
	uint64_t bytes = 16 * MIB;
	uint64_t moved, programmed = 0;
	int err = 0;

	ASSERT_EQ(0, tiers_weights(self->s, bytes, 0, self->fast, &self->b));
	fill_words(self->b, 0, bytes, 6);
	ASSERT_EQ(0, faulty_tables(&self->disk));
	for (int round = 0; round < 10 && !err; round++) {
		err = terrace_migrate(self->b, 0, bytes, self->slow, &moved);
		programmed += moved;
		if (!err)
			err = terrace_migrate(self->b, 0, bytes, self->fast, NULL);
	}
	EXPECT_EQ(-EIO, err);
	EXPECT_LE(programmed, LOSS);
	EXPECT_EQ(0, tiers_value("slow", "flash_retired_bytes"));
	EXPECT_EQ(0, wrong_words(self->b, 0, bytes, 6));
	/* the device recovers: so does the tier */
	ASSERT_EQ(0, faulty_none(&self->disk));
	EXPECT_EQ(0, terrace_migrate(self->b, 0, bytes, self->slow, NULL));
	EXPECT_EQ(0, wrong_words(self->b, 0, bytes, 6));
}

/* A tier whose beginning cannot be written down does not come up, and loses nothing by it. */
TEST_F(wear_errors, a_tier_that_cannot_write_its_wear_stays_down)
{
	uint64_t bytes = 4 * MIB;

	ASSERT_EQ(0, tiers_weights(self->s, bytes, 0, self->fast, &self->b));
	fill_words(self->b, 0, bytes, 7);
	ASSERT_EQ(0, terrace_migrate(self->b, 0, bytes, self->slow, NULL));
	terrace_buffer_free(self->b);
	self->b = NULL;
	tiers_down();
	ASSERT_EQ(0, faulty_tables(&self->disk));
	EXPECT_EQ(-EIO, faulty_tiers_up());
	EXPECT_NE(NULL, strstr(terrace_error(), "cannot be read or written"));
	tiers_down();
	ASSERT_EQ(0, faulty_none(&self->disk));
	ASSERT_EQ(0, faulty_tiers_up());
	EXPECT_EQ((long long)bytes, tiers_value("slow", "flash_programmed_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "flash_uncertain_bytes"));
}

/* What could not be written down when the tier went is uncertain when it comes again. */
TEST_F(wear_errors, a_tier_that_cannot_write_its_wear_goes)
{
	uint64_t bytes = 4 * MIB;

	ASSERT_EQ(0, tiers_weights(self->s, bytes, 0, self->fast, &self->b));
	fill_words(self->b, 0, bytes, 8);
	ASSERT_EQ(0, terrace_migrate(self->b, 0, bytes, self->slow, NULL));
	terrace_buffer_free(self->b);
	self->b = NULL;
	ASSERT_EQ(0, faulty_tables(&self->disk));
	EXPECT_EQ(0, terrace_tier_offline("slow"));
	EXPECT_EQ(0, terrace_tier_offline("fast"));
	ASSERT_EQ(0, faulty_none(&self->disk));
	ASSERT_EQ(0, faulty_tiers_up());
	EXPECT_EQ(0, tiers_value("slow", "flash_programmed_bytes"));
	EXPECT_EQ((long long)LOSS, tiers_value("slow", "flash_uncertain_bytes"));
}

TEST_HARNESS_MAIN
