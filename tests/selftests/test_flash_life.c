// SPDX-License-Identifier: LGPL-2.1-or-later
/* Retention, refresh, read disturb and the write budget of flash tiers, on a replayed clock. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "kselftest_harness.h"
#include "tiers.h"

#define DEVICE		"/dev/nvme0n1"
#define LANDING		(8 * MIB)
#define HOUR		3600000000000ULL
#define DISTURB		50
#define EXTENTS		4
#define BYTES		(EXTENTS * EXTENT)

FIXTURE(life) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	uint32_t fast;
	uint32_t slow;
};

/*
 * 64 MiB of flash, 1000 cycles in 1000 days: 64 MiB a day, 32 MiB for each of two classes. Data
 * last for a day, and are gone after two.
 */
FIXTURE_SETUP(life)
{
	const struct tiers_config config = {
		.fast_bytes = 64 * MIB, .slow_bytes = 64 * MIB, .fast_classes = ALL_CLASSES,
		.slow_classes = 1U << TERRACE_CLASS_WEIGHTS | 1U << TERRACE_CLASS_KV,
		.slow_device = DEVICE, .landing_bytes = LANDING,
		.slow_life = {
			.endurance_cycles = 1000, .lifetime_s = 1000 * 86400,
			.retention_s = 86400, .read_disturb_reads = DISTURB,
		},
	};
	const struct terrace_options options = { .ring_entries = 64, .replay = true };

	ASSERT_EQ(0, tiers_up(&config));
	ASSERT_EQ(0, terrace_session_open(&options, &self->s));
	self->fast = terrace_tier_find(self->s, "fast");
	self->slow = terrace_tier_find(self->s, "slow");
	self->b = NULL;
}

FIXTURE_TEARDOWN(life)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	tiers_down();
}

static uint64_t word(uint64_t i)
{
	return i * 0x9e3779b97f4a7c15ULL;
}

static bool right(struct terrace_buffer *b, uint64_t bytes)
{
	const uint64_t *at = terrace_buffer_data(b);

	for (uint64_t i = 0; i < bytes / 8; i++)
		if (at[i] != word(i))
			return false;
	return true;
}

/* A buffer on the fast tier, full of words. */
static int make(struct terrace_session *s, uint32_t tier, uint32_t class_id, uint64_t bytes,
		struct terrace_buffer **b)
{
	const struct terrace_buffer_options o = {
		.class_id = class_id, .tier = tier, .strict = true,
	};
	int err = terrace_buffer_create(s, bytes, &o, b);

	for (uint64_t i = 0; !err && i < bytes / 8; i++)
		((uint64_t *)terrace_buffer_data(*b))[i] = word(i);
	return err;
}

static int advance(struct terrace_session *s, unsigned int hours)
{
	int err = 0;

	for (; hours && !err; hours--)
		err = terrace_advance(s, HOUR);
	return err;
}

TEST_F_TIMEOUT(life, what_is_not_refreshed_is_lost, 120)
{
	char *data, byte;

	ASSERT_EQ(0, make(self->s, self->fast, TERRACE_CLASS_WEIGHTS, BYTES, &self->b));
	data = terrace_buffer_data(self->b);
	ASSERT_EQ(0, terrace_migrate(self->b, 0, BYTES, self->slow, NULL));
	/* one is read while it lasts, and stays readable: its frames are good */
	ASSERT_EQ(0, advance(self->s, 47));
	EXPECT_FALSE(bus_load(data));
	ASSERT_EQ(0, advance(self->s, 2));
	EXPECT_FALSE(bus_load(data));
	EXPECT_EQ(0, tiers_value("slow", "retention_losses"));
	EXPECT_TRUE(bus_load(data + EXTENT));
	EXPECT_EQ(-1, pread(terrace_buffer_fd(self->b), &byte, 1, EXTENT));
	EXPECT_EQ(ENODATA, errno);
	EXPECT_EQ(-ENODATA, terrace_migrate(self->b, EXTENT, EXTENT, self->fast, NULL));
	EXPECT_LE(3, tiers_value("slow", "retention_losses"));
	/* nothing is broken */
	EXPECT_EQ(0, tiers_value("slow", "flash_retired_bytes"));
	ASSERT_EQ(0, terrace_discard(self->b, EXTENT, EXTENT));
	EXPECT_EQ(0, data[EXTENT]);
	EXPECT_EQ(0, terrace_migrate(self->b, 0, EXTENT, self->fast, NULL));
	EXPECT_TRUE(right(self->b, EXTENT));
}

/* The frames of an extent outlive its block: it is programmed anew when it is evicted. */
TEST_F_TIMEOUT(life, eviction_rewrites_what_is_due, 120)
{
	struct terrace_buffer *other;
	long long before;

	ASSERT_EQ(0, make(self->s, self->fast, TERRACE_CLASS_WEIGHTS, EXTENT, &self->b));
	ASSERT_EQ(0, terrace_migrate(self->b, 0, EXTENT, self->slow, NULL));
	EXPECT_TRUE(right(self->b, EXTENT));
	ASSERT_EQ(0, advance(self->s, 60));
	before = tiers_value("slow", "writebacks");
	ASSERT_EQ(0, make(self->s, self->slow, TERRACE_CLASS_KV, 2 * LANDING, &other));
	EXPECT_LT(before, tiers_value("slow", "writebacks"));
	EXPECT_TRUE(right(self->b, EXTENT));
	terrace_buffer_free(other);
}

TEST_F_TIMEOUT(life, refresh_keeps_it, 120)
{
	uint64_t refreshed, lost;
	long long programmed;

	ASSERT_EQ(0, make(self->s, self->fast, TERRACE_CLASS_WEIGHTS, BYTES, &self->b));
	ASSERT_EQ(0, terrace_migrate(self->b, 0, BYTES / 2, self->slow, NULL));
	programmed = tiers_value("slow", "flash_programmed_bytes");
	ASSERT_EQ(0, advance(self->s, 12));
	ASSERT_EQ(0, terrace_refresh(self->b, 0, BYTES, UINT64_MAX, &refreshed, &lost));
	EXPECT_EQ(0, refreshed);
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, advance(self->s, 30));
		ASSERT_EQ(0, terrace_refresh(self->b, 0, BYTES, UINT64_MAX, &refreshed, &lost));
		EXPECT_EQ(BYTES / 2, refreshed);
		EXPECT_EQ(0, lost);
	}
	EXPECT_EQ(programmed + 2 * (long long)BYTES,
		  tiers_value("slow", "flash_programmed_bytes"));
	EXPECT_EQ(2 * (long long)BYTES, tiers_value("slow", "refreshed_bytes"));
	EXPECT_TRUE(right(self->b, BYTES));
	/* younger than asked for */
	ASSERT_EQ(0, terrace_refresh(self->b, 0, BYTES, 3600, &refreshed, &lost));
	EXPECT_EQ(0, refreshed);
	ASSERT_EQ(0, advance(self->s, 50));
	ASSERT_EQ(0, terrace_discard(self->b, 0, EXTENT));
	ASSERT_EQ(0, terrace_refresh(self->b, 0, BYTES, 0, &refreshed, &lost));
	/* the other one is resident: its frames are good */
	EXPECT_EQ(EXTENT, refreshed);
	EXPECT_EQ(0, lost);
	EXPECT_EQ(-EINVAL, terrace_refresh(self->b, 1, BYTES, 0, &refreshed, &lost));
}

TEST_F_TIMEOUT(life, reads_disturb, 120)
{
	struct terrace_step_end end;
	uint64_t refreshed, lost;

	ASSERT_EQ(0, make(self->s, self->fast, TERRACE_CLASS_WEIGHTS, BYTES, &self->b));
	ASSERT_EQ(0, terrace_migrate(self->b, 0, BYTES, self->slow, NULL));
	for (int i = 0; i < DISTURB - 1; i++) {
		ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
		ASSERT_EQ(0, terrace_record(self->s, terrace_buffer_id(self->b),
					    TERRACE_ACCESS_READ, EXTENT, 2 * EXTENT));
		ASSERT_EQ(0, terrace_step_end(self->s, &end));
	}
	EXPECT_EQ(0, tiers_value("slow", "read_disturbs"));
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
	ASSERT_EQ(0, terrace_record(self->s, terrace_buffer_id(self->b), TERRACE_ACCESS_READ,
				    EXTENT, EXTENT));
	ASSERT_EQ(0, terrace_step_end(self->s, &end));
	EXPECT_EQ(1, tiers_value("slow", "read_disturbs"));
	ASSERT_EQ(0, terrace_refresh(self->b, 0, BYTES, UINT64_MAX, &refreshed, &lost));
	EXPECT_EQ(EXTENT, refreshed);
	EXPECT_TRUE(right(self->b, BYTES));
}

TEST_F_TIMEOUT(life, a_class_keeps_to_its_budget, 120)
{
	struct terrace_move move = { .bytes = EXTENT, .tier = self->slow };
	struct terrace_buffer *kv;
	uint64_t refreshed, lost;
	uint64_t moved;

	EXPECT_EQ(64 * (long long)MIB, tiers_value("slow", "write_budget_bytes_per_day"));
	EXPECT_EQ(32 * (long long)MIB, tiers_value("slow", "write_budget_left_weights_bytes"));
	ASSERT_EQ(0, make(self->s, self->fast, TERRACE_CLASS_WEIGHTS, 36 * MIB, &self->b));
	ASSERT_EQ(0, make(self->s, self->fast, TERRACE_CLASS_KV, EXTENT, &kv));
	EXPECT_EQ(-EAGAIN, terrace_migrate(self->b, 0, 36 * MIB, self->slow, &moved));
	EXPECT_NE(NULL, strstr(terrace_error(), "write budget"));
	EXPECT_EQ(32 * MIB, moved);
	EXPECT_EQ(0, tiers_value("slow", "write_budget_left_weights_bytes"));
	EXPECT_EQ(1, tiers_value("slow", "write_budget_refusals"));
	move.offset = 32 * MIB;
	ASSERT_EQ(0, terrace_migrate_moves(self->b, &move, 1, NULL));
	EXPECT_EQ(-EAGAIN, move.error);
	EXPECT_EQ(TERRACE_REASON_BUDGET, move.reason);
	/* the other class has a share of its own */
	EXPECT_EQ(0, terrace_migrate(kv, 0, EXTENT, self->slow, NULL));
	/* a refresh is never refused: it goes into debt */
	ASSERT_EQ(0, terrace_refresh(self->b, 0, 2 * EXTENT, 0, &refreshed, &lost));
	EXPECT_EQ(2 * EXTENT, refreshed);
	EXPECT_EQ(2 * (long long)EXTENT, tiers_value("slow", "write_budget_debt_bytes"));
	ASSERT_EQ(0, advance(self->s, 3));
	EXPECT_EQ(0, tiers_value("slow", "write_budget_debt_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "write_budget_left_weights_bytes"));
	ASSERT_EQ(0, advance(self->s, 3));
	EXPECT_EQ(0, terrace_migrate(self->b, 32 * MIB, 2 * EXTENT, self->slow, NULL));
	EXPECT_TRUE(right(self->b, 36 * MIB));
	/* away from flash costs nothing of it */
	EXPECT_EQ(0, terrace_migrate(self->b, 0, 36 * MIB, self->fast, NULL));
	terrace_buffer_free(kv);
}

TEST_HARNESS_MAIN
