// SPDX-License-Identifier: LGPL-2.1-or-later
/* Buffers: creation and its limits, capacity, quotas, reading and writing, migration, discard. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"

FIXTURE(buffer) {
	struct terrace_session *s;
	int fast;
	int slow;
};

FIXTURE_SETUP(buffer)
{
	ASSERT_EQ(0, tiers_up_default());
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->fast = terrace_tier_find(self->s, "fast");
	self->slow = terrace_tier_find(self->s, "slow");
	ASSERT_GE(self->fast, 0);
	ASSERT_GE(self->slow, 0);
}

FIXTURE_TEARDOWN(buffer)
{
	terrace_session_close(self->s);
	EXPECT_EQ(0, tiers_value("fast", "used_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	tiers_down();
}

static int create_raw(struct terrace_session *s, struct terrace_create *c)
{
	c->size = sizeof(*c);
	return ioctl(terrace_session_fd(s), TERRACE_IOC_CREATE, c) ? -errno : 0;
}

static struct terrace_buffer *make(struct terrace_session *s, uint64_t bytes, uint32_t tier,
				   bool pinnable, uint32_t extent)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV,
		.tier = tier,
		.pinnable = pinnable,
		.extent_bytes = extent,
		.name = "test",
	};
	struct terrace_buffer *b;

	if (terrace_buffer_create(s, bytes, &o, &b)) {
		printf("# %s\n", terrace_error());
		return NULL;
	}
	return b;
}

/* A word that no other place of the buffer holds. */
static uint64_t word_of(uint64_t seed, uint64_t at)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15ULL + at;

	x ^= x >> 31;
	x *= 0xbf58476d1ce4e5b9ULL;
	return x ^ (x >> 29);
}

static void fill(void *data, uint64_t bytes, uint64_t seed)
{
	uint64_t *w = data;
	uint64_t i;

	for (i = 0; i < bytes / 8; i++)
		w[i] = word_of(seed, i);
}

static uint64_t wrong_words(const void *data, uint64_t bytes, uint64_t seed)
{
	const uint64_t *w = data;
	uint64_t i, wrong = 0;

	for (i = 0; i < bytes / 8; i++)
		wrong += w[i] != word_of(seed, i);
	return wrong;
}

static uint64_t nonzero(const void *data, uint64_t bytes)
{
	const uint64_t *w = data;
	uint64_t i, n = 0;

	for (i = 0; i < bytes / 8; i++)
		n += w[i] != 0;
	return n;
}

TEST_F(buffer, create_refuses_bad_values)
{
	static const struct {
		struct terrace_create c;
		int err;
	} bad[] = {
		{ { .bytes = 0, .tier = TERRACE_TIER_ANY }, -EINVAL },
		{ { .bytes = ~0ULL, .tier = TERRACE_TIER_ANY }, -EINVAL },
		{ { .bytes = 1, .tier = TERRACE_TIER_ANY, .flags = 4 }, -EINVAL },
		{ { .bytes = 1, .tier = TERRACE_TIER_ANY, .class_id = 4 }, -EINVAL },
		{ { .bytes = 1, .tier = TERRACE_TIER_ANY, .extent_shift = 11 }, -EINVAL },
		{ { .bytes = 1, .tier = TERRACE_TIER_ANY, .extent_shift = 22 }, -EINVAL },
		{ { .bytes = 1, .tier = TERRACE_TIER_ANY,
		    .flags = TERRACE_CREATE_STRICT }, -EINVAL },
		{ { .bytes = 1, .tier = TERRACE_TIER_ANY, .name = "tab\t" }, -EINVAL },
		{ { .bytes = 1, .tier = 15 }, -ENXIO },
		{ { .bytes = 1, .tier = 16 }, -ENXIO },
		{ { .bytes = (1ULL << 34) + 1, .tier = TERRACE_TIER_ANY,
		    .extent_shift = 12 }, -EINVAL },
		{ { .bytes = 1ULL << 32, .tier = TERRACE_TIER_ANY }, -ENOSPC },
	};
	struct terrace_create c;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c = bad[i].c;
		EXPECT_EQ(bad[i].err, create_raw(self->s, &c)) {
			TH_LOG("entry %zu", i);
		}
	}
	EXPECT_EQ(TERRACE_REASON_TIER_FULL, c.reason);
	EXPECT_EQ((1ULL << 32) - (64 + 256) * MIB, c.shortfall_bytes);

	memset(&c, 0, sizeof(c));
	memset(c.name, 'x', sizeof(c.name));
	c.bytes = 1;
	c.tier = TERRACE_TIER_ANY;
	EXPECT_EQ(-EINVAL, create_raw(self->s, &c));
}

TEST_F(buffer, structures_grow)
{
	struct {
		struct terrace_info info;
		uint64_t more;
	} big = { .info.size = sizeof(big) };
	struct terrace_info small = { .size = sizeof(small) - 8 };
	int fd = terrace_session_fd(self->s);

	EXPECT_EQ(0, ioctl(fd, TERRACE_IOC_INFO, &big));
	EXPECT_EQ(TERRACE_ABI_VERSION, big.info.abi_version);
	big.info.size = sizeof(big);
	big.more = 1;
	EXPECT_EQ(-1, ioctl(fd, TERRACE_IOC_INFO, &big));
	EXPECT_EQ(E2BIG, errno);
	EXPECT_EQ(-1, ioctl(fd, TERRACE_IOC_INFO, &small));
	EXPECT_EQ(EINVAL, errno);
	small.size = 1U << 20;
	EXPECT_EQ(-1, ioctl(fd, TERRACE_IOC_INFO, &small));
	EXPECT_EQ(E2BIG, errno);
	EXPECT_EQ(-1, ioctl(fd, TERRACE_IOC_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(fd, _IO('T', 0xbf), &big));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(buffer, capacity_adds_up)
{
	struct terrace_buffer *a = make(self->s, 48 * MIB, self->fast, false, 0);
	struct terrace_buffer *b = make(self->s, 48 * MIB, self->fast, false, 0);
	struct terrace_buffer_info info;

	ASSERT_NE(NULL, a);
	ASSERT_NE(NULL, b);
	EXPECT_EQ(64 * (long long)MIB, tiers_value("fast", "used_bytes"));
	EXPECT_EQ(32 * (long long)MIB, tiers_value("slow", "used_bytes"));
	ASSERT_EQ(0, terrace_buffer_info(b, &info));
	EXPECT_EQ(16 * MIB, info.tier_bytes[self->fast]);
	EXPECT_EQ(32 * MIB, info.tier_bytes[self->slow]);
	EXPECT_EQ(0, info.resident_bytes);
	terrace_buffer_free(a);
	EXPECT_EQ(16 * (long long)MIB, tiers_value("fast", "used_bytes"));
	terrace_buffer_free(b);
}

TEST_F(buffer, strict_stays_on_its_tier)
{
	struct terrace_create c = {
		.bytes = 66 * MIB, .tier = self->fast, .flags = TERRACE_CREATE_STRICT,
	};

	EXPECT_EQ(-ENOSPC, create_raw(self->s, &c));
	EXPECT_EQ(2 * MIB, c.shortfall_bytes);
	EXPECT_EQ(0, tiers_value("fast", "used_bytes"));
}

TEST_F(buffer, new_memory_is_zero_and_mapped_by_pmd)
{
	struct terrace_buffer *b = make(self->s, 4 * EXTENT, self->slow, false, 0);
	char line[256];
	long huge = 0, kb;
	FILE *smaps;

	ASSERT_NE(NULL, b);
	EXPECT_EQ(0, (uintptr_t)terrace_buffer_data(b) % EXTENT);
	EXPECT_EQ(0, nonzero(terrace_buffer_data(b), 4 * EXTENT));
	smaps = fopen("/proc/self/smaps", "r");
	ASSERT_NE(NULL, smaps);
	while (fgets(line, sizeof(line), smaps))
		if (sscanf(line, "FilePmdMapped: %ld kB", &kb) == 1)
			huge += kb;
	fclose(smaps);
	EXPECT_EQ(4 * (long)EXTENT / 1024, huge);
	EXPECT_EQ(4, tiers_value("slow", "faults"));
	terrace_buffer_free(b);
}

TEST_F(buffer, migration_keeps_every_byte)
{
	static const uint32_t extents[] = { 4096, 65536, 2 << 20 };
	uint64_t moved;
	int pinnable;
	size_t i;

	for (i = 0; i < 3; i++) {
		for (pinnable = 0; pinnable < 2; pinnable++) {
			struct terrace_buffer *b = make(self->s, 2 * EXTENT, self->slow, pinnable,
							extents[i]);
			void *data;

			ASSERT_NE(NULL, b);
			data = terrace_buffer_data(b);
			fill(data, 2 * EXTENT, i);
			EXPECT_EQ(0, terrace_migrate(b, 0, 2 * EXTENT, self->fast, &moved));
			EXPECT_EQ(2 * EXTENT, moved);
			EXPECT_EQ(0, wrong_words(data, 2 * EXTENT, i));
			fill(data, 2 * EXTENT, i + 10);
			EXPECT_EQ(0, terrace_migrate(b, 0, 2 * EXTENT, self->slow, &moved));
			EXPECT_EQ(0, wrong_words(data, 2 * EXTENT, i + 10));
			EXPECT_EQ(0, terrace_migrate(b, 0, 2 * EXTENT, self->slow, &moved));
			EXPECT_EQ(0, moved);
			terrace_buffer_free(b);
		}
	}
}

TEST_F(buffer, migrate_refuses_bad_ranges)
{
	struct terrace_buffer *b = make(self->s, 2 * EXTENT, self->slow, false, 0);
	struct terrace_move moves[] = {
		{ .offset = 1, .bytes = EXTENT, .tier = self->fast },
		{ .offset = 0, .bytes = 0, .tier = self->fast },
		{ .offset = EXTENT, .bytes = 2 * EXTENT, .tier = self->fast },
		{ .offset = ~0ULL << 21, .bytes = 2 * EXTENT, .tier = self->fast },
		{ .offset = 0, .bytes = EXTENT, .tier = self->fast, .reserved = 1 },
		{ .offset = 0, .bytes = EXTENT, .tier = 15 },
		{ .offset = 0, .bytes = EXTENT, .tier = ~0U },
		{ .offset = 0, .bytes = EXTENT, .tier = self->fast },
	};
	static const int errors[] = {
		-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -ENXIO, -ENXIO, 0,
	};
	struct terrace_migrate m = { .size = sizeof(m), .count = 8, .moves = (uintptr_t)moves };
	int fd, i;

	ASSERT_NE(NULL, b);
	fd = terrace_buffer_fd(b);
	ASSERT_EQ(0, ioctl(fd, TERRACE_BUF_MIGRATE, &m));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(errors[i], moves[i].error);
	EXPECT_EQ(EXTENT, m.moved_bytes);
	EXPECT_EQ(EXTENT, moves[7].done_bytes);
	m.count = TERRACE_MOVES_MAX + 1;
	EXPECT_EQ(-1, ioctl(fd, TERRACE_BUF_MIGRATE, &m));
	EXPECT_EQ(EINVAL, errno);
	m.count = 0;
	EXPECT_EQ(-1, ioctl(fd, TERRACE_BUF_MIGRATE, &m));
	EXPECT_EQ(EINVAL, errno);
	m.count = 1;
	m.moves = 8;
	EXPECT_EQ(-1, ioctl(fd, TERRACE_BUF_MIGRATE, &m));
	EXPECT_EQ(EFAULT, errno);
	terrace_buffer_free(b);
}

TEST_F(buffer, full_tier_leaves_the_extent_as_it_was)
{
	struct terrace_buffer *full = make(self->s, 64 * MIB, self->fast, false, 0);
	struct terrace_buffer *b = make(self->s, EXTENT, self->slow, false, 0);
	struct terrace_extent_info info;

	ASSERT_NE(NULL, full);
	ASSERT_NE(NULL, b);
	fill(terrace_buffer_data(b), EXTENT, 5);
	EXPECT_EQ(-ENOSPC, terrace_migrate(b, 0, EXTENT, self->fast, NULL));
	EXPECT_EQ(0, wrong_words(terrace_buffer_data(b), EXTENT, 5));
	ASSERT_EQ(0, terrace_query(b, 0, EXTENT, &info));
	EXPECT_EQ(self->slow, info.tier);
	EXPECT_EQ(TERRACE_EXTENT_RESIDENT | TERRACE_EXTENT_DIRTY, info.flags);
	terrace_buffer_free(b);
	terrace_buffer_free(full);
}

TEST_F(buffer, discard_reads_as_zero)
{
	struct terrace_buffer *b = make(self->s, 4 * EXTENT, self->slow, false, 0);
	struct terrace_buffer_info info;
	char *data;

	ASSERT_NE(NULL, b);
	data = terrace_buffer_data(b);
	fill(data, 4 * EXTENT, 1);
	EXPECT_EQ(0, terrace_discard(b, EXTENT, EXTENT));
	ASSERT_EQ(0, terrace_buffer_info(b, &info));
	EXPECT_EQ(3 * EXTENT, info.resident_bytes);
	EXPECT_EQ(0, nonzero(data + EXTENT, EXTENT));
	EXPECT_EQ(-EINVAL, terrace_discard(b, 0, EXTENT + 1));
	EXPECT_EQ(-EINVAL, terrace_discard(b, 4 * EXTENT, EXTENT));
	terrace_buffer_free(b);
}

TEST_F(buffer, pread_and_pwrite)
{
	struct terrace_buffer *b = make(self->s, 2 * EXTENT, self->slow, false, 65536);
	char *copy = malloc(4 * EXTENT);
	char *volatile nowhere = (char *)8;
	int fd;

	ASSERT_NE(NULL, b);
	ASSERT_NE(NULL, copy);
	fd = terrace_buffer_fd(b);
	fill(copy, 2 * EXTENT, 3);
	EXPECT_EQ((ssize_t)(2 * EXTENT), pwrite(fd, copy, 2 * EXTENT, 0));
	EXPECT_EQ(0, wrong_words(terrace_buffer_data(b), 2 * EXTENT, 3));
	memset(copy, 0, 2 * EXTENT);
	EXPECT_EQ((ssize_t)(2 * EXTENT), pread(fd, copy, 4 * EXTENT, 0));
	EXPECT_EQ(0, wrong_words(copy, 2 * EXTENT, 3));
	EXPECT_EQ(0, pread(fd, copy, 1, 2 * EXTENT));
	EXPECT_EQ(-1, pwrite(fd, copy, 1, 2 * EXTENT));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(2 * (off_t)EXTENT, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(-1, pread(fd, nowhere, 4096, 0));
	EXPECT_EQ(EFAULT, errno);
	/* the user's pages are of the very extent */
	EXPECT_EQ(4096, pread(fd, terrace_buffer_data(b), 4096, 8192));
	free(copy);
	terrace_buffer_free(b);
}

TEST_F(buffer, fadvise_moves_both_ways)
{
	struct terrace_buffer *b = make(self->s, 2 * EXTENT, self->slow, false, 0);
	struct terrace_extent_info info[2];

	ASSERT_NE(NULL, b);
	fill(terrace_buffer_data(b), 2 * EXTENT, 9);
	EXPECT_EQ(0, posix_fadvise(terrace_buffer_fd(b), 0, EXTENT, POSIX_FADV_WILLNEED));
	ASSERT_EQ(0, terrace_query(b, 0, 2 * EXTENT, info));
	EXPECT_EQ(self->fast, info[0].tier);
	EXPECT_EQ(self->slow, info[1].tier);
	EXPECT_EQ(0, posix_fadvise(terrace_buffer_fd(b), 0, 0, POSIX_FADV_DONTNEED));
	ASSERT_EQ(0, terrace_query(b, 0, 2 * EXTENT, info));
	EXPECT_EQ(self->slow, info[0].tier);
	EXPECT_EQ(0, wrong_words(terrace_buffer_data(b), 2 * EXTENT, 9));
	terrace_buffer_free(b);
}

TEST_F(buffer, quota_belongs_to_the_uid)
{
	static const char dir[] = "/sys/kernel/config/terrace/quotas/0";
	struct terrace_session *other;
	struct terrace_create c = { .bytes = 6 * MIB, .tier = TERRACE_TIER_ANY,
				    .class_id = TERRACE_CLASS_KV };
	int fd;

	ASSERT_EQ(0, mkdir(dir, 0755));
	fd = open("/sys/kernel/config/terrace/quotas/0/kv_bytes", O_WRONLY);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(8, write(fd, "10485760", 8));
	close(fd);
	ASSERT_EQ(0, create_raw(self->s, &c));
	fd = c.fd;
	ASSERT_EQ(0, terrace_session_open(NULL, &other));
	EXPECT_EQ(-EDQUOT, create_raw(other, &c));
	EXPECT_EQ(TERRACE_REASON_QUOTA, c.reason);
	close(fd);
	/* release runs after close(2) returned to user space */
	EXPECT_EQ(0, create_raw(other, &c));
	close(c.fd);
	terrace_session_close(other);
	EXPECT_EQ(0, rmdir(dir));
	EXPECT_EQ(-1, mkdir("/sys/kernel/config/terrace/quotas/abc", 0755));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(buffer, injected_allocation_failures_lose_nothing)
{
	struct terrace_buffer *b = make(self->s, 16 * EXTENT, self->slow, false, 0);
	int i, failed = 0;

	ASSERT_NE(NULL, b);
	fill(terrace_buffer_data(b), 4 * EXTENT, 2);
	ASSERT_EQ(0, module_parameter("inject_seed", 7));
	ASSERT_EQ(0, module_parameter("inject_alloc", 3));
	for (i = 0; i < 40; i++)
		failed += terrace_migrate(b, 0, 4 * EXTENT, i & 1 ? self->fast : self->slow,
					  NULL) == -ENOMEM;
	EXPECT_EQ(0, module_parameter("inject_alloc", 0));
	ASSERT_EQ(0, module_parameter("inject_copy", 2));
	for (i = 0; i < 40; i++)
		failed += terrace_migrate(b, 0, 4 * EXTENT, i & 1 ? self->fast : self->slow,
					  NULL) == -EIO;
	EXPECT_EQ(0, module_parameter("inject_copy", 0));
	EXPECT_GT(failed, 10);
	EXPECT_EQ(0, wrong_words(terrace_buffer_data(b), 4 * EXTENT, 2));
	EXPECT_EQ(16 * (long long)EXTENT,
		  tiers_value("slow", "used_bytes") + tiers_value("fast", "used_bytes"));
	terrace_buffer_free(b);
}

TEST_F(buffer, first_touch_falls_back_and_sigbus_is_counted)
{
	struct terrace_buffer *b = make(self->s, 16 * EXTENT, self->fast, false, 0);
	char byte = 1;
	int i, failed = 0;

	ASSERT_NE(NULL, b);
	ASSERT_EQ(0, module_parameter("inject_seed", 3));
	ASSERT_EQ(0, module_parameter("inject_alloc", 2));
	for (i = 0; i < 16; i++)
		failed += pwrite(terrace_buffer_fd(b), &byte, 1, i * EXTENT) != 1;
	EXPECT_EQ(0, module_parameter("inject_alloc", 0));
	EXPECT_GT(tiers_value("fast", "allocation_fallbacks"), 0);
	EXPECT_GT(tiers_value("slow", "used_bytes"), 0);
	EXPECT_LT(failed, 16);
	EXPECT_EQ(16 * (long long)EXTENT,
		  tiers_value("slow", "used_bytes") + tiers_value("fast", "used_bytes"));
	terrace_buffer_free(b);
}

TEST_F(buffer, a_tier_in_use_evacuates_or_stays)
{
	struct terrace_buffer *b = make(self->s, 32 * EXTENT, self->fast, false, 0);

	ASSERT_NE(NULL, b);
	fill(terrace_buffer_data(b), 32 * EXTENT, 6);
	EXPECT_EQ(0, terrace_tier_offline("fast"));
	EXPECT_EQ(0, wrong_words(terrace_buffer_data(b), 32 * EXTENT, 6));
	EXPECT_EQ(64 * (long long)MIB, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(-EBUSY, terrace_tier_offline("slow"));
	EXPECT_EQ(0, wrong_words(terrace_buffer_data(b), 32 * EXTENT, 6));
	terrace_buffer_free(b);
	EXPECT_EQ(0, terrace_tier_offline("slow"));
	ASSERT_EQ(0, tiers_up_default());
}

TEST_HARNESS_MAIN
