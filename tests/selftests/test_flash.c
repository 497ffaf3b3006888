// SPDX-License-Identifier: LGPL-2.1-or-later
/* Extents on flash: content, eviction, the last block, wear, media that lie. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bus.h"
#include "kselftest_harness.h"
#include "pattern.h"
#include "tiers.h"

#define DEVICE		"/dev/nvme0n1"
#define LANDING		(8 * MIB)

FIXTURE(flash) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	int fast;
	int slow;
};

static int up(bool kept)
{
	const struct tiers_config config = {
		.fast_bytes = 64 * MIB, .slow_bytes = 64 * MIB, .slow_kept = kept,
		.fast_classes = ALL_CLASSES, .slow_classes = ALL_CLASSES,
		.slow_device = DEVICE, .landing_bytes = LANDING,
	};

	return tiers_up(&config);
}

FIXTURE_SETUP(flash)
{
	ASSERT_EQ(0, up(false));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->fast = terrace_tier_find(self->s, "fast");
	self->slow = terrace_tier_find(self->s, "slow");
	self->b = NULL;
}

FIXTURE_TEARDOWN(flash)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "landing_used_bytes"));
	tiers_down();
}

/* Four times the landing pool is written and read in turns. */
TEST_F_TIMEOUT(flash, more_than_the_landing_pool, 120)
{
	uint64_t bytes = 4 * LANDING;
	int round;

	ASSERT_EQ(0, tiers_weights(self->s, bytes, 0, self->slow, &self->b));
	for (round = 0; round < 3; round++) {
		fill_words(self->b, 0, bytes, round);
		EXPECT_EQ(0, wrong_words(self->b, 0, bytes, round));
	}
	EXPECT_GE(LANDING, tiers_value("slow", "landing_used_bytes"));
	EXPECT_GT(tiers_value("slow", "writebacks"), 0);
	EXPECT_GT(tiers_value("slow", "major_faults"), 0);
	EXPECT_EQ(0, tiers_value("slow", "media_errors"));
}

/* What is sealed is programmed once, however often it is evicted and read. */
TEST_F_TIMEOUT(flash, sealed_extents_are_programmed_once, 120)
{
	uint64_t bytes = 4 * LANDING;
	int round;

	ASSERT_EQ(0, tiers_weights(self->s, bytes, 65536, self->slow, &self->b));
	fill_words(self->b, 0, bytes, 5);
	ASSERT_EQ(0, terrace_seal(self->b, 0, bytes));
	for (round = 0; round < 3; round++)
		EXPECT_EQ(0, wrong_words(self->b, 0, bytes, 5));
	/* those that are still in the pool may never have been written */
	EXPECT_LE(tiers_value("slow", "flash_programmed_bytes"), (long long)bytes);
	EXPECT_GE(tiers_value("slow", "flash_programmed_bytes"), (long long)(bytes - LANDING));
}

TEST_F_TIMEOUT(flash, every_way_to_and_from_flash, 120)
{
	uint64_t bytes = 16 * EXTENT;

	ASSERT_EQ(0, tiers_weights(self->s, bytes, 0, self->fast, &self->b));
	fill_words(self->b, 0, bytes / 2, 9);
	EXPECT_EQ(0, terrace_migrate(self->b, 0, bytes, self->slow, NULL));
	/* what was never written needs no block */
	EXPECT_EQ((long long)bytes / 2, tiers_value("slow", "flash_programmed_bytes"));
	EXPECT_EQ((long long)bytes, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "landing_used_bytes"));
	EXPECT_EQ(0, wrong_words(self->b, 0, 2 * EXTENT, 9));
	EXPECT_EQ(0, terrace_migrate(self->b, 0, bytes, self->fast, NULL));
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, wrong_words(self->b, 0, bytes / 2, 9));
	EXPECT_EQ(0, ((char *)terrace_buffer_data(self->b))[bytes - 1]);
	/* it is not on flash any more: going back programs again */
	EXPECT_EQ(0, terrace_migrate(self->b, 0, bytes, self->slow, NULL));
	EXPECT_EQ((long long)bytes, tiers_value("slow", "flash_programmed_bytes"));
	EXPECT_EQ(0, terrace_discard(self->b, 0, bytes / 4));
	EXPECT_EQ(0, ((char *)terrace_buffer_data(self->b))[0]);
	EXPECT_EQ(0, wrong_words(self->b, bytes / 4, bytes / 4, 9));
}

TEST_F(flash, wear_outlasts_the_tier)
{
	long long programmed, most;

	ASSERT_EQ(0, tiers_weights(self->s, 8 * EXTENT, 0, self->fast, &self->b));
	fill_words(self->b, 0, 8 * EXTENT, 4);
	ASSERT_EQ(0, terrace_migrate(self->b, 0, 8 * EXTENT, self->slow, NULL));
	programmed = tiers_value("slow", "flash_programmed_bytes");
	most = tiers_value("slow", "pe_cycles_max_milli");
	EXPECT_EQ(8 * (long long)EXTENT, programmed);
	/* segments are chosen by wear: no one was programmed twice */
	EXPECT_EQ(1000, most);
	terrace_buffer_free(self->b);
	self->b = NULL;
	tiers_down();
	ASSERT_EQ(0, up(true));
	EXPECT_EQ(programmed, tiers_value("slow", "flash_programmed_bytes"));
	EXPECT_EQ(most, tiers_value("slow", "pe_cycles_max_milli"));
	EXPECT_EQ(0, tiers_value("slow", "flash_uncertain_bytes"));
}

/* All of the capacity is used by extents of two sizes; each byte is there. */
TEST_F_TIMEOUT(flash, to_the_last_block, 240)
{
	struct terrace_buffer *small, *more;

	ASSERT_EQ(0, tiers_weights(self->s, 48 * MIB, 0, self->slow, &self->b));
	ASSERT_EQ(0, tiers_weights(self->s, 16 * MIB, 65536, self->slow, &small));
	EXPECT_EQ(-ENOSPC, tiers_weights(self->s, 4096, 4096, self->slow, &more));
	for (int round = 0; round < 2; round++) {
		fill_words(self->b, 0, 48 * MIB, round);
		fill_words(small, 0, 16 * MIB, ~round);
		EXPECT_EQ(0, wrong_words(self->b, 0, 48 * MIB, round));
		EXPECT_EQ(0, wrong_words(small, 0, 16 * MIB, ~round));
	}
	terrace_buffer_free(small);
	ASSERT_EQ(0, tiers_weights(self->s, 16 * MIB, 4096, self->slow, &small));
	fill_words(small, 0, 16 * MIB, 3);
	EXPECT_EQ(0, wrong_words(small, 0, 16 * MIB, 3));
	terrace_buffer_free(small);
}

/* Overwrite what the device holds of a buffer, behind the module's back: a bit in each page. */
static int spoil_device(void)
{
	static char page[4096];
	int fd = open(DEVICE, O_RDWR | O_DIRECT);
	void *at;

	if (fd < 0 || posix_memalign(&at, 4096, 4096))
		return -1;
	for (off_t offset = 2 * MIB; offset < (off_t)(128 * MIB); offset += 65536) {
		if (pread(fd, at, 4096, offset) != 4096)
			return -1;
		memcpy(page, at, 4096);
		((char *)at)[100] ^= 4;
		if (pwrite(fd, at, 4096, offset) != 4096)
			return -1;
	}
	free(at);
	return close(fd);
}

TEST_F_TIMEOUT(flash, a_flipped_bit_is_never_handed_out, 120)
{
	char *data, byte;

	ASSERT_EQ(0, tiers_weights(self->s, 4 * EXTENT, 0, self->fast, &self->b));
	data = terrace_buffer_data(self->b);
	fill_words(self->b, 0, 4 * EXTENT, 1);
	ASSERT_EQ(0, terrace_migrate(self->b, 0, 2 * EXTENT, self->slow, NULL));
	ASSERT_EQ(0, spoil_device());
	EXPECT_EQ(true, bus_load(data));
	EXPECT_EQ(-1, pread(terrace_buffer_fd(self->b), &byte, 1, EXTENT));
	EXPECT_EQ(EBADMSG, errno);
	EXPECT_EQ(-EBADMSG, terrace_migrate(self->b, 0, EXTENT, self->fast, NULL));
	EXPECT_EQ(0, wrong_words(self->b, 2 * EXTENT, 2 * EXTENT, 1));
	EXPECT_GT(tiers_value("slow", "media_errors"), 0);
	EXPECT_GT(tiers_value("slow", "flash_retired_bytes"), 0);
	/* it is lost, the extent is not */
	ASSERT_EQ(0, terrace_discard(self->b, 0, 2 * EXTENT));
	EXPECT_EQ(false, bus_load(data));
	fill_words(self->b, 0, 2 * EXTENT, 2);
	ASSERT_EQ(0, terrace_migrate(self->b, 0, 2 * EXTENT, self->fast, NULL));
	EXPECT_EQ(0, wrong_words(self->b, 0, 2 * EXTENT, 2));
}

TEST_HARNESS_MAIN
