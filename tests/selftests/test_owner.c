// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whose a buffer is: memory cgroup, uid, and what is left when its process is killed. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"

#define CGROUPS	"/sys/fs/cgroup"
#define CGROUP	CGROUPS "/terrace-test"

FIXTURE(owner) {
	int unused;
};

FIXTURE_SETUP(owner)
{
	ASSERT_EQ(0, tiers_up_default());
}

FIXTURE_TEARDOWN(owner)
{
	tiers_down();
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int bad;

	if (fd < 0)
		return -1;
	bad = write(fd, text, strlen(text)) < 0;
	close(fd);
	return bad ? -1 : 0;
}

static long long cgroup_value(const char *file)
{
	char path[128];
	long long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), CGROUP "/%s", file);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%lld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

static struct terrace_buffer *make(struct terrace_session **s, uint64_t bytes, const char *tier)
{
	struct terrace_buffer_options o = { .class_id = TERRACE_CLASS_KV };
	struct terrace_buffer *b;

	if (terrace_session_open(NULL, s))
		return NULL;
	o.tier = terrace_tier_find(*s, tier);
	return terrace_buffer_create(*s, bytes, &o, &b) ? NULL : b;
}

/* In a child: join the cgroup, run, and tell how it ended. */
static int in_cgroup(void (*run)(int to), int to)
{
	pid_t pid = fork();
	char self[16];
	int status;

	if (!pid) {
		snprintf(self, sizeof(self), "%d", getpid());
		if (write_file(CGROUP "/cgroup.procs", self))
			_exit(99);
		run(to);
		_exit(0);
	}
	if (to >= 0)
		return pid;
	waitpid(pid, &status, 0);
	return status;
}

/* Make a buffer, fill it, say so, and wait to be killed. */
static void fill_and_wait(int to)
{
	struct terrace_session *s;
	struct terrace_buffer *b = make(&s, 16 * EXTENT, "slow");

	if (!b)
		_exit(1);
	memset(terrace_buffer_data(b), 1, 16 * EXTENT);
	if (write(to, "x", 1) != 1)
		_exit(2);
	pause();
}

static void fill_too_much(int to)
{
	struct terrace_session *s;
	struct terrace_buffer *b = make(&s, 32 * EXTENT, "slow");

	(void)to;
	if (!b)
		_exit(1);
	memset(terrace_buffer_data(b), 1, 32 * EXTENT);
}

TEST_F_TIMEOUT(owner, frames_are_charged_to_the_creator, 60)
{
	struct terrace_session *s;
	struct terrace_buffer *b;
	struct terrace_list list = { .size = sizeof(list), .count = 1 };
	struct terrace_buffer_info info;
	long long before;
	int pipes[2];
	char byte;
	pid_t pid;

	write_file(CGROUPS "/cgroup.subtree_control", "+memory");
	ASSERT_EQ(0, mkdir(CGROUP, 0755));
	if (cgroup_value("memory.current") < 0) {
		rmdir(CGROUP);
		SKIP(return, "the memory controller is not available in " CGROUPS);
	}
	ASSERT_EQ(0, pipe(pipes));
	pid = in_cgroup(fill_and_wait, pipes[1]);
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	before = cgroup_value("memory.current");
	EXPECT_GE(before, 16 * (long long)EXTENT);

	/* a migration by somebody else goes on the creator's account */
	ASSERT_EQ(0, terrace_session_open(NULL, &s));
	list.entry_bytes = sizeof(info);
	list.buffers = (uintptr_t)&info;
	ASSERT_EQ(0, ioctl(terrace_session_fd(s), TERRACE_IOC_LIST, &list));
	ASSERT_EQ(1, list.count);
	ASSERT_EQ(0, terrace_buffer_open(s, info.buffer, &b));
	EXPECT_EQ(0, terrace_migrate(b, 0, 16 * EXTENT, terrace_tier_find(s, "fast"), NULL));
	EXPECT_GE(cgroup_value("memory.current"), 16 * (long long)EXTENT);
	terrace_buffer_free(b);
	terrace_session_close(s);

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(0, tiers_value("fast", "used_bytes"));
	EXPECT_LT(cgroup_value("memory.current"), 16 * (long long)EXTENT);

	/* a limit ends in SIGBUS of the toucher, not in the OOM killer */
	ASSERT_EQ(0, write_file(CGROUP "/memory.max", "33554432"));
	EXPECT_EQ(SIGBUS, in_cgroup(fill_too_much, -1) & 0x7f);
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, rmdir(CGROUP));
}

TEST_F(owner, another_user_is_kept_out)
{
	struct terrace_session *s;
	struct terrace_buffer *b = make(&s, EXTENT, "slow");
	struct terrace_open o = { .size = sizeof(o) };
	int status;
	pid_t pid;

	ASSERT_NE(NULL, b);
	o.buffer = terrace_buffer_id(b);
	pid = fork();
	if (!pid) {
		struct terrace_list list = { .size = sizeof(list), .count = 1 };
		struct terrace_buffer_info info;

		list.entry_bytes = sizeof(info);
		list.buffers = (uintptr_t)&info;
		if (setgid(65534) || setuid(65534))
			_exit(1);
		if (!ioctl(terrace_session_fd(s), TERRACE_IOC_OPEN, &o) || errno != EPERM)
			_exit(2);
		if (ioctl(terrace_session_fd(s), TERRACE_IOC_LIST, &list) || list.count)
			_exit(3);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	o.buffer += 1000;
	EXPECT_EQ(-1, ioctl(terrace_session_fd(s), TERRACE_IOC_OPEN, &o));
	EXPECT_EQ(ENOENT, errno);
	terrace_buffer_free(b);
	terrace_session_close(s);
}

/* Fault, migrate and step for ever. */
static void work(void)
{
	const struct terrace_options options = { .ring_entries = 64 };
	struct terrace_buffer_options o = { .class_id = TERRACE_CLASS_KV };
	struct terrace_session *s;
	struct terrace_buffer *b;
	unsigned int i;

	if (terrace_session_open(&options, &s))
		_exit(1);
	o.tier = terrace_tier_find(s, "slow");
	if (terrace_buffer_create(s, 8 * EXTENT, &o, &b))
		_exit(2);
	for (i = 0;; i++) {
		terrace_step_begin(s, TERRACE_STEP_DECODE, 0, 1, 1);
		memset(terrace_buffer_data(b), i, 8 * EXTENT);
		terrace_record(s, terrace_buffer_id(b), TERRACE_ACCESS_WRITE, 0, 8 * EXTENT);
		terrace_migrate(b, 0, 8 * EXTENT, i & 1, NULL);
		terrace_step_end(s, NULL);
		if (!(i & 3))
			terrace_discard(b, 0, 4 * EXTENT);
	}
}

TEST_F_TIMEOUT(owner, killed_at_any_moment_nothing_is_left, 200)
{
	unsigned int delay_us = 1;
	int i;

	for (i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (!pid)
			work();
		delay_us = (delay_us * 1103515245 + 12345) & 0x7fffffff;
		usleep(delay_us % 150000);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
		EXPECT_EQ(0, tiers_value("fast", "used_bytes"));
		EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	}
}

TEST_HARNESS_MAIN
