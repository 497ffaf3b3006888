// SPDX-License-Identifier: LGPL-2.1-or-later
/* The landing pool: read-ahead, write-back of what is sealed, caps, pins, the host's shrinker. */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bus.h"
#include "kselftest_harness.h"
#include "tiers.h"

#define DEVICE		"/dev/nvme0n1"
#define LANDING		(16 * MIB)
#define PATIENCE	3000	/* times 10 ms until background work is done */

FIXTURE(landing) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	int slow;
};

static int up(uint64_t session_bytes)
{
	const struct tiers_config config = {
		.fast_bytes = 64 * MIB, .slow_bytes = 256 * MIB,
		.fast_classes = 1U << TERRACE_CLASS_ACTIVATION, .slow_classes = ALL_CLASSES,
		.slow_device = DEVICE, .landing_bytes = LANDING,
		.landing_session_bytes = session_bytes,
	};

	return tiers_up(&config);
}

FIXTURE_SETUP(landing)
{
	ASSERT_EQ(0, up(0));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->slow = terrace_tier_find(self->s, "slow");
	self->b = NULL;
}

FIXTURE_TEARDOWN(landing)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "landing_used_bytes"));
	tiers_down();
}

static int make(struct terrace_session *s, uint64_t bytes, uint32_t extent, bool pinnable,
		struct terrace_buffer **b)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS, .extent_bytes = extent, .pinnable = pinnable,
		.tier = TERRACE_TIER_ANY,
	};

	return terrace_buffer_create(s, bytes, &o, b);
}

static void fill(struct terrace_buffer *b, uint64_t bytes)
{
	uint64_t *at = terrace_buffer_data(b);

	for (uint64_t i = 0; i < bytes / 8; i++)
		at[i] = i * 0x9e3779b97f4a7c15ULL;
}

static bool right(struct terrace_buffer *b, uint64_t offset)
{
	const uint64_t *at = terrace_buffer_data(b);

	return at[offset / 8] == offset / 8 * 0x9e3779b97f4a7c15ULL;
}

/* Wait until a value is at least so much; what it is then. */
static long long reaches(const char *file, long long value)
{
	int patience = PATIENCE;

	while (tiers_value("slow", file) < value && patience--)
		usleep(10000);
	return tiers_value("slow", file);
}

/* A buffer of @bytes whose extents are on flash, sealed, and not resident. */
static int on_flash(struct terrace_session *s, uint64_t bytes, uint32_t extent,
		    struct terrace_buffer **b)
{
	long long programmed = tiers_value("slow", "flash_programmed_bytes") + (long long)bytes;
	struct terrace_buffer *other;
	int err;

	err = make(s, bytes, extent, false, b);
	if (err)
		return err;
	fill(*b, bytes);
	err = terrace_seal(*b, 0, bytes);
	if (err || reaches("flash_programmed_bytes", programmed) != programmed)
		return -EIO;
	/* what fills the pool, twice, so that the hand passes what was just used */
	err = make(s, 2 * LANDING, 0, false, &other);
	for (uint64_t i = 0; !err && i < 2 * LANDING; i += EXTENT)
		((volatile char *)terrace_buffer_data(other))[i] = 0;
	terrace_buffer_free(other);
	return err;
}

TEST_F_TIMEOUT(landing, sealed_extents_are_programmed_unasked, 120)
{
	ASSERT_EQ(0, make(self->s, 8 * MIB, 0, false, &self->b));
	fill(self->b, 8 * MIB);
	EXPECT_EQ(0, tiers_value("slow", "writebacks"));
	ASSERT_EQ(0, terrace_seal(self->b, 0, 4 * MIB));
	EXPECT_EQ(4 * (long long)MIB, reaches("flash_programmed_bytes", 4 * MIB));
	EXPECT_EQ(2, reaches("writebacks", 2));
	/* they stay where they are */
	EXPECT_EQ(0, tiers_value("slow", "evictions"));
	EXPECT_EQ(8 * (long long)MIB, tiers_value("slow", "landing_used_bytes"));
}

TEST_F_TIMEOUT(landing, a_walk_is_read_ahead, 120)
{
	long long before;

	ASSERT_EQ(0, on_flash(self->s, 32 * MIB, 65536, &self->b));
	before = tiers_value("slow", "readaheads");
	for (uint64_t at = 0; at < 32 * MIB; at += 65536)
		ASSERT_TRUE(right(self->b, at));
	EXPECT_GT(reaches("readaheads", before + 1), before);
	EXPECT_GE(LANDING, tiers_value("slow", "landing_used_bytes"));
}

TEST_F_TIMEOUT(landing, a_short_walk_is_as_long_as_those_before, 120)
{
	const uint64_t extent = 65536, apart = 8 * extent;
	long long before;
	uint64_t n;

	ASSERT_EQ(0, on_flash(self->s, 32 * MIB, extent, &self->b));
	before = tiers_value("slow", "readaheads");
	/* two extents each, and none is read that nobody wants */
	ASSERT_TRUE(right(self->b, 0));
	ASSERT_TRUE(right(self->b, extent));
	EXPECT_EQ(before, tiers_value("slow", "readaheads"));
	for (n = 1; n < 8; n++) {
		ASSERT_TRUE(right(self->b, n * apart));
		EXPECT_EQ(++before, reaches("readaheads", before));
		ASSERT_TRUE(right(self->b, n * apart + extent));
	}
	EXPECT_EQ(before, tiers_value("slow", "readaheads"));
}

TEST_F_TIMEOUT(landing, no_walk_no_read_ahead, 120)
{
	long long before;

	ASSERT_EQ(0, on_flash(self->s, 32 * MIB, 65536, &self->b));
	before = tiers_value("slow", "readaheads");
	/* from the end to the start */
	for (uint64_t at = 32 * MIB; at; at -= 65536)
		ASSERT_TRUE(right(self->b, at - 65536));
	EXPECT_EQ(before, tiers_value("slow", "readaheads"));
	/* a walk that is said to be none */
	ASSERT_EQ(0, posix_fadvise(terrace_buffer_fd(self->b), 0, 0, POSIX_FADV_RANDOM));
	for (uint64_t at = 0; at < 32 * MIB; at += 65536)
		ASSERT_TRUE(right(self->b, at));
	EXPECT_EQ(before, tiers_value("slow", "readaheads"));
}

TEST_F_TIMEOUT(landing, what_is_needed_soon_is_filled, 120)
{
	struct terrace_extent_info info[2];
	long long before, faults;

	ASSERT_EQ(0, on_flash(self->s, 16 * MIB, 0, &self->b));
	before = tiers_value("slow", "readaheads");
	ASSERT_EQ(0, posix_fadvise(terrace_buffer_fd(self->b), 2 * EXTENT, 2 * EXTENT,
				   POSIX_FADV_WILLNEED));
	EXPECT_EQ(before + 2, reaches("readaheads", before + 2));
	ASSERT_EQ(0, terrace_query(self->b, 2 * EXTENT, 2 * EXTENT, info));
	EXPECT_EQ(TERRACE_EXTENT_RESIDENT, info[0].flags & TERRACE_EXTENT_RESIDENT);
	EXPECT_EQ(TERRACE_EXTENT_RESIDENT, info[1].flags & TERRACE_EXTENT_RESIDENT);
	/* to use them waits for no device */
	faults = tiers_value("slow", "major_faults");
	EXPECT_TRUE(right(self->b, 2 * EXTENT));
	EXPECT_TRUE(right(self->b, 3 * EXTENT));
	EXPECT_EQ(faults, tiers_value("slow", "major_faults"));
}

TEST_F_TIMEOUT(landing, a_view_says_what_is_needed_soon, 120)
{
	struct terrace_buffer *view;
	long long before;
	int fd;

	ASSERT_EQ(0, on_flash(self->s, 16 * MIB, 0, &self->b));
	ASSERT_EQ(0, terrace_buffer_view(self->s, terrace_buffer_fd(self->b), &view));
	fd = terrace_buffer_fd(view);
	before = tiers_value("slow", "readaheads");
	/* that it is no walk is for the buffer's own descriptor to say */
	ASSERT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM));
	ASSERT_EQ(0, posix_fadvise(fd, 2 * EXTENT + 1, EXTENT, POSIX_FADV_WILLNEED));
	EXPECT_EQ(before + 2, reaches("readaheads", before + 2));
	EXPECT_TRUE(right(self->b, 2 * EXTENT));
	EXPECT_TRUE(right(self->b, 3 * EXTENT));
	EXPECT_EQ(before + 2, tiers_value("slow", "readaheads"));
	terrace_buffer_free(view);
}

TEST_F_TIMEOUT(landing, a_prefetch_reads_and_moves_nothing, 120)
{
	struct terrace_extent_info info[2];
	struct terrace_buffer *view;
	long long before;

	ASSERT_EQ(0, on_flash(self->s, 16 * MIB, 0, &self->b));
	before = tiers_value("slow", "readaheads");
	/* any alignment: two extents */
	ASSERT_EQ(0, terrace_prefetch(self->b, 2 * EXTENT + 5, EXTENT));
	EXPECT_EQ(before + 2, reaches("readaheads", before + 2));
	ASSERT_EQ(0, terrace_buffer_view(self->s, terrace_buffer_fd(self->b), &view));
	ASSERT_EQ(0, terrace_prefetch(view, 4 * EXTENT, 1));
	EXPECT_EQ(before + 3, reaches("readaheads", before + 3));
	terrace_buffer_free(view);
	ASSERT_EQ(0, terrace_query(self->b, 2 * EXTENT, 2 * EXTENT, info));
	EXPECT_EQ(TERRACE_EXTENT_RESIDENT, info[1].flags & TERRACE_EXTENT_RESIDENT);
	EXPECT_EQ((long long)(16 * MIB), tiers_value("slow", "used_bytes"));
	EXPECT_TRUE(right(self->b, 2 * EXTENT));
	EXPECT_EQ(-EINVAL, terrace_prefetch(self->b, 16 * MIB, 1));
	EXPECT_EQ(-EINVAL, terrace_prefetch(self->b, 0, 0));
}

/* With a cap of its own a session cannot drive out what another one uses. */
TEST_F_TIMEOUT(landing, a_session_keeps_to_its_cap, 120)
{
	struct terrace_session *other;
	struct terrace_buffer *greedy;
	struct terrace_extent_info info;

	terrace_session_close(self->s);
	tiers_down();
	ASSERT_EQ(0, up(4 * MIB));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	ASSERT_EQ(0, terrace_session_open(NULL, &other));
	ASSERT_EQ(0, make(self->s, EXTENT, 0, false, &self->b));
	fill(self->b, EXTENT);
	ASSERT_EQ(0, make(other, LANDING + 16 * MIB, 0, false, &greedy));
	fill(greedy, LANDING + 16 * MIB);
	EXPECT_EQ(6 * (long long)MIB, tiers_value("slow", "landing_used_bytes"));
	ASSERT_EQ(0, terrace_query(self->b, 0, EXTENT, &info));
	EXPECT_EQ(TERRACE_EXTENT_RESIDENT, info.flags & TERRACE_EXTENT_RESIDENT);
	for (uint64_t at = 0; at < LANDING + 16 * MIB; at += EXTENT)
		EXPECT_TRUE(right(greedy, at + 4096));
	terrace_buffer_free(greedy);
	terrace_session_close(other);
}

TEST_F_TIMEOUT(landing, all_frames_pinned_is_an_error_and_no_hang, 120)
{
	struct terrace_buffer *b;
	struct io_uring ring;
	struct iovec all;
	char byte;

	ASSERT_EQ(0, make(self->s, LANDING, 0, true, &self->b));
	fill(self->b, LANDING);
	all = (struct iovec) { terrace_buffer_data(self->b), LANDING };
	ASSERT_EQ(0, io_uring_queue_init(2, &ring, 0));
	ASSERT_EQ(0, io_uring_register_buffers(&ring, &all, 1));
	ASSERT_EQ(0, make(self->s, EXTENT, 0, false, &b));
	EXPECT_EQ(0, tiers_value("slow", "sigbus"));
	EXPECT_TRUE(bus_load(terrace_buffer_data(b)));
	EXPECT_EQ(1, tiers_value("slow", "sigbus"));
	EXPECT_EQ(-1, pread(terrace_buffer_fd(b), &byte, 1, 0));
	EXPECT_EQ(ENOMEM, errno);
	for (uint64_t at = 0; at < LANDING; at += EXTENT)
		EXPECT_TRUE(right(self->b, at));
	io_uring_queue_exit(&ring);
	/* the pins go a moment after the ring */
	for (int patience = PATIENCE; patience && bus_load(terrace_buffer_data(b)); patience--)
		;
	EXPECT_FALSE(bus_load(terrace_buffer_data(b)));
	terrace_buffer_free(b);
}

static int reclaim(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	ssize_t n = write(fd, "2", 1);

	close(fd);
	return n == 1 ? 0 : -1;
}

TEST_F_TIMEOUT(landing, the_host_gets_clean_frames_back, 120)
{
	struct terrace_extent_info info[4];
	long long used;

	ASSERT_EQ(0, make(self->s, 4 * EXTENT, 0, false, &self->b));
	fill(self->b, 4 * EXTENT);
	ASSERT_EQ(0, terrace_seal(self->b, 0, 2 * EXTENT));
	EXPECT_EQ(2, reaches("writebacks", 2));
	/* the first round only takes the references away */
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, reclaim());
	ASSERT_EQ(0, terrace_query(self->b, 0, 4 * EXTENT, info));
	used = tiers_value("slow", "landing_used_bytes");
	EXPECT_EQ(2 * (long long)EXTENT, used);
	EXPECT_EQ(0, info[0].flags & TERRACE_EXTENT_RESIDENT);
	EXPECT_EQ(TERRACE_EXTENT_RESIDENT, info[3].flags & TERRACE_EXTENT_RESIDENT);
	for (uint64_t at = 0; at < 4 * EXTENT; at += 4096)
		ASSERT_TRUE(right(self->b, at));
}

TEST_HARNESS_MAIN
