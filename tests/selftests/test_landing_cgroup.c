// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A memory cgroup whose limit does not hold the landing pool: what runs in it gets clean frames
 * back before it is killed, whoever of the cgroup needs them, also when the buffer's own cgroup is
 * gone.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"

#define DEVICE		"/dev/nvme0n1"
#define LANDING		(64 * MIB)
#define LIMIT		"33554432"	/* half of it */
#define BYTES		(48 * MIB)
#define HOG		(24 * MIB)	/* three quarters of the limit */
#define CGROUPS		"/sys/fs/cgroup"
#define CGROUP		CGROUPS "/terrace-test"
#define CHILD		CGROUP "/child"
#define OTHER		CGROUP "/other"
#define PATIENCE	3000	/* times 10 ms until background work is done */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool bad;

	if (fd < 0)
		return -1;
	bad = write(fd, text, strlen(text)) < 0;
	close(fd);
	return bad ? -1 : 0;
}

/* A number of memory.events; that of the cgroups below is in it. */
static long long event_count(const char *name)
{
	FILE *f = fopen(CGROUP "/memory.events", "r");
	long long value, found = -1;
	char word[32];

	while (f && fscanf(f, "%31s %lld", word, &value) == 2)
		if (!strcmp(word, name))
			found = value;
	if (f)
		fclose(f);
	return found;
}

static long long charged(void)
{
	FILE *f = fopen(CGROUP "/memory.current", "r");
	long long value = -1;

	if (f && fscanf(f, "%lld", &value) != 1)
		value = -1;
	if (f)
		fclose(f);
	return value;
}

FIXTURE(landing_cgroup) {
	struct terrace_session *s;
	int slow;
	int from[2], to[2];	/* pipes of who works in a cgroup */
};

FIXTURE_SETUP(landing_cgroup)
{
	const struct tiers_config config = {
		.fast_bytes = 64 * MIB, .slow_bytes = 256 * MIB,
		.fast_classes = 1U << TERRACE_CLASS_ACTIVATION, .slow_classes = ALL_CLASSES,
		.slow_device = DEVICE, .landing_bytes = LANDING,
	};

	write_file(CGROUPS "/cgroup.subtree_control", "+memory");
	ASSERT_EQ(0, mkdir(CGROUP, 0755));
	if (charged() < 0) {
		rmdir(CGROUP);
		SKIP(return, "the memory controller is not available in " CGROUPS);
	}
	ASSERT_EQ(0, write_file(CGROUP "/memory.max", LIMIT));
	write_file(CGROUP "/memory.swap.max", "0");
	ASSERT_EQ(0, tiers_up(&config));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->slow = terrace_tier_find(self->s, "slow");
	ASSERT_EQ(0, pipe(self->from));
	ASSERT_EQ(0, pipe(self->to));
}

FIXTURE_TEARDOWN(landing_cgroup)
{
	terrace_session_close(self->s);
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "landing_used_bytes"));
	tiers_down();
	rmdir(CHILD);
	rmdir(OTHER);
	EXPECT_EQ(0, rmdir(CGROUP));
}

/* Two cgroups below the one with the limit. */
static int make_children(void)
{
	return write_file(CGROUP "/cgroup.subtree_control", "+memory") || mkdir(CHILD, 0755) ||
	       mkdir(OTHER, 0755);
}

static pid_t in_cgroup(const char *cgroup)
{
	char path[128], self[16];
	pid_t pid = fork();

	if (pid)
		return pid;
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	snprintf(self, sizeof(self), "%d", getpid());
	if (write_file(path, self))
		_exit(99);
	return 0;
}

static int ends(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

static uint64_t word_at(uint64_t i)
{
	return (i + 1) * 0x9e3779b97f4a7c15ULL;
}

static bool right(const uint64_t *at)
{
	for (uint64_t i = 0; i < BYTES / 8; i += 64)
		if (at[i] != word_at(i))
			return false;
	return true;
}

/* Fill an extent, seal it, and wait until it is programmed: clean. */
static int fill_extent(struct terrace_buffer *b, uint64_t offset)
{
	long long programmed = tiers_value("slow", "flash_programmed_bytes") + (long long)EXTENT;
	uint64_t *at = terrace_buffer_data(b);
	int patience = PATIENCE;

	for (uint64_t i = offset / 8; i < (offset + EXTENT) / 8; i++)
		at[i] = word_at(i);
	if (terrace_seal(b, offset, EXTENT))
		return -1;
	while (tiers_value("slow", "flash_programmed_bytes") < programmed && patience--)
		usleep(10000);
	return patience < 0;
}

static int make(struct terrace_session *s, int slow, struct terrace_buffer **b)
{
	int err = tiers_weights(s, BYTES, 0, slow, b);

	for (uint64_t at = 0; !err && at < BYTES; at += EXTENT)
		err = fill_extent(*b, at);
	return err;
}

/* Memory that is not Terrace's, all of it touched: what it takes is given back with the process. */
static bool hog(void)
{
	unsigned char *p = mmap(NULL, HOG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				0);

	if (p == MAP_FAILED)
		return false;
	memset(p, 5, HOG);
	for (uint64_t i = 0; i < HOG; i += 4096)
		if (p[i] != 5)
			return false;
	return true;
}

/* Read a buffer larger than the cgroup through and through, need memory, read it again. */
static int read_and_hog(int slow)
{
	struct terrace_session *s;
	struct terrace_buffer *b;
	const uint64_t *at;

	if (terrace_session_open(NULL, &s) || make(s, slow, &b))
		return 1;
	at = terrace_buffer_data(b);
	if (!right(at) || !right(at))
		return 2;
	if (!hog())
		return 3;
	if (!right(at) || !right(at))
		return 4;
	terrace_buffer_free(b);
	terrace_session_close(s);
	return 0;
}

TEST_F_TIMEOUT(landing_cgroup, who_reads_may_have_memory_too, 200)
{
	long long before;
	pid_t pid = in_cgroup(CGROUP);

	if (!pid)
		_exit(read_and_hog(self->slow));
	before = tiers_value("slow", "evictions");
	EXPECT_EQ(0, ends(pid));
	EXPECT_EQ(0, event_count("oom_kill"));
	EXPECT_GT(tiers_value("slow", "evictions"), before);
	EXPECT_EQ(0, tiers_value("slow", "sigbus"));
}

/* Make a buffer, say which, hold it until told, and say whether it is right then. */
static int hold(int slow, int to, int from)
{
	struct terrace_session *s;
	struct terrace_buffer *b;
	uint32_t id;
	char byte;

	if (terrace_session_open(NULL, &s) || make(s, slow, &b) ||
	    !right(terrace_buffer_data(b)))
		return 1;
	id = terrace_buffer_id(b);
	if (write(to, &id, sizeof(id)) != sizeof(id) || read(from, &byte, 1) != 1)
		return 2;
	return right(terrace_buffer_data(b)) ? 0 : 3;
}

/* Make a buffer, say so, read it, say so, and hold it until told. */
static int read_only(int slow, int to, int from)
{
	struct terrace_session *s;
	struct terrace_buffer *b;
	char byte;
	int round;

	if (terrace_session_open(NULL, &s) || make(s, slow, &b) || write(to, "x", 1) != 1)
		return 1;
	for (round = 0; round < 4; round++)
		if (!right(terrace_buffer_data(b)))
			return 2;
	return write(to, "x", 1) != 1 || read(from, &byte, 1) != 1;
}

/* A frame that the cgroup has no room for takes the place of another one, not of all. */
TEST_F_TIMEOUT(landing_cgroup, who_only_reads_has_what_the_limit_holds, 200)
{
	long long before, least = LANDING;
	struct pollfd done = { .events = POLLIN };
	char byte;
	pid_t pid = in_cgroup(CGROUP);

	if (!pid)
		_exit(read_only(self->slow, self->to[1], self->from[0]));
	ASSERT_EQ(1, read(self->to[0], &byte, 1));
	before = tiers_value("slow", "evictions");
	done.fd = self->to[0];
	while (!poll(&done, 1, 1)) {
		long long used = tiers_value("slow", "landing_used_bytes");

		if (used < least)
			least = used;
	}
	ASSERT_EQ(1, write(self->from[1], "x", 1));
	EXPECT_EQ(0, ends(pid));
	EXPECT_LT(16 * (long long)MIB, least);
	EXPECT_LT(before + 24, tiers_value("slow", "evictions"));
}

TEST_F_TIMEOUT(landing_cgroup, another_of_the_cgroup_may_have_it, 200)
{
	pid_t pid, other;
	long long before;
	uint32_t id;

	ASSERT_EQ(0, make_children());
	pid = in_cgroup(CHILD);
	if (!pid)
		_exit(hold(self->slow, self->to[1], self->from[0]));
	ASSERT_EQ(sizeof(id), read(self->to[0], &id, sizeof(id)));
	before = tiers_value("slow", "evictions");
	EXPECT_LT(16 * (long long)MIB, tiers_value("slow", "landing_used_bytes"));
	other = in_cgroup(OTHER);
	if (!other)
		_exit(!hog());
	EXPECT_EQ(0, ends(other));
	EXPECT_GT(tiers_value("slow", "evictions"), before);
	ASSERT_EQ(1, write(self->from[1], "x", 1));
	EXPECT_EQ(0, ends(pid));
	EXPECT_EQ(0, event_count("oom_kill"));
}

/* Frames of a buffer whose cgroup is gone are on the account of the one above. */
TEST_F_TIMEOUT(landing_cgroup, its_cgroup_may_be_gone, 200)
{
	struct terrace_buffer *b;
	const uint64_t *at;
	long long before;
	pid_t pid, other;
	uint32_t id;
	int round;

	ASSERT_EQ(0, make_children());
	pid = in_cgroup(CHILD);
	if (!pid)
		_exit(hold(self->slow, self->to[1], self->from[0]));
	ASSERT_EQ(sizeof(id), read(self->to[0], &id, sizeof(id)));
	ASSERT_EQ(0, terrace_buffer_open(self->s, id, &b));
	at = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, terrace_buffer_fd(b), 0);
	ASSERT_NE(MAP_FAILED, at);
	ASSERT_EQ(1, write(self->from[1], "x", 1));
	ASSERT_EQ(0, ends(pid));
	ASSERT_EQ(0, rmdir(CHILD));
	/* the first takes frames from before that, the others those that came after */
	for (round = 0; round < 3; round++) {
		EXPECT_LT(16 * (long long)MIB, tiers_value("slow", "landing_used_bytes"));
		EXPECT_LT(16 * (long long)MIB, charged());
		before = tiers_value("slow", "evictions");
		other = in_cgroup(OTHER);
		if (!other)
			_exit(!hog());
		EXPECT_EQ(0, ends(other));
		EXPECT_GT(tiers_value("slow", "evictions"), before);
		EXPECT_TRUE(right(at));
	}
	EXPECT_EQ(0, event_count("oom_kill"));
	/* all of them gone */
	ASSERT_EQ(0, rmdir(OTHER));
	EXPECT_EQ(0, rmdir(CGROUP));
	EXPECT_TRUE(right(at));
	ASSERT_EQ(0, write_file("/proc/sys/vm/drop_caches", "2"));
	EXPECT_TRUE(right(at));
	munmap((void *)at, BYTES);
	terrace_buffer_free(b);
	ASSERT_EQ(0, mkdir(CGROUP, 0755));
}

TEST_HARNESS_MAIN
