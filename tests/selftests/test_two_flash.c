// SPDX-License-Identifier: LGPL-2.1-or-later
/* Two flash tiers at once, on devices of every kind, and content that goes to and fro. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devices.h"
#include "kselftest_harness.h"
#include "pattern.h"
#include "tiers.h"

#define CAPACITY	(32 * MIB)
#define LANDING		(2 * MIB)
#define BYTES		(8 * MIB)
#define LOOP_BYTES	(64 * MIB)

FIXTURE(two_flash) {
	struct loop_device loop;
	struct loop_device under;
	char one[64];
	char two[64];
	struct terrace_session *s;
	struct terrace_buffer *b;
	int first;
	int second;
};

FIXTURE_VARIANT(two_flash) {
	const char *one;
	const char *two;
	uint32_t extent;
};

FIXTURE_VARIANT_ADD(two_flash, nvme_and_pmem) {
	.one = "/dev/nvme0n1", .two = "/dev/pmem0", .extent = EXTENT,
};

FIXTURE_VARIANT_ADD(two_flash, nvme_and_pmem_small) {
	.one = "/dev/nvme0n1", .two = "/dev/pmem0", .extent = 65536,
};

FIXTURE_VARIANT_ADD(two_flash, loop_and_mapper) {
	.one = "loop", .two = "mapper", .extent = EXTENT,
};

static int two_loops(struct loop_device *loop, struct loop_device *under, char *one, char *two)
{
	char table[128];
	int err;

	err = loop_up(loop, LOOP_BYTES);
	if (!err)
		err = loop_up(under, LOOP_BYTES + 4 * MIB);
	if (err)
		return err;
	strcpy(one, loop->path);
	strcpy(two, "/dev/mapper/second");
	/* not where the device below begins */
	snprintf(table, sizeof(table), "0 %llu linear %s 2048", LOOP_BYTES / 512, under->path);
	return mapper_up("second", table);
}

FIXTURE_SETUP(two_flash)
{
	struct terrace_device_config device = {
		.clock_acceleration = 1, .accel = { .efficiency_permille = 1000 },
	};

	strcpy(self->one, variant->one);
	strcpy(self->two, variant->two);
	if (variant->one[0] != '/') {
		if (!mapper_has("linear"))
			SKIP(return, "the kernel has no device mapper (CONFIG_BLK_DEV_DM)");
		ASSERT_EQ(0, two_loops(&self->loop, &self->under, self->one, self->two));
	}
	ASSERT_EQ(0, tiers_format(self->one));
	ASSERT_EQ(0, tiers_format(self->two));
	ASSERT_EQ(0, terrace_device_configure(&device));
	ASSERT_EQ(0, tiers_flash_up("one", 0, self->one, CAPACITY, LANDING));
	ASSERT_EQ(0, tiers_flash_up("two", 1, self->two, CAPACITY, LANDING));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->first = terrace_tier_find(self->s, "one");
	self->second = terrace_tier_find(self->s, "two");
	self->b = NULL;
}

FIXTURE_TEARDOWN(two_flash)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	EXPECT_EQ(0, terrace_tier_offline("one"));
	EXPECT_EQ(0, terrace_tier_offline("two"));
	if (variant->one[0] == '/')
		return;
	mapper_down("second");
	loop_down(&self->loop);
	loop_down(&self->under);
}

TEST_F_TIMEOUT(two_flash, to_and_fro, 120)
{
	ASSERT_EQ(0, tiers_weights(self->s, BYTES, variant->extent, self->first, &self->b));
	fill_words(self->b, 0, BYTES, 1);
	for (int round = 0; round < 2; round++) {
		ASSERT_EQ(0, terrace_migrate(self->b, 0, BYTES, self->second, NULL));
		EXPECT_EQ(0, tiers_value("one", "used_bytes"));
		EXPECT_EQ(0, tiers_value("one", "landing_used_bytes"));
		EXPECT_EQ((long long)BYTES, tiers_value("two", "used_bytes"));
		/* some are resident when they go back, others not */
		EXPECT_EQ(0, wrong_words(self->b, BYTES / 2, BYTES / 2, 1));
		ASSERT_EQ(0, terrace_migrate(self->b, 0, BYTES, self->first, NULL));
		EXPECT_EQ(0, tiers_value("two", "used_bytes"));
		EXPECT_EQ(0, tiers_value("two", "landing_used_bytes"));
		EXPECT_EQ((long long)BYTES, tiers_value("one", "used_bytes"));
	}
	EXPECT_EQ(0, wrong_words(self->b, 0, BYTES, 1));
	EXPECT_EQ(0, tiers_value("one", "media_errors"));
	EXPECT_EQ(0, tiers_value("two", "media_errors"));
	/* each move programs what is moved, once */
	EXPECT_EQ(2 * (long long)BYTES, tiers_value("two", "flash_programmed_bytes"));
}

/* Half of a buffer on each: one pool's frames are not the other's. */
TEST_F_TIMEOUT(two_flash, both_at_once, 120)
{
	ASSERT_EQ(0, tiers_weights(self->s, BYTES, variant->extent, self->first, &self->b));
	ASSERT_EQ(0, terrace_migrate(self->b, BYTES / 2, BYTES / 2, self->second, NULL));
	for (int round = 0; round < 2; round++) {
		fill_words(self->b, 0, BYTES, round);
		EXPECT_EQ(0, wrong_words(self->b, 0, BYTES, round));
	}
	EXPECT_GE((long long)LANDING, tiers_value("one", "landing_used_bytes"));
	EXPECT_GE((long long)LANDING, tiers_value("two", "landing_used_bytes"));
	EXPECT_GT(tiers_value("one", "writebacks"), 0);
	EXPECT_GT(tiers_value("two", "writebacks"), 0);
}

/* A tier that goes leaves its content to the other. */
TEST_F_TIMEOUT(two_flash, one_goes, 120)
{
	ASSERT_EQ(0, tiers_weights(self->s, BYTES, variant->extent, self->first, &self->b));
	fill_words(self->b, 0, BYTES, 3);
	ASSERT_EQ(0, terrace_tier_offline("one"));
	EXPECT_EQ((long long)BYTES, tiers_value("two", "used_bytes"));
	EXPECT_EQ(0, wrong_words(self->b, 0, BYTES, 3));
	ASSERT_EQ(0, tiers_flash_up("one", 0, self->one, CAPACITY, LANDING));
}

/* The device of one is not to be had for another. */
TEST_F(two_flash, a_device_is_for_one_tier)
{
	EXPECT_EQ(-ETXTBSY, tiers_flash_up("three", 2, self->one, CAPACITY, LANDING));
	EXPECT_EQ(-ETXTBSY, tiers_flash_up("three", 2, self->two, CAPACITY, LANDING));
}

TEST_HARNESS_MAIN
