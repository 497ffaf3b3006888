// SPDX-License-Identifier: LGPL-2.1-or-later
/* Weights of a file, loaded for the caller alone: content, seal, and what is refused. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"
#include "weights_file.h"

#define PATH	"/tmp/weights.bin"
#define BYTES	(5 * MIB + 12345)
#define SEED	7
#define QUOTA	"/sys/kernel/config/terrace/quotas/0"

FIXTURE(weights) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	struct terrace_buffer_options o;
	int fd;
};

FIXTURE_SETUP(weights)
{
	const struct tiers_config config = {
		.fast_bytes = 16 * MIB,
		.slow_bytes = 64 * MIB,
		.fast_classes = ALL_CLASSES,
		.slow_classes = ALL_CLASSES,
	};

	self->b = NULL;
	ASSERT_EQ(0, tiers_up(&config));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	ASSERT_EQ(0, weights_file_make(PATH, BYTES, SEED));
	self->fd = open(PATH, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	self->o = (struct terrace_buffer_options) {
		.class_id = TERRACE_CLASS_WEIGHTS, .tier = TERRACE_TIER_ANY,
	};
}

FIXTURE_TEARDOWN(weights)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	close(self->fd);
	unlink(PATH);
	tiers_down();
}

/* Whether the last error has a part; if not, it is shown. */
static bool says(const char *part)
{
	if (strstr(terrace_error(), part))
		return true;
	printf("# \"%s\" does not say \"%s\"\n", terrace_error(), part);
	return false;
}

static uint64_t used_bytes(void)
{
	return tiers_value("fast", "used_bytes") + tiers_value("slow", "used_bytes");
}

TEST_F(weights, content_is_that_of_the_range)
{
	static const struct {
		uint64_t offset;
		uint64_t bytes;
		uint32_t extent;
	} ranges[] = {
		{ 0, BYTES, 0 }, { 1, BYTES - 1, 65536 }, { 4097, 2 * MIB, 0 },
		{ 12345, 65536, 65536 }, { BYTES - 1, 1, 4096 },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		self->o.extent_bytes = ranges[i].extent;
		ASSERT_EQ(0, terrace_weights_load(self->s, self->fd, ranges[i].offset,
						  ranges[i].bytes, &self->o, &self->b));
		EXPECT_EQ(0, weights_file_wrong(self->b, ranges[i].offset, ranges[i].bytes, SEED));
		EXPECT_GE(terrace_buffer_bytes(self->b), ranges[i].bytes);
		EXPECT_LT(terrace_buffer_bytes(self->b),
			  ranges[i].bytes + terrace_buffer_extent_bytes(self->b));
		terrace_buffer_free(self->b);
		self->b = NULL;
		EXPECT_EQ(0, used_bytes());
	}
	/* its position is where it was */
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_CUR));
}

static int exit_code(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Store to a mapping in a child, where that is tried with all means: how it ends. */
static int store(char *data)
{
	pid_t pid = fork();

	if (!pid) {
		mprotect(data, 4096, PROT_READ | PROT_WRITE);
		*(volatile char *)data = 1;
		_exit(0);
	}
	return exit_code(pid);
}

TEST_F(weights, what_is_loaded_cannot_change)
{
	struct terrace_buffer_info info;

	ASSERT_EQ(0, terrace_weights_load(self->s, self->fd, 0, BYTES, &self->o, &self->b));
	ASSERT_EQ(0, terrace_buffer_info(self->b, &info));
	EXPECT_EQ(info.bytes, info.sealed_bytes);
	EXPECT_EQ(1000 + SIGBUS, store(terrace_buffer_data(self->b)));
	EXPECT_EQ(-1, pwrite(terrace_buffer_fd(self->b), "x", 1, 0));
	EXPECT_EQ(EROFS, errno);
	/* what is written to the file later does not show */
	ASSERT_EQ(0, weights_file_make(PATH, BYTES, SEED + 1));
	EXPECT_EQ(0, weights_file_wrong(self->b, 0, BYTES, SEED));
}

TEST_F(weights, unmapped_when_it_is_asked_for)
{
	char text[16], file[16];

	self->o.unmapped = true;
	ASSERT_EQ(0, terrace_weights_load(self->s, self->fd, 777, 3 * MIB, &self->o, &self->b));
	EXPECT_EQ(NULL, terrace_buffer_data(self->b));
	ASSERT_EQ(16, pread(terrace_buffer_fd(self->b), text, 16, 2 * MIB + 5));
	ASSERT_EQ(16, pread(self->fd, file, 16, 2 * MIB + 5 + 777));
	EXPECT_EQ(0, memcmp(text, file, 16));
}

static int load(struct terrace_session *s, int fd, uint64_t offset, uint64_t bytes,
		const struct terrace_buffer_options *o, struct terrace_buffer **b)
{
	int alone = terrace_weights_load(s, fd, offset, bytes, o, b);

	/* both say the same */
	return terrace_weights_open(s, fd, offset, bytes, o, b) == alone ? alone : 1;
}

TEST_F(weights, ranges_are_checked)
{
	static const uint64_t wrong[][2] = {
		{ 0, 0 }, { 0, BYTES + 1 }, { 1, BYTES }, { BYTES, 1 }, { BYTES + 1, 1 },
		{ UINT64_MAX, 1 }, { 1, UINT64_MAX }, { UINT64_MAX, UINT64_MAX },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		EXPECT_EQ(-EINVAL, load(self->s, self->fd, wrong[i][0], wrong[i][1], &self->o,
					&self->b));
		EXPECT_TRUE(says("not within the file's 5255225 bytes"));
	}
	EXPECT_EQ(NULL, self->b);
}

TEST_F(weights, descriptors_are_checked)
{
	int fd, pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-EINVAL, load(self->s, pipes[0], 0, 1, &self->o, &self->b));
	EXPECT_TRUE(says("regular file"));
	close(pipes[0]);
	close(pipes[1]);
	fd = open("/tmp", O_RDONLY);
	EXPECT_EQ(-EINVAL, load(self->s, fd, 0, 1, &self->o, &self->b));
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	EXPECT_EQ(-EINVAL, load(self->s, fd, 0, 1, &self->o, &self->b));
	close(fd);
	fd = open(PATH, O_WRONLY);
	EXPECT_EQ(-EBADF, load(self->s, fd, 0, 1, &self->o, &self->b));
	EXPECT_TRUE(says("cannot read the weights at byte 0"));
	close(fd);
	fd = open(PATH, O_PATH);
	EXPECT_EQ(-EBADF, load(self->s, fd, 0, 1, &self->o, &self->b));
	close(fd);
	EXPECT_EQ(-EBADF, load(self->s, fd, 0, 1, &self->o, &self->b));
	EXPECT_EQ(NULL, self->b);
	EXPECT_EQ(0, used_bytes());
}

TEST_F(weights, options_are_checked)
{
	self->o.pinnable = true;
	EXPECT_EQ(-EOPNOTSUPP, load(self->s, self->fd, 0, BYTES, &self->o, &self->b));
	self->o.pinnable = false;
	self->o.extent_bytes = 3 * 4096;
	EXPECT_EQ(-EINVAL, load(self->s, self->fd, 0, BYTES, &self->o, &self->b));
	self->o.extent_bytes = 0;
	self->o.name = "a name that is longer than thirty-one characters";
	EXPECT_EQ(-ENAMETOOLONG, load(self->s, self->fd, 0, BYTES, &self->o, &self->b));
	self->o.name = NULL;
	self->o.class_id = TERRACE_CLASSES;
	EXPECT_EQ(-EINVAL, load(self->s, self->fd, 0, BYTES, &self->o, &self->b));
	self->o.class_id = TERRACE_CLASS_WEIGHTS;
	self->o.tier = 9;
	EXPECT_EQ(-ENXIO, load(self->s, self->fd, 0, BYTES, &self->o, &self->b));
	EXPECT_EQ(NULL, self->b);
	EXPECT_EQ(0, used_bytes());
}

TEST_F(weights, a_full_tier_says_so)
{
	struct terrace_buffer *first;

	self->o.tier = terrace_tier_find(self->s, "fast");
	self->o.strict = true;
	ASSERT_EQ(0, tiers_weights(self->s, 12 * MIB, 0, self->o.tier, &first));
	EXPECT_EQ(-ENOSPC, load(self->s, self->fd, 0, BYTES, &self->o, &self->b));
	EXPECT_TRUE(says("2097152 bytes are missing"));
	EXPECT_EQ(12 * MIB, used_bytes());
	terrace_buffer_free(first);
}

TEST_F(weights, a_quota_says_so)
{
	int fd;

	ASSERT_EQ(0, mkdir(QUOTA, 0755));
	fd = open(QUOTA "/weights_bytes", O_WRONLY);
	ASSERT_EQ(7, write(fd, "4194304", 7));
	close(fd);
	EXPECT_EQ(-EDQUOT, load(self->s, self->fd, 0, BYTES, &self->o, &self->b));
	EXPECT_TRUE(says("quota of uid 0"));
	EXPECT_EQ(0, terrace_weights_load(self->s, self->fd, 0, 1, &self->o, &self->b));
	terrace_buffer_free(self->b);
	self->b = NULL;
	ASSERT_EQ(0, rmdir(QUOTA));
}

TEST_F(weights, without_terraced_one_loads_alone)
{
	ASSERT_NE(0, access("/run/terrace/weights.sock", F_OK));
	ASSERT_EQ(0, terrace_weights_open(self->s, self->fd, 1, BYTES - 1, &self->o, &self->b));
	EXPECT_FALSE(terrace_buffer_shared(self->b));
	EXPECT_TRUE(says("terraced does not answer on /run/terrace/weights.sock"));
	EXPECT_EQ(0, weights_file_wrong(self->b, 1, BYTES - 1, SEED));
}

/* Load in a child: its exit code is 0, or the error that it had. */
static pid_t load_in_child(int group)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS, .tier = TERRACE_TIER_ANY,
	};
	struct terrace_session *s;
	struct terrace_buffer *b;
	pid_t pid = fork();

	if (pid)
		return pid;
	close(group);
	if (terrace_session_open(NULL, &s))
		_exit(99);
	_exit(-terrace_weights_load(s, open(PATH, O_RDONLY), 0, BYTES, &o, &b));
}

TEST_F(weights, a_file_that_changes_meanwhile_is_refused)
{
	struct hold hold;
	int change;
	pid_t pid;

	for (change = 0; change < 2; change++) {
		int err = hold_begin(&hold, PATH);

		if (err > 0)
			SKIP(return, "the kernel has no fanotify permission events");
		ASSERT_EQ(0, err);
		pid = load_in_child(hold.group);
		ASSERT_EQ(pid, hold_wait(&hold));
		ASSERT_EQ(0, change ? truncate(PATH, BYTES / 2) :
			  weights_file_make(PATH, BYTES, SEED + 1));
		hold_end(&hold);
		EXPECT_EQ(ESTALE, exit_code(pid));
		EXPECT_EQ(0, used_bytes());
	}
}

TEST_F(weights, killed_in_the_middle_nothing_is_left)
{
	struct hold hold;
	pid_t pid;
	int err = hold_begin(&hold, PATH);

	if (err > 0)
		SKIP(return, "the kernel has no fanotify permission events");
	ASSERT_EQ(0, err);
	pid = load_in_child(hold.group);
	ASSERT_EQ(pid, hold_wait(&hold));
	EXPECT_LT(0, used_bytes());
	kill(pid, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, exit_code(pid));
	hold_end(&hold);
	EXPECT_EQ(0, used_bytes());
}

TEST_HARNESS_MAIN
