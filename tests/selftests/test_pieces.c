// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ranges that are read together: what one use fills, what it does not, and what is refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "pattern.h"
#include "tiers.h"

#define DEVICE		"/dev/nvme0n1"
#define KIB		1024ULL
#define LANDING		(8 * MIB)
#define BYTES		(6 * MIB)
#define SMALL		(16 * KIB)	/* extents */
#define EXTENTS		(BYTES / SMALL)
#define SALT		3
#define PATIENCE	3000	/* times 10 ms until background work is done */

/* Slices of whole extents, and such that share extents and pages with their neighbours. */
static const struct terrace_piece_range even[] = {
	{ 0, 32 * KIB }, { 2 * MIB, 48 * KIB }, { 4 * MIB, 32 * KIB },
};

static const struct terrace_piece_range odd[] = {
	{ 100, 44032 }, { 3 * MIB + 1, 44032 },
};

#define PIECES		32	/* of each range */

FIXTURE(pieces) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	int fast, slow;
	bool expected[EXTENTS];
};

FIXTURE_SETUP(pieces)
{
	const struct tiers_config config = {
		.fast_bytes = 64 * MIB, .slow_bytes = 256 * MIB,
		.fast_classes = ALL_CLASSES, .slow_classes = ALL_CLASSES,
		.slow_device = DEVICE, .landing_bytes = LANDING,
	};

	ASSERT_EQ(0, tiers_up(&config));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->fast = terrace_tier_find(self->s, "fast");
	self->slow = terrace_tier_find(self->s, "slow");
	self->b = NULL;
	memset(self->expected, 0, sizeof(self->expected));
}

FIXTURE_TEARDOWN(pieces)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "landing_used_bytes"));
	tiers_down();
}

static long long readaheads(void)
{
	return tiers_value("slow", "readaheads");
}

/* Wait until a value is at least so much; what it is then. */
static long long reaches(const char *file, long long value)
{
	int patience = PATIENCE;

	while (tiers_value("slow", file) < value && patience--)
		usleep(10000);
	return tiers_value("slow", file);
}

/* Fill the pool with others, twice, so that the hand passes what was just used. */
static int drive_out(struct terrace_session *s, int slow)
{
	struct terrace_buffer *other;
	int err;

	err = tiers_weights(s, 2 * LANDING, 0, slow, &other);
	for (uint64_t at = 0; !err && at < 2 * LANDING; at += EXTENT)
		((volatile char *)terrace_buffer_data(other))[at] = 0;
	if (!err)
		terrace_buffer_free(other);
	return err;
}

/* A buffer whose extents are all on flash and not resident. */
static int on_flash(struct terrace_session *s, int slow, bool seal, struct terrace_buffer **b)
{
	long long programmed = tiers_value("slow", "flash_programmed_bytes") + (long long)BYTES;
	int err;

	err = tiers_weights(s, BYTES, SMALL, slow, b);
	if (err)
		return err;
	fill_words(*b, 0, BYTES, SALT);
	if (seal)
		err = terrace_seal(*b, 0, BYTES);
	if (!err)
		err = drive_out(s, slow);
	return err || reaches("flash_programmed_bytes", programmed) == programmed ? err : -EIO;
}

/* Mark the extents of a piece; returns those that were not marked before. */
static int expect(bool *expected, const struct terrace_piece_range *ranges, uint32_t count,
		  uint64_t piece)
{
	int n = 0;

	for (const struct terrace_piece_range *r = ranges; r < ranges + count; r++) {
		uint64_t from = r->offset + piece * r->piece_bytes;

		for (uint64_t i = from / SMALL; i * SMALL < from + r->piece_bytes; i++) {
			n += !expected[i];
			expected[i] = true;
		}
	}
	return n;
}

/* How many extents are resident that should not be, or the other way round. */
static int wrong_extents(struct terrace_buffer *b, const bool *expected)
{
	struct terrace_extent_info info[EXTENTS];
	int wrong = 0;

	if (terrace_query(b, 0, BYTES, info))
		return -1;
	for (uint64_t i = 0; i < EXTENTS; i++)
		wrong += expected[i] != !!(info[i].flags & TERRACE_EXTENT_RESIDENT);
	return wrong;
}

static char load(struct terrace_buffer *b, uint64_t at)
{
	return ((volatile char *)terrace_buffer_data(b))[at];
}

TEST_F_TIMEOUT(pieces, a_use_fills_the_piece_in_all_ranges, 200)
{
	long long before, faults;
	char byte;
	int n;

	ASSERT_EQ(0, on_flash(self->s, self->slow, true, &self->b));
	ASSERT_EQ(0, terrace_read_together(self->b, even, 3, PIECES));
	ASSERT_EQ(0, wrong_extents(self->b, self->expected));

	/* 2 + 3 + 2 extents, of which the used one is no read-ahead */
	before = readaheads();
	load(self->b, 5 * 32 * KIB);
	n = expect(self->expected, even, 3, 5);
	ASSERT_EQ(7, n);
	EXPECT_EQ(before + 6, reaches("readaheads", before + 6));
	EXPECT_EQ(0, wrong_extents(self->b, self->expected));

	/* to use them waits for no device and has nothing filled */
	faults = tiers_value("slow", "major_faults");
	EXPECT_EQ(0, wrong_words(self->b, 5 * 32 * KIB, 32 * KIB, SALT));
	EXPECT_EQ(0, wrong_words(self->b, 2 * MIB + 5 * 48 * KIB, 48 * KIB, SALT));
	EXPECT_EQ(0, wrong_words(self->b, 4 * MIB + 5 * 32 * KIB, 32 * KIB, SALT));
	EXPECT_EQ(faults, tiers_value("slow", "major_faults"));
	EXPECT_EQ(before + 6, readaheads());

	/* from the middle of a piece of the second range, by read(2) */
	ASSERT_EQ(1, pread(terrace_buffer_fd(self->b), &byte, 1, 2 * MIB + 9 * 48 * KIB + SMALL));
	n = expect(self->expected, even, 3, 9);
	ASSERT_EQ(7, n);
	EXPECT_EQ(before + 12, reaches("readaheads", before + 12));
	EXPECT_EQ(0, wrong_extents(self->b, self->expected));
	EXPECT_EQ(faults + 1, tiers_value("slow", "major_faults"));
}

TEST_F_TIMEOUT(pieces, what_was_evicted_is_filled_again, 200)
{
	long long before;

	ASSERT_EQ(0, on_flash(self->s, self->slow, true, &self->b));
	ASSERT_EQ(0, terrace_read_together(self->b, even, 3, PIECES));
	before = readaheads();
	load(self->b, 0);
	EXPECT_EQ(before + 6, reaches("readaheads", before + 6));
	load(self->b, 32 * KIB);
	EXPECT_EQ(before + 12, reaches("readaheads", before + 12));
	ASSERT_EQ(0, drive_out(self->s, self->slow));
	ASSERT_EQ(0, wrong_extents(self->b, self->expected));
	load(self->b, 0);
	expect(self->expected, even, 3, 0);
	EXPECT_EQ(before + 18, reaches("readaheads", before + 18));
	EXPECT_EQ(0, wrong_extents(self->b, self->expected));
}

TEST_F_TIMEOUT(pieces, a_page_of_two_pieces_is_the_address_s, 200)
{
	const uint64_t border = odd[0].offset + 2 * odd[0].piece_bytes;
	long long before;
	int n;

	ASSERT_NE(0, border % 4096);
	ASSERT_EQ(0, on_flash(self->s, self->slow, true, &self->b));
	ASSERT_EQ(0, terrace_read_together(self->b, odd, 2, PIECES));
	for (int piece = 1; piece <= 2; piece++) {
		before = readaheads();
		memset(self->expected, 0, sizeof(self->expected));
		/* the last byte of piece 1, the first of piece 2: of one page */
		load(self->b, border - 2 + piece);
		n = expect(self->expected, odd, 2, piece);
		EXPECT_EQ(before + n - 1, reaches("readaheads", before + n - 1));
		EXPECT_EQ(0, wrong_extents(self->b, self->expected));
		ASSERT_EQ(0, drive_out(self->s, self->slow));
	}
	EXPECT_EQ(0, wrong_words(self->b, 0, BYTES, SALT));
}

/* Inside the ranges there is no guess, and advice on guesses changes nothing. */
TEST_F_TIMEOUT(pieces, what_was_told_is_not_guessed, 200)
{
	long long before;
	uint64_t at;
	int n = 0;

	ASSERT_EQ(0, on_flash(self->s, self->slow, true, &self->b));
	ASSERT_EQ(0, terrace_read_together(self->b, even, 3, PIECES));
	before = readaheads();
	for (uint64_t piece = 0; piece < 8; piece++) {
		if (piece == 4)
			ASSERT_EQ(0, posix_fadvise(terrace_buffer_fd(self->b), 0, 0,
						   POSIX_FADV_RANDOM));
		load(self->b, piece * 32 * KIB);
		n += expect(self->expected, even, 3, piece) - 1;
		EXPECT_EQ(before + n, reaches("readaheads", before + n));
		for (at = 0; at < 32 * KIB; at += 4096)
			load(self->b, piece * 32 * KIB + at);
	}
	EXPECT_EQ(before + n, readaheads());
	EXPECT_EQ(0, wrong_extents(self->b, self->expected));
	/* outside of them it was turned off */
	for (at = 5 * MIB; at < BYTES; at += SMALL)
		load(self->b, at);
	EXPECT_EQ(before + n, readaheads());
	ASSERT_EQ(0, posix_fadvise(terrace_buffer_fd(self->b), 0, 0, POSIX_FADV_NORMAL));
	ASSERT_EQ(0, drive_out(self->s, self->slow));
	for (at = 5 * MIB; at < BYTES; at += SMALL)
		load(self->b, at);
	EXPECT_GT(reaches("readaheads", before + n + 1), before + n);
}

/* A piece that is large does not fill the pool: half of it, from the used range on. */
TEST_F_TIMEOUT(pieces, half_of_the_pool_at_most, 200)
{
	const struct terrace_piece_range large[] = { { 0, 3 * MIB }, { 3 * MIB, 3 * MIB } };
	const int most = LANDING / 2 / SMALL;
	long long before;

	ASSERT_EQ(0, on_flash(self->s, self->slow, true, &self->b));
	ASSERT_EQ(0, terrace_read_together(self->b, large, 2, 1));
	before = readaheads();
	load(self->b, 3 * MIB);
	for (int i = 0; i < most; i++)
		self->expected[(3 * MIB / SMALL + i) % EXTENTS] = true;
	EXPECT_EQ(before + most - 1, reaches("readaheads", before + most - 1));
	EXPECT_EQ(0, wrong_extents(self->b, self->expected));
}

TEST_F_TIMEOUT(pieces, a_view_uses_but_does_not_tell, 200)
{
	struct terrace_buffer *view;
	long long before;
	void *data;

	ASSERT_EQ(0, on_flash(self->s, self->slow, true, &self->b));
	ASSERT_EQ(0, terrace_buffer_view(self->s, terrace_buffer_fd(self->b), &view));
	EXPECT_EQ(-EBADF, terrace_read_together(view, even, 3, PIECES));
	EXPECT_NE(NULL, strstr(terrace_error(), "view"));
	ASSERT_EQ(0, terrace_read_together(self->b, even, 3, PIECES));
	data = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, terrace_buffer_fd(view), 0);
	ASSERT_NE(MAP_FAILED, data);
	before = readaheads();
	EXPECT_TRUE(words_at((char *)data + 7 * 32 * KIB, 8, 7 * 32 * KIB, SALT));
	expect(self->expected, even, 3, 7);
	EXPECT_EQ(before + 6, reaches("readaheads", before + 6));
	EXPECT_EQ(0, wrong_extents(self->b, self->expected));
	munmap(data, BYTES);
	terrace_buffer_free(view);
}

static int call(int fd, struct terrace_pieces *p)
{
	return ioctl(fd, TERRACE_BUF_PIECES, p) ? errno : 0;
}

TEST_F(pieces, what_makes_no_set_is_refused)
{
	const struct terrace_pieces good = {
		.size = sizeof(good), .pieces = 4, .count = 2,
		.ranges = { { 0, 1000 }, { 4000, BYTES / 4 - 1000 } },
	};
	struct {
		struct terrace_pieces p;
		uint64_t beyond;
	} larger = { good, 1 };
	struct terrace_pieces p = good;
	int fd;

	ASSERT_EQ(0, tiers_weights(self->s, BYTES, SMALL, self->slow, &self->b));
	fd = terrace_buffer_fd(self->b);
#define REFUSED(error, field, value) do { \
	p = good; \
	p.field = (value); \
	EXPECT_EQ(error, call(fd, &p)); \
} while (0)
	REFUSED(EINVAL, flags, 1);
	REFUSED(EINVAL, reserved, 1);
	REFUSED(EINVAL, count, 0);
	REFUSED(EINVAL, count, 1);
	REFUSED(EINVAL, count, 5);
	REFUSED(EINVAL, count, UINT32_MAX);
	REFUSED(EINVAL, count, 3);	/* of which one has no bytes */
	REFUSED(EINVAL, pieces, 0);
	REFUSED(EINVAL, pieces, 5);	/* the first goes on into the second */
	REFUSED(EINVAL, pieces, UINT64_MAX);
	REFUSED(EINVAL, pieces, UINT64_MAX / 1000 + 1);
	REFUSED(EINVAL, ranges[0].piece_bytes, 0);
	REFUSED(EINVAL, ranges[0].piece_bytes, 1001);
	REFUSED(EINVAL, ranges[0].piece_bytes, UINT64_MAX / 4);
	REFUSED(EINVAL, ranges[0].piece_bytes, UINT64_MAX);
	REFUSED(EINVAL, ranges[0].offset, 3999);
	REFUSED(EINVAL, ranges[0].offset, BYTES);
	REFUSED(EINVAL, ranges[0].offset, UINT64_MAX);
	REFUSED(EINVAL, ranges[0].offset, UINT64_MAX - 3999);
	REFUSED(EINVAL, ranges[1].offset, 4001);	/* a byte beyond the buffer */
	REFUSED(EINVAL, ranges[2].offset, 1);
	REFUSED(EINVAL, ranges[3].piece_bytes, 1);
	REFUSED(EINVAL, size, sizeof(good) - 1);
	REFUSED(EINVAL, size, 0);
	REFUSED(E2BIG, size, 1U << 20);
	larger.p.size = sizeof(larger);
	EXPECT_EQ(E2BIG, call(fd, &larger.p));
	EXPECT_EQ(EFAULT, call(fd, NULL));
	EXPECT_EQ(ENOTTY, call(terrace_session_fd(self->s), &p));
	EXPECT_EQ(-EINVAL, terrace_read_together(self->b, good.ranges, 5, 4));
	/* none of them has left anything, and the ends do not overlap */
	p = good;
	EXPECT_EQ(0, call(fd, &p));
	EXPECT_EQ(EEXIST, call(fd, &p));
}

TEST_F(pieces, ranges_of_two_sets_do_not_overlap)
{
	const struct terrace_piece_range first[] = { { 1 * MIB, 4096 }, { 2 * MIB, 4096 } };
	struct terrace_piece_range other[] = { { 0, 4096 }, { 1 * MIB + 9 * 4096, 4096 } };

	ASSERT_EQ(0, tiers_weights(self->s, BYTES, SMALL, self->slow, &self->b));
	ASSERT_EQ(0, terrace_read_together(self->b, first, 2, 10));
	/* one page of the second: the first one is not taken either */
	EXPECT_EQ(-EEXIST, terrace_read_together(self->b, other, 2, 10));
	other[1].offset = 1 * MIB - 10 * 4096 + 1;
	EXPECT_EQ(-EEXIST, terrace_read_together(self->b, other, 2, 10));
	/* a range around the other one, and one in it */
	other[1] = (struct terrace_piece_range) { MIB / 2, MIB };
	EXPECT_EQ(-EEXIST, terrace_read_together(self->b, other, 2, 1));
	other[1] = (struct terrace_piece_range) { 2 * MIB + 5, 1 };
	EXPECT_EQ(-EEXIST, terrace_read_together(self->b, other, 2, 1));
	EXPECT_NE(NULL, strstr(terrace_error(), "overlaps"));
	/* beside them there is room */
	other[1] = (struct terrace_piece_range) { 1 * MIB - 10 * 4096, 4096 };
	EXPECT_EQ(0, terrace_read_together(self->b, other, 2, 10));
	other[0].offset = 1 * MIB + 10 * 4096;
	other[1].offset = 2 * MIB + 10 * 4096;
	EXPECT_EQ(0, terrace_read_together(self->b, other, 2, 10));
}

TEST_F(pieces, there_are_4096_ranges)
{
	struct terrace_piece_range r[TERRACE_PIECES_RANGES];
	uint64_t at = 0;

	ASSERT_EQ(0, tiers_weights(self->s, BYTES, SMALL, self->slow, &self->b));
	for (uint32_t n = 0; n < TERRACE_PIECES_MAX - 4; n += 4) {
		for (int i = 0; i < 4; i++)
			r[i] = (struct terrace_piece_range) { at++, 1 };
		ASSERT_EQ(0, terrace_read_together(self->b, r, 4, 1));
	}
	for (int i = 0; i < 4; i++)
		r[i] = (struct terrace_piece_range) { at++, 1 };
	EXPECT_EQ(0, terrace_read_together(self->b, r, 3, 1));
	/* there is one left */
	r[0].offset = at;
	r[1].offset = at + 1;
	EXPECT_EQ(-ENOSPC, terrace_read_together(self->b, r, 2, 1));
	EXPECT_NE(NULL, strstr(terrace_error(), "4096"));
}

/* Do something with the piece of the second range while it may be being filled. */
static int change(struct terrace_buffer *b, int fast, uint64_t piece)
{
	uint64_t at = even[1].offset + piece * even[1].piece_bytes;

	switch (piece % 4) {
	case 0:
		return terrace_discard(b, at, even[1].piece_bytes);
	case 1:
		return terrace_migrate(b, at, even[1].piece_bytes, fast, NULL);
	case 2:
		return terrace_seal(b, at, even[1].piece_bytes);
	default:
		fill_words(b, at, even[1].piece_bytes, SALT + 1);
		return 0;
	}
}

/* How many words are not what that has made of them. */
static uint64_t wrong_change(struct terrace_buffer *b, uint64_t piece)
{
	uint64_t at = even[1].offset + piece * even[1].piece_bytes;
	const uint64_t *words = (uint64_t *)((char *)terrace_buffer_data(b) + at);
	uint64_t wrong = 0;

	if (piece % 4)
		return wrong_words(b, at, even[1].piece_bytes, SALT + (piece % 4 == 3));
	for (uint64_t i = 0; i < even[1].piece_bytes / 8; i++)
		wrong += words[i] != 0;
	return wrong;
}

TEST_F_TIMEOUT(pieces, extents_change_while_they_are_filled, 250)
{
	struct terrace_extent_info info;
	uint64_t piece;

	ASSERT_EQ(0, on_flash(self->s, self->slow, false, &self->b));
	ASSERT_EQ(0, terrace_read_together(self->b, even, 3, PIECES));
	for (piece = 0; piece < PIECES; piece++) {
		load(self->b, piece * 32 * KIB);
		ASSERT_EQ(0, change(self->b, self->fast, piece));
	}
	for (piece = 0; piece < PIECES; piece++) {
		EXPECT_EQ(0, wrong_words(self->b, piece * 32 * KIB, 32 * KIB, SALT));
		EXPECT_EQ(0, wrong_words(self->b, 4 * MIB + piece * 32 * KIB, 32 * KIB, SALT));
		ASSERT_EQ(0, terrace_query(self->b, 2 * MIB + piece * 48 * KIB, SMALL, &info));
		EXPECT_EQ(piece % 4 == 1 ? self->fast : self->slow, info.tier);
		EXPECT_EQ(0, wrong_change(self->b, piece));
	}
}

/* What moved to memory is at hand: there is nothing to fill, and the rest still is. */
TEST_F_TIMEOUT(pieces, what_is_in_memory_is_not_filled, 200)
{
	long long before;

	ASSERT_EQ(0, on_flash(self->s, self->slow, true, &self->b));
	ASSERT_EQ(0, terrace_read_together(self->b, even, 3, PIECES));
	ASSERT_EQ(0, terrace_migrate(self->b, 2 * MIB, 2 * MIB, self->fast, NULL));
	before = readaheads();
	load(self->b, 2 * MIB);		/* from memory: no sign that flash is needed */
	load(self->b, 3 * 32 * KIB);
	EXPECT_EQ(before + 3, reaches("readaheads", before + 3));
	/* discarded, there is nothing to fill either */
	ASSERT_EQ(0, terrace_discard(self->b, 4 * MIB, 2 * MIB));
	load(self->b, 6 * 32 * KIB);
	EXPECT_EQ(before + 4, reaches("readaheads", before + 4));
	expect(self->expected, even, 1, 3);
	expect(self->expected, even, 1, 6);
	for (uint64_t i = 2 * MIB / SMALL; i < 4 * MIB / SMALL; i++)
		self->expected[i] = true;
	EXPECT_EQ(0, wrong_extents(self->b, self->expected));
}

/* In memory, who touches a part has it all mapped, and is charged for it all, once. */
TEST_F(pieces, a_use_maps_the_piece_in_all_ranges)
{
	struct terrace_step_end end = { .size = sizeof(end) };
	long long faults;

	ASSERT_EQ(0, tiers_weights(self->s, BYTES, SMALL, self->fast, &self->b));
	fill_words(self->b, 0, BYTES, SALT);
	ASSERT_EQ(0, terrace_seal(self->b, 0, BYTES));
	ASSERT_EQ(0, terrace_read_together(self->b, even, 3, PIECES));

	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 1, 1, 1));
	faults = tiers_value("fast", "faults");
	load(self->b, 5 * 32 * KIB);
	EXPECT_EQ(faults + 1, tiers_value("fast", "faults"));
	EXPECT_EQ(0, wrong_words(self->b, 5 * 32 * KIB, 32 * KIB, SALT));
	EXPECT_EQ(0, wrong_words(self->b, 2 * MIB + 5 * 48 * KIB, 48 * KIB, SALT));
	EXPECT_EQ(0, wrong_words(self->b, 4 * MIB + 5 * 32 * KIB, 32 * KIB, SALT));
	EXPECT_EQ(faults + 1, tiers_value("fast", "faults"));
	/* not the next one */
	load(self->b, 6 * 32 * KIB);
	EXPECT_EQ(faults + 2, tiers_value("fast", "faults"));
	ASSERT_EQ(0, terrace_step_end(self->s, &end));
	EXPECT_EQ(2 * 7 * SMALL, end.model_tier_read_bytes[self->fast]);

	/* what was used by itself before is charged, but not twice */
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 1, 1, 1));
	load(self->b, 4 * MIB + 5 * 32 * KIB + SMALL);
	load(self->b, 2 * MIB + 5 * 48 * KIB);
	ASSERT_EQ(0, terrace_step_end(self->s, &end));
	EXPECT_EQ(7 * SMALL, end.model_tier_read_bytes[self->fast]);
}

/* One part in memory, another on flash: the use of the one fills nothing, that of the other does. */
TEST_F_TIMEOUT(pieces, parts_on_two_tiers, 200)
{
	long long before;

	ASSERT_EQ(0, on_flash(self->s, self->slow, true, &self->b));
	ASSERT_EQ(0, terrace_read_together(self->b, even, 3, PIECES));
	ASSERT_EQ(0, terrace_migrate(self->b, 2 * MIB, 2 * MIB, self->fast, NULL));
	before = readaheads();
	load(self->b, 2 * MIB + 3 * 48 * KIB);
	EXPECT_EQ(before, readaheads());
	load(self->b, 3 * 32 * KIB);
	EXPECT_EQ(before + 3, reaches("readaheads", before + 3));
}

/* The last close forgets what waits and waits for what runs. */
TEST_F_TIMEOUT(pieces, a_buffer_goes_while_it_is_filled, 250)
{
	for (int round = 0; round < 3; round++) {
		ASSERT_EQ(0, on_flash(self->s, self->slow, true, &self->b));
		ASSERT_EQ(0, terrace_read_together(self->b, even, 3, PIECES));
		for (uint64_t piece = 0; piece < PIECES; piece += 1 + round)
			load(self->b, piece * 32 * KIB);
		terrace_buffer_free(self->b);
		self->b = NULL;
		EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
		EXPECT_EQ(0, tiers_value("slow", "landing_used_bytes"));
	}
}

/* A GGUF model with two stacks of experts, and what they begin at. */
static int model_file(uint64_t experts, uint64_t slice_bytes, uint64_t *data)
{
	static const char * const names[] = {
		"blk.0.ffn_gate_up_exps.weight", "blk.0.ffn_down_exps.weight",
	};
	static const uint64_t counts[] = { 2, 0 };	/* tensors, keys */
	const uint32_t version = 3, dims = 3, type = 0;
	uint64_t dim[] = { slice_bytes / 4, 1, experts };
	uint64_t *words = malloc(slice_bytes), length, offset = 0;
	int fd = memfd_create("model.gguf", 0);
	FILE *f = fdopen(dup(fd), "w");

	if (fd < 0 || !f || !words)
		return -1;
	fwrite("GGUF", 4, 1, f);
	fwrite(&version, sizeof(version), 1, f);
	fwrite(counts, sizeof(counts), 1, f);
	for (int i = 0; i < 2; i++, offset += experts * slice_bytes) {
		length = strlen(names[i]);
		fwrite(&length, sizeof(length), 1, f);
		fwrite(names[i], length, 1, f);
		fwrite(&dims, sizeof(dims), 1, f);
		fwrite(dim, sizeof(dim), 1, f);
		fwrite(&type, sizeof(type), 1, f);
		fwrite(&offset, sizeof(offset), 1, f);
	}
	*data = (ftell(f) + 31) / 32 * 32;
	fseek(f, *data, SEEK_SET);
	for (uint64_t i = 0; i < 2 * experts; i++) {
		for (uint64_t j = 0; j < slice_bytes / 8; j++)
			words[j] = i + 1;
		fwrite(words, slice_bytes, 1, f);
	}
	free(words);
	return fclose(f) ? -1 : fd;
}

TEST_F_TIMEOUT(pieces, experts_of_a_model_are_read_together, 200)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS, .extent_bytes = SMALL, .tier = self->slow,
		.strict = true,
	};
	const uint64_t slice = 3 * SMALL, experts = 8, bytes = 2 * experts * slice;
	struct terrace_piece_range r[2] = { { 0, 1 }, { bytes - 1, 1 } };
	long long before = tiers_value("slow", "flash_programmed_bytes");
	uint64_t data;
	int fd;

	fd = model_file(experts, slice, &data);
	ASSERT_GE(fd, 0);
	/* from the tensors on: slices begin with extents */
	ASSERT_EQ(0, terrace_weights_load(self->s, fd, data, bytes, &o, &self->b));
	EXPECT_EQ(-EEXIST, terrace_read_together(self->b, r, 2, 1));
	ASSERT_EQ(before + (long long)bytes,
		  reaches("flash_programmed_bytes", before + (long long)bytes));
	ASSERT_EQ(0, drive_out(self->s, self->slow));
	before = readaheads();
	EXPECT_EQ(3, load(self->b, 2 * slice));
	EXPECT_EQ(before + 5, reaches("readaheads", before + 5));
	before = tiers_value("slow", "major_faults");
	EXPECT_EQ(11, load(self->b, (8 + 2) * slice + slice - 8));
	EXPECT_EQ(before, tiers_value("slow", "major_faults"));
	terrace_buffer_free(self->b);
	/* without all of the second stack there is nothing to be told */
	ASSERT_EQ(0, terrace_weights_load(self->s, fd, data, bytes - 1, &o, &self->b));
	EXPECT_EQ(0, terrace_read_together(self->b, r, 2, 1));
	close(fd);
}

TEST_HARNESS_MAIN
