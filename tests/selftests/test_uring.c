// SPDX-License-Identifier: LGPL-2.1-or-later
/* io_uring: migration as uring_cmd, fixed buffers, pins and what outlives a buffer through them. */
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"

#define REQUESTS	32

FIXTURE(uring) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	struct io_uring ring;
	int fast;
	int slow;
};

static int make(struct terrace_session *s, bool pinnable, uint32_t tier, struct terrace_buffer **b)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV, .tier = tier, .pinnable = pinnable,
	};

	return terrace_buffer_create(s, 4 * EXTENT, &o, b);
}

FIXTURE_SETUP(uring)
{
	ASSERT_EQ(0, tiers_up_default());
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->fast = terrace_tier_find(self->s, "fast");
	self->slow = terrace_tier_find(self->s, "slow");
	ASSERT_EQ(0, io_uring_queue_init(2 * REQUESTS, &self->ring, 0));
	self->b = NULL;
}

FIXTURE_TEARDOWN(uring)
{
	io_uring_queue_exit(&self->ring);
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	tiers_down();
}

static void prepare(struct io_uring *ring, int fd, uint32_t op, void *arg, uint64_t reserved)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct terrace_uring_cmd cmd = { .arg = (uintptr_t)arg, .reserved = reserved };

	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = op;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
}

static int finish(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int res;

	if (io_uring_wait_cqe(ring, &cqe))
		return -1000;
	res = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return res;
}

TEST_F(uring, migrates_with_many_in_flight)
{
	struct terrace_migrate m[REQUESTS];
	struct terrace_move moves[REQUESTS];
	struct terrace_extent_info info[4];
	int i, good = 0;

	ASSERT_EQ(0, make(self->s, false, self->slow, &self->b));
	memset(terrace_buffer_data(self->b), 0x42, 4 * EXTENT);
	for (i = 0; i < REQUESTS; i++) {
		moves[i] = (struct terrace_move) {
			.offset = i % 4 * EXTENT,
			.bytes = EXTENT,
			.tier = i < REQUESTS - 4 && i & 4 ? self->slow : self->fast,
		};
		m[i] = (struct terrace_migrate) {
			.size = sizeof(m[i]), .count = 1, .moves = (uintptr_t)&moves[i],
		};
		prepare(&self->ring, terrace_buffer_fd(self->b), TERRACE_BUF_MIGRATE, &m[i], 0);
	}
	ASSERT_EQ(REQUESTS, io_uring_submit(&self->ring));
	for (i = 0; i < REQUESTS; i++)
		EXPECT_EQ(0, finish(&self->ring));
	for (i = 0; i < REQUESTS; i++)
		good += !moves[i].error;
	EXPECT_EQ(REQUESTS, good);
	ASSERT_EQ(0, terrace_query(self->b, 0, 4 * EXTENT, info));
	for (i = 0; i < (int)(4 * EXTENT); i += 512)
		ASSERT_EQ(0x42, ((char *)terrace_buffer_data(self->b))[i]);
}

TEST_F(uring, refuses_bad_commands)
{
	struct terrace_migrate m = { .size = sizeof(m) };
	int fd;

	ASSERT_EQ(0, make(self->s, false, self->slow, &self->b));
	fd = terrace_buffer_fd(self->b);
	prepare(&self->ring, fd, TERRACE_BUF_SEAL, &m, 0);
	prepare(&self->ring, fd, TERRACE_BUF_MIGRATE, &m, 1);
	prepare(&self->ring, fd, TERRACE_BUF_MIGRATE, (void *)8, 0);
	prepare(&self->ring, fd, TERRACE_BUF_MIGRATE, &m, 0);
	ASSERT_EQ(4, io_uring_submit(&self->ring));
	{
		int seen[4], i, notty = 0, inval = 0, fault = 0;

		for (i = 0; i < 4; i++) {
			seen[i] = finish(&self->ring);
			notty += seen[i] == -ENOTTY;
			inval += seen[i] == -EINVAL;
			fault += seen[i] == -EFAULT;
		}
		EXPECT_EQ(1, notty);
		EXPECT_EQ(2, inval);
		EXPECT_EQ(1, fault);
	}
}

TEST_F(uring, fixed_buffers_pin_a_pinnable_buffer)
{
	char name[] = "/tmp/terrace-uringXXXXXX";
	int file = mkstemp(name);
	struct io_uring_sqe *sqe;
	struct iovec iov;
	char *copy = malloc(EXTENT);

	ASSERT_GE(file, 0);
	ASSERT_NE(NULL, copy);
	unlink(name);
	memset(copy, 0x66, EXTENT);
	ASSERT_EQ((ssize_t)EXTENT, write(file, copy, EXTENT));
	ASSERT_EQ(0, make(self->s, true, self->slow, &self->b));
	iov = (struct iovec) { terrace_buffer_data(self->b), EXTENT };
	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &iov, 1));

	sqe = io_uring_get_sqe(&self->ring);
	io_uring_prep_read_fixed(sqe, file, iov.iov_base, EXTENT, 0, 0);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ((int)EXTENT, finish(&self->ring));
	EXPECT_EQ(0, memcmp(copy, iov.iov_base, EXTENT));

	EXPECT_EQ(-EBUSY, terrace_migrate(self->b, 0, EXTENT, self->fast, NULL));
	EXPECT_EQ(-EBUSY, terrace_discard(self->b, 0, EXTENT));
	EXPECT_EQ(0, terrace_migrate(self->b, EXTENT, EXTENT, self->fast, NULL));
	EXPECT_GE(tiers_value("slow", "migrate_busy"), 1);
	EXPECT_EQ(0, memcmp(copy, iov.iov_base, EXTENT));
	ASSERT_EQ(0, io_uring_unregister_buffers(&self->ring));
	EXPECT_EQ(0, terrace_migrate(self->b, 0, EXTENT, self->fast, NULL));
	EXPECT_EQ(0, memcmp(copy, iov.iov_base, EXTENT));
	close(file);
	free(copy);
}

TEST_F(uring, a_tracked_buffer_cannot_be_registered)
{
	struct iovec iov;

	ASSERT_EQ(0, make(self->s, false, self->slow, &self->b));
	iov = (struct iovec) { terrace_buffer_data(self->b), EXTENT };
	EXPECT_EQ(-EFAULT, io_uring_register_buffers(&self->ring, &iov, 1));
}

#define QUOTA	"/sys/kernel/config/terrace/quotas/0"

/* How many bytes of kv root may have. */
static int quota_set(const char *bytes)
{
	ssize_t n;
	int fd;

	if (mkdir(QUOTA, 0755))
		return -errno;
	fd = open(QUOTA "/kv_bytes", O_WRONLY);
	n = write(fd, bytes, strlen(bytes));
	close(fd);
	return n < 0 ? -errno : 0;
}

TEST_F_TIMEOUT(uring, pins_outlive_the_buffer_and_are_counted, 60)
{
	struct iovec iov;
	int i;

	ASSERT_EQ(0, quota_set("8388608"));
	ASSERT_EQ(0, make(self->s, true, self->slow, &self->b));
	iov = (struct iovec) { terrace_buffer_data(self->b), EXTENT };
	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &iov, 1));
	terrace_buffer_free(self->b);
	self->b = NULL;
	EXPECT_EQ((long long)EXTENT, tiers_value("slow", "detached_bytes"));
	EXPECT_EQ((long long)EXTENT, tiers_value("slow", "used_bytes"));
	EXPECT_NE(0, terrace_tier_offline("slow"));
	/* nor does the quota forget them */
	EXPECT_EQ(-EDQUOT, make(self->s, true, self->slow, &self->b));
	ASSERT_EQ(0, io_uring_unregister_buffers(&self->ring));
	for (i = 0; i < 200 && tiers_value("slow", "detached_bytes"); i++)
		usleep(100000);
	EXPECT_EQ(0, tiers_value("slow", "detached_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, make(self->s, true, self->slow, &self->b));
	EXPECT_EQ(0, rmdir(QUOTA));
}

TEST_HARNESS_MAIN
