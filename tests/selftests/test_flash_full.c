// SPDX-License-Identifier: LGPL-2.1-or-later
/* A tier that promises all its device can: each block is used, and not one more is promised. */
#include <errno.h>
#include <string.h>

#include "devices.h"
#include "kselftest_harness.h"
#include "pattern.h"
#include "tiers.h"

/* The smallest: 16 segments, of which 2 are promised to nobody. */
#define DEVICE_BYTES	(34 * MIB)
#define USABLE		(28 * MIB)
#define LANDING		(4 * MIB)

FIXTURE(full) {
	struct loop_device disk;
	struct terrace_session *s;
	struct terrace_buffer *b;
};

FIXTURE_SETUP(full)
{
	struct terrace_device_config device = {
		.clock_acceleration = 1, .accel = { .efficiency_permille = 1000 },
	};

	ASSERT_EQ(0, loop_up(&self->disk, DEVICE_BYTES));
	ASSERT_EQ(0, tiers_format(self->disk.path));
	ASSERT_EQ(0, terrace_device_configure(&device));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->b = NULL;
}

FIXTURE_TEARDOWN(full)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	terrace_tier_offline("flash");
	loop_down(&self->disk);
}

static int make(struct terrace_session *s, uint64_t bytes, uint32_t extent,
		struct terrace_buffer **b)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV, .extent_bytes = extent, .strict = true,
		.tier = terrace_tier_find(s, "flash"),
	};

	return terrace_buffer_create(s, bytes, &o, b);
}

/* All of it is written twice, so that every block was programmed and freed. */
static void fill_up(struct __test_metadata *_metadata, struct _test_data_full *self,
		    uint32_t extent)
{
	struct terrace_buffer *more;

	ASSERT_EQ(0, make(self->s, USABLE, extent, &self->b));
	EXPECT_EQ(-ENOSPC, make(self->s, 4096, 4096, &more));
	EXPECT_EQ(-ENOSPC, make(self->s, EXTENT, EXTENT, &more));
	for (uint64_t round = 0; round < 2; round++) {
		fill_words(self->b, 0, USABLE, round);
		EXPECT_EQ(0, wrong_words(self->b, 0, USABLE, round));
	}
	EXPECT_EQ((long long)USABLE, tiers_value("flash", "used_bytes"));
	EXPECT_EQ(0, tiers_value("flash", "media_errors"));
	terrace_buffer_free(self->b);
	self->b = NULL;
}

TEST_F_TIMEOUT(full, to_the_last_block_of_the_device, 240)
{
	ASSERT_EQ(0, tiers_flash_up("flash", 0, self->disk.path, USABLE, LANDING));
	fill_up(_metadata, self, 65536);
	fill_up(_metadata, self, EXTENT);
}

TEST_F(full, not_a_page_more)
{
	EXPECT_EQ(-EFBIG, tiers_flash_up("flash", 0, self->disk.path, USABLE + 4096, LANDING));
	EXPECT_NE(NULL, strstr(terrace_error(), "29364224")) {
		TH_LOG("%s", terrace_error());
	}
	EXPECT_NE(NULL, strstr(terrace_error(), "has room for 29360128")) {
		TH_LOG("%s", terrace_error());
	}
	/* and it is not taken by what was refused */
	EXPECT_EQ(0, tiers_flash_up("flash", 0, self->disk.path, USABLE, LANDING));
}

TEST_HARNESS_MAIN
