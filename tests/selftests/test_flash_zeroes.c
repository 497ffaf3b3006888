// SPDX-License-Identifier: LGPL-2.1-or-later
/* Zeroes are never programmed to flash: evicted, sealed, moved; and what is not zero is. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "kselftest_harness.h"
#include "pattern.h"
#include "tiers.h"

#define DEVICE		"/dev/nvme0n1"
#define LANDING		(8 * MIB)
#define BYTES		(4 * LANDING)
#define PATIENCE	3000	/* times 10 ms until background work is done */

FIXTURE(zeroes) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	int fast;
	int slow;
};

FIXTURE_VARIANT(zeroes) {
	uint32_t extent;
};

FIXTURE_VARIANT_ADD(zeroes, large) { .extent = EXTENT };
FIXTURE_VARIANT_ADD(zeroes, small) { .extent = 65536 };

/* 128 MiB of flash, 1000 cycles in 4000 days: 32 MiB a day, 16 MiB for each of two classes. */
FIXTURE_SETUP(zeroes)
{
	const struct tiers_config config = {
		.fast_bytes = 64 * MIB, .slow_bytes = 128 * MIB, .fast_classes = ALL_CLASSES,
		.slow_classes = 1U << TERRACE_CLASS_WEIGHTS | 1U << TERRACE_CLASS_KV,
		.slow_device = DEVICE, .landing_bytes = LANDING,
		.slow_life = { .endurance_cycles = 1000, .lifetime_s = 4000ULL * 86400 },
	};
	const struct terrace_options options = { .ring_entries = 64, .replay = true };

	ASSERT_EQ(0, tiers_up(&config));
	/* on a clock that stands, the budget does not fill up */
	ASSERT_EQ(0, terrace_session_open(&options, &self->s));
	self->fast = terrace_tier_find(self->s, "fast");
	self->slow = terrace_tier_find(self->s, "slow");
	self->b = NULL;
}

FIXTURE_TEARDOWN(zeroes)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "landing_used_bytes"));
	tiers_down();
}

static int make(struct terrace_session *s, uint32_t tier, uint32_t extent, bool pinnable,
		struct terrace_buffer **b)
{
	const struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV, .extent_bytes = extent, .pinnable = pinnable,
		.tier = tier, .strict = true,
	};

	return terrace_buffer_create(s, BYTES, &o, b);
}

static bool is_zero(struct terrace_buffer *b, uint64_t from, uint64_t bytes)
{
	const uint64_t *at = terrace_buffer_data(b);

	for (uint64_t i = from / 8; i < (from + bytes) / 8; i++)
		if (at[i])
			return false;
	return true;
}

static long long programmed(void)
{
	return tiers_value("slow", "flash_programmed_bytes");
}

static long long avoided(void)
{
	return tiers_value("slow", "zero_writes_avoided_bytes");
}

static long long budget(void)
{
	return tiers_value("slow", "write_budget_left_kv_bytes");
}

/* What is read fills the pool again and again, so that all else is evicted. */
static int evict_others(struct terrace_session *s, int slow)
{
	struct terrace_buffer *other;
	int err = tiers_weights(s, 4 * LANDING, 0, slow, &other);

	for (uint64_t at = 0; !err && at < 4 * LANDING; at += EXTENT)
		(void)((volatile char *)terrace_buffer_data(other))[at];
	terrace_buffer_free(other);
	return err;
}

TEST_F_TIMEOUT(zeroes, more_than_the_pool_is_cleared, 120)
{
	struct terrace_extent_info first;
	long long left = budget();

	ASSERT_LT(0, left);
	ASSERT_EQ(0, make(self->s, self->slow, variant->extent, false, &self->b));
	memset(terrace_buffer_data(self->b), 0, BYTES);
	EXPECT_LE((long long)(BYTES - LANDING), avoided());
	ASSERT_EQ(0, evict_others(self->s, self->slow));
	EXPECT_EQ((long long)BYTES, avoided());
	ASSERT_EQ(0, terrace_query(self->b, 0, variant->extent, &first));
	EXPECT_EQ(0, first.flags);
	EXPECT_TRUE(is_zero(self->b, 0, BYTES));
	EXPECT_EQ(0, programmed());
	EXPECT_EQ(0, tiers_value("slow", "writebacks"));
	EXPECT_EQ(0, tiers_value("slow", "wear_media_bytes"));
	EXPECT_EQ(left, budget());
	/* there was nothing to read */
	EXPECT_EQ(0, tiers_value("slow", "major_faults"));
	/* what is written later is kept */
	fill_words(self->b, 0, BYTES, 3);
	EXPECT_EQ(0, wrong_words(self->b, 0, BYTES, 3));
	EXPECT_LE((long long)(BYTES - LANDING), programmed());
	EXPECT_EQ((long long)BYTES, avoided());
}

TEST_F_TIMEOUT(zeroes, one_byte_is_not_zero, 120)
{
	unsigned char *data;
	uint64_t at;

	ASSERT_EQ(0, make(self->s, self->slow, variant->extent, false, &self->b));
	data = terrace_buffer_data(self->b);
	for (at = 0; at < BYTES; at += variant->extent)
		data[at + variant->extent - 1] = 1;
	ASSERT_EQ(0, evict_others(self->s, self->slow));
	EXPECT_EQ((long long)BYTES, programmed());
	EXPECT_EQ(0, avoided());
	for (at = 0; at < BYTES; at += variant->extent) {
		EXPECT_EQ(1, data[at + variant->extent - 1]);
		EXPECT_EQ(0, data[at]);
	}
}

TEST_F_TIMEOUT(zeroes, what_is_cleared_gives_its_block_up, 120)
{
	long long before;

	ASSERT_EQ(0, make(self->s, self->slow, variant->extent, false, &self->b));
	fill_words(self->b, 0, BYTES, 1);
	ASSERT_EQ(0, evict_others(self->s, self->slow));
	before = programmed();
	EXPECT_EQ((long long)BYTES, before);
	/* the second half, behind which nothing is read ahead */
	memset((char *)terrace_buffer_data(self->b) + BYTES / 2, 0, BYTES / 2);
	ASSERT_EQ(0, evict_others(self->s, self->slow));
	EXPECT_EQ(before, programmed());
	EXPECT_EQ((long long)BYTES / 2, avoided());
	/* there is no block to read */
	before = tiers_value("slow", "major_faults") + tiers_value("slow", "readaheads");
	EXPECT_TRUE(is_zero(self->b, BYTES / 2, BYTES / 2));
	EXPECT_EQ(before, tiers_value("slow", "major_faults") + tiers_value("slow", "readaheads"));
	EXPECT_EQ(0, wrong_words(self->b, 0, BYTES / 2, 1));
	EXPECT_LT(before, tiers_value("slow", "major_faults") + tiers_value("slow", "readaheads"));
}

TEST_F_TIMEOUT(zeroes, moved_from_memory, 120)
{
	long long left;

	ASSERT_EQ(0, make(self->s, self->fast, variant->extent, false, &self->b));
	memset(terrace_buffer_data(self->b), 0, BYTES);
	/* half of the budget of 16 MiB, then more than there is left of it */
	fill_words(self->b, 0, BYTES / 4, 2);
	left = budget();
	ASSERT_EQ(0, terrace_migrate(self->b, 0, BYTES / 4, self->slow, NULL));
	EXPECT_EQ((long long)BYTES / 4, programmed());
	EXPECT_EQ(left - (long long)BYTES / 4, budget());
	left = budget();
	ASSERT_EQ(0, terrace_migrate(self->b, BYTES / 4, BYTES * 3 / 4, self->slow, NULL));
	EXPECT_EQ((long long)BYTES / 4, programmed());
	EXPECT_EQ((long long)BYTES * 3 / 4, avoided());
	EXPECT_EQ(left, budget());
	EXPECT_EQ((long long)BYTES, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "landing_used_bytes"));
	EXPECT_EQ(0, wrong_words(self->b, 0, BYTES / 4, 2));
	EXPECT_TRUE(is_zero(self->b, BYTES / 4, BYTES * 3 / 4));
	/* back, and there is still nothing to program */
	ASSERT_EQ(0, terrace_migrate(self->b, BYTES / 4, BYTES * 3 / 4, self->fast, NULL));
	EXPECT_TRUE(is_zero(self->b, BYTES / 4, BYTES * 3 / 4));
	ASSERT_EQ(0, terrace_migrate(self->b, BYTES / 4, BYTES * 3 / 4, self->slow, NULL));
	EXPECT_EQ((long long)BYTES / 4, programmed());
	EXPECT_EQ(0, tiers_value("slow", "write_budget_refusals"));
}

TEST_F_TIMEOUT(zeroes, moved_without_any_budget, 120)
{
	ASSERT_EQ(0, make(self->s, self->fast, variant->extent, false, &self->b));
	memset(terrace_buffer_data(self->b), 0, BYTES);
	fill_words(self->b, 0, BYTES * 3 / 4, 4);
	/* the budget ends in the middle of it */
	EXPECT_EQ(-EAGAIN, terrace_migrate(self->b, 0, BYTES * 3 / 4, self->slow, NULL));
	EXPECT_EQ(0, budget());
	EXPECT_EQ(0, terrace_migrate(self->b, BYTES * 3 / 4, BYTES / 4, self->slow, NULL));
	EXPECT_EQ((long long)BYTES / 4, avoided());
	EXPECT_EQ(1, tiers_value("slow", "write_budget_refusals"));
	EXPECT_EQ(0, wrong_words(self->b, 0, BYTES * 3 / 4, 4));
	EXPECT_TRUE(is_zero(self->b, BYTES * 3 / 4, BYTES / 4));
}

TEST_F_TIMEOUT(zeroes, sealed_zeroes_stay_sealed, 120)
{
	int patience = PATIENCE;
	char byte = 1;

	ASSERT_EQ(0, make(self->s, self->slow, variant->extent, false, &self->b));
	memset(terrace_buffer_data(self->b), 0, LANDING / 2);
	ASSERT_EQ(0, terrace_seal(self->b, 0, LANDING / 2));
	while (avoided() < (long long)LANDING / 2 && patience--)
		usleep(10000);
	EXPECT_EQ((long long)LANDING / 2, avoided());
	/* they stay where they are */
	EXPECT_EQ(0, tiers_value("slow", "evictions"));
	ASSERT_EQ(0, evict_others(self->s, self->slow));
	EXPECT_EQ(0, programmed());
	EXPECT_TRUE(bus_store(terrace_buffer_data(self->b), 1));
	EXPECT_EQ(-1, pwrite(terrace_buffer_fd(self->b), &byte, 1, 0));
	EXPECT_EQ(EROFS, errno);
	EXPECT_TRUE(is_zero(self->b, 0, LANDING / 2));
	ASSERT_EQ(0, terrace_discard(self->b, 0, LANDING / 2));
	EXPECT_EQ(1, pwrite(terrace_buffer_fd(self->b), &byte, 1, 0));
}

/* Its mappings may be written without a fault. */
TEST_F_TIMEOUT(zeroes, pinnable_buffers, 120)
{
	ASSERT_EQ(0, make(self->s, self->slow, variant->extent, true, &self->b));
	memset(terrace_buffer_data(self->b), 0, BYTES);
	ASSERT_EQ(0, evict_others(self->s, self->slow));
	EXPECT_EQ(0, programmed());
	EXPECT_EQ((long long)BYTES, avoided());
	/* a load, then stores through the same mapping */
	EXPECT_TRUE(is_zero(self->b, 0, LANDING / 2));
	fill_words(self->b, 0, LANDING / 2, 6);
	ASSERT_EQ(0, evict_others(self->s, self->slow));
	EXPECT_EQ((long long)LANDING / 2, programmed());
	EXPECT_EQ(0, wrong_words(self->b, 0, LANDING / 2, 6));
	EXPECT_TRUE(is_zero(self->b, LANDING / 2, BYTES - LANDING / 2));
}

TEST_HARNESS_MAIN
