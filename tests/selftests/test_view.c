// SPDX-License-Identifier: LGPL-2.1-or-later
/* Views: what they refuse, whose they are, and that each session is charged for its own alone. */
#include <fcntl.h>
#include <liburing.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"

#define EXTENTS	4
#define BYTES	(EXTENTS * EXTENT)
#define NOBODY	65534

FIXTURE(view) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	int slow;
	int fast;
	int fd;
};

FIXTURE_SETUP(view)
{
	int i;

	ASSERT_EQ(0, tiers_up_default());
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->slow = terrace_tier_find(self->s, "slow");
	self->fast = terrace_tier_find(self->s, "fast");
	ASSERT_EQ(0, tiers_weights(self->s, BYTES, 0, self->slow, &self->b));
	for (i = 0; i < EXTENTS; i++)
		memset((char *)terrace_buffer_data(self->b) + i * EXTENT, i + 1, EXTENT);
	self->fd = terrace_buffer_fd(self->b);
}

FIXTURE_TEARDOWN(view)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	/* -1: a test took it down */
	EXPECT_GE(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, tiers_value("fast", "used_bytes"));
	tiers_down();
}

/* The call itself: a view, or a negative errno. */
static int view_of(struct terrace_session *s, int fd, uint32_t flags)
{
	struct terrace_view v = { .size = sizeof(v), .flags = flags, .fd = fd };

	return ioctl(terrace_session_fd(s), TERRACE_IOC_VIEW, &v) ? -errno : v.view;
}

static char *map(int fd)
{
	return mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);
}

/* How many bytes of a mapping are not @first, @first + @step ... by extent. */
static unsigned long wrong(const char *data, int first, int step)
{
	unsigned long at, bad = 0;

	for (at = 0; at < BYTES; at += 512)
		bad += data[at] != (char)(first + (int)(at / EXTENT) * step);
	return bad;
}

/* The errno of a call, 0 when it succeeded. */
static int refused(int fd, unsigned long call, void *arg)
{
	return ioctl(fd, call, arg) < 0 ? errno : 0;
}

static int uring_refused(int fd, uint32_t call, void *arg)
{
	struct terrace_uring_cmd cmd = { .arg = (uintptr_t)arg };
	struct io_uring ring;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	int res;

	if (io_uring_queue_init(2, &ring, 0))
		return -1;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = call;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	io_uring_submit(&ring);
	res = io_uring_wait_cqe(&ring, &cqe) ? 1 : cqe->res;
	io_uring_queue_exit(&ring);
	return -res;
}

TEST_F(view, only_a_buffer_or_a_view_of_it_has_views)
{
	struct terrace_info info;
	int null = open("/dev/null", O_RDONLY);
	int path = open("/dev/terrace", O_PATH);
	struct terrace_buffer *view = NULL;

	ASSERT_EQ(0, terrace_session_info(self->s, &info));
	EXPECT_NE(0, info.features & TERRACE_FEATURE_VIEW);
	EXPECT_EQ(-EINVAL, view_of(self->s, self->fd, 1));
	EXPECT_EQ(-EBADF, view_of(self->s, -1, 0));
	EXPECT_EQ(-EBADF, view_of(self->s, path, 0));
	EXPECT_EQ(-EINVAL, view_of(self->s, null, 0));
	EXPECT_EQ(-EINVAL, view_of(self->s, terrace_session_fd(self->s), 0));
	close(null);
	EXPECT_EQ(-EBADF, terrace_buffer_view(self->s, null, &view));
	EXPECT_EQ(-EINVAL, terrace_buffer_view(self->s, terrace_session_fd(self->s), &view));
	EXPECT_EQ(NULL, view);
	close(path);
}

TEST_F(view, a_view_cannot_be_written)
{
	struct terrace_buffer *view;
	int fd, again;
	char byte = 99, name[32];
	char *data;
	struct iovec local = { &byte, 1 }, remote;

	ASSERT_EQ(0, terrace_buffer_view(self->s, self->fd, &view));
	fd = terrace_buffer_fd(view);
	EXPECT_EQ(NULL, terrace_buffer_data(view));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, EXTENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, EXTENT, PROT_READ, MAP_PRIVATE, fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, EXTENT, PROT_READ, MAP_SHARED, fd, BYTES));
	EXPECT_EQ(EINVAL, errno);
	data = map(fd);
	ASSERT_NE(MAP_FAILED, data);
	EXPECT_EQ(-1, mprotect(data, EXTENT, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, pwrite(fd, &byte, 1, 0));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, EXTENT));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, madvise(data, EXTENT, MADV_REMOVE));

	/* not by way of the kernel either */
	remote = (struct iovec) { data, 1 };
	EXPECT_EQ(-1, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	again = open("/proc/self/mem", O_RDWR);
	ASSERT_GE(again, 0);
	EXPECT_EQ(-1, pwrite(again, &byte, 1, (uintptr_t)data));
	close(again);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	EXPECT_EQ(-1, open(name, O_RDWR));
	EXPECT_EQ(0, wrong(data, 1, 1));
	munmap(data, BYTES);
	terrace_buffer_free(view);
}

TEST_F(view, calls_that_change_the_buffer_are_refused)
{
	struct terrace_range range = { .size = sizeof(range), .bytes = EXTENT };
	struct terrace_move move = { .bytes = EXTENT, .tier = self->fast };
	struct terrace_migrate m = {
		.size = sizeof(m), .count = 1, .moves = (uintptr_t)&move,
	};
	struct terrace_refresh refresh = { .size = sizeof(refresh), .bytes = EXTENT };
	struct terrace_pieces pieces = {
		.size = sizeof(pieces), .pieces = 1, .count = 2, .ranges = { { 0, 1 }, { 1, 1 } },
	};
	struct terrace_extent_info at[EXTENTS];
	struct terrace_buffer *view;
	struct stat st;
	int fd, i;

	ASSERT_EQ(0, terrace_buffer_view(self->s, self->fd, &view));
	fd = terrace_buffer_fd(view);
	EXPECT_EQ(EBADF, refused(fd, TERRACE_BUF_SEAL, &range));
	EXPECT_EQ(EBADF, refused(fd, TERRACE_BUF_DISCARD, &range));
	EXPECT_EQ(EBADF, refused(fd, TERRACE_BUF_MIGRATE, &m));
	EXPECT_EQ(EBADF, refused(fd, TERRACE_BUF_REFRESH, &refresh));
	EXPECT_EQ(EBADF, refused(fd, TERRACE_BUF_PIECES, &pieces));
	EXPECT_EQ(ENOTTY, refused(fd, TERRACE_IOC_INFO, &range));
	EXPECT_EQ(EBADF, uring_refused(fd, TERRACE_BUF_MIGRATE, &m));
	EXPECT_EQ(EBADF, uring_refused(fd, TERRACE_BUF_REFRESH, &refresh));
	EXPECT_EQ(ENOTTY, uring_refused(fd, TERRACE_BUF_QUERY, &refresh));
	/* the same calls are good ones */
	EXPECT_EQ(0, refused(self->fd, TERRACE_BUF_REFRESH, &refresh));
	EXPECT_EQ(0, refused(self->fd, TERRACE_BUF_MIGRATE, &m));
	EXPECT_EQ(0, refused(self->fd, TERRACE_BUF_PIECES, &pieces));
	EXPECT_EQ(0, move.error);

	EXPECT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
	EXPECT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM));
	ASSERT_EQ(0, terrace_query(view, 0, BYTES, at));
	for (i = 0; i < EXTENTS; i++)
		EXPECT_EQ(i ? self->slow : self->fast, at[i].tier);
	EXPECT_EQ(terrace_buffer_id(self->b), terrace_buffer_id(view));
	EXPECT_EQ(BYTES, terrace_buffer_bytes(view));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ((off_t)BYTES, st.st_size);
	EXPECT_EQ((off_t)BYTES, lseek(fd, 0, SEEK_END));
	terrace_buffer_free(view);
}

TEST_F(view, content_follows_migrations_and_discard)
{
	char *twin, *data, *copy = malloc(BYTES);
	int view = view_of(self->s, self->fd, 0), second;
	int i;

	ASSERT_GE(view, 0);
	second = view_of(self->s, view, 0);
	ASSERT_GE(second, 0);
	data = map(view);
	twin = map(second);
	ASSERT_NE(MAP_FAILED, data);
	ASSERT_NE(MAP_FAILED, twin);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(0, wrong(data, 1, 1));
		EXPECT_EQ(0, wrong(twin, 1, 1));
		EXPECT_EQ(0, terrace_migrate(self->b, 0, BYTES, i & 1 ? self->slow : self->fast,
					     NULL));
	}
	/* a tier that goes takes nothing along */
	EXPECT_EQ(0, terrace_tier_offline("slow"));
	EXPECT_EQ(0, wrong(data, 1, 1));
	ASSERT_EQ((ssize_t)BYTES, pread(second, copy, BYTES, 0));
	EXPECT_EQ(0, wrong(copy, 1, 1));

	/* stores and a discard through the buffer are seen */
	memset(terrace_buffer_data(self->b), 7, BYTES);
	EXPECT_EQ(0, wrong(data, 7, 0));
	EXPECT_EQ(0, terrace_discard(self->b, 0, BYTES));
	EXPECT_EQ(0, wrong(data, 0, 0));
	EXPECT_EQ(0, wrong(twin, 0, 0));
	munmap(data, BYTES);
	munmap(twin, BYTES);
	close(view);
	close(second);
	free(copy);
}

TEST_F(view, a_pinnable_buffer_has_views)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV, .tier = self->slow, .pinnable = true,
	};
	struct terrace_buffer *b;
	char *data;
	int view;

	ASSERT_EQ(0, terrace_buffer_create(self->s, BYTES, &o, &b));
	view = view_of(self->s, terrace_buffer_fd(b), 0);
	ASSERT_GE(view, 0);
	data = map(view);
	ASSERT_NE(MAP_FAILED, data);
	EXPECT_EQ(0, wrong(data, 0, 0));
	EXPECT_EQ(-1, mprotect(data, BYTES, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	memset(terrace_buffer_data(b), 3, BYTES);
	EXPECT_EQ(0, terrace_migrate(b, 0, BYTES, self->fast, NULL));
	EXPECT_EQ(0, wrong(data, 3, 0));
	munmap(data, BYTES);
	close(view);
	terrace_buffer_free(b);
}

/* A number of KiB of the mapping that begins at @data, as /proc/self/smaps has it. */
static long smaps_kib(const char *data, const char *what)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start = 0, end;
	char line[512];
	long kib = -1;

	if (!f)
		return -1;
	while (kib < 0 && fgets(line, sizeof(line), f)) {
		unsigned long from;

		if (sscanf(line, "%lx-%lx ", &from, &end) == 2)
			start = from;
		else if (start == (unsigned long)data && !strncmp(line, what, strlen(what)))
			sscanf(line + strlen(what), ": %ld", &kib);
	}
	fclose(f);
	return kib;
}

TEST_F(view, two_mib_extents_map_at_once)
{
	int view = view_of(self->s, self->fd, 0);
	char *data = map(view);
	long long before;

	ASSERT_NE(MAP_FAILED, data);
	before = tiers_value("slow", "faults");
	EXPECT_EQ(0, wrong(data, 1, 1));
	EXPECT_EQ(before + EXTENTS, tiers_value("slow", "faults"));
	EXPECT_EQ((long)(BYTES >> 10), smaps_kib(data, "FilePmdMapped"));
	EXPECT_EQ((long)(BYTES >> 10), smaps_kib(data, "Rss"));
	munmap(data, BYTES);
	close(view);
}

static int exit_code(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

/* In a child of another user: what it may do with a descriptor that it was given. */
static int as_nobody(int fd, uint32_t id, uint32_t foreign)
{
	const struct terrace_options ring = { .ring_entries = 8 };
	struct terrace_step_end end;
	struct terrace_session *s;
	struct terrace_buffer *b;
	char *data;

	if (terrace_session_open(&ring, &s) || setgid(NOBODY) || setuid(NOBODY))
		return 1;
	if (terrace_buffer_open(s, id, &b) != -EPERM)
		return 2;
	/* no view yet, so its accesses are not this session's to declare */
	terrace_step_begin(s, TERRACE_STEP_DECODE, 0, 1, 1);
	terrace_record(s, id, TERRACE_ACCESS_READ, 0, EXTENT);
	if (terrace_step_end(s, &end) || end.rejected != 1)
		return 3;
	if (terrace_buffer_view(s, fd, &b))
		return 4;
	data = map(terrace_buffer_fd(b));
	if (data == MAP_FAILED || wrong(data, 1, 1))
		return 5;
	terrace_step_begin(s, TERRACE_STEP_DECODE, 0, 1, 1);
	terrace_record(s, id, TERRACE_ACCESS_READ, 0, EXTENT);
	terrace_record(s, foreign, TERRACE_ACCESS_READ, 0, EXTENT);
	if (terrace_step_end(s, &end) || end.records != 1 || end.rejected != 1)
		return 6;
	if (end.model_tier_read_bytes[terrace_tier_find(s, "slow")] != EXTENT)
		return 7;
	terrace_buffer_free(b);
	munmap(data, BYTES);
	terrace_step_begin(s, TERRACE_STEP_DECODE, 0, 1, 1);
	terrace_record(s, id, TERRACE_ACCESS_READ, 0, EXTENT);
	if (terrace_step_end(s, &end) || end.rejected != 1)
		return 8;
	return 0;
}

TEST_F(view, another_user_reads_and_declares)
{
	struct terrace_buffer *foreign;
	pid_t pid;

	ASSERT_EQ(0, tiers_weights(self->s, EXTENT, 0, self->slow, &foreign));
	pid = fork();
	if (!pid)
		_exit(as_nobody(self->fd, terrace_buffer_id(self->b), terrace_buffer_id(foreign)));
	EXPECT_EQ(0, exit_code(pid));
	terrace_buffer_free(foreign);
}

/* Two processes in lockstep. */
struct lockstep {
	int to[2];
	int from[2];
};

static int tell(int fd)
{
	return write(fd, "x", 1) == 1 ? 0 : -1;
}

static int hear(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 1 ? 0 : -1;
}

#define ROUNDS	3

/* The other process: touches two extents in each of its steps, and again after the first's. */
static int client(struct lockstep *l, int fd)
{
	struct terrace_session *s;
	struct terrace_step_end end;
	struct terrace_buffer *b;
	volatile char *data;
	long long faults;
	int i, slow;

	close(l->to[1]);
	close(l->from[0]);
	if (terrace_session_open(NULL, &s) || terrace_buffer_view(s, fd, &b))
		return 1;
	slow = terrace_tier_find(s, "slow");
	data = map(terrace_buffer_fd(b));
	if (data == MAP_FAILED)
		return 2;
	for (i = 0; i < ROUNDS; i++) {
		if (terrace_step_begin(s, TERRACE_STEP_DECODE, 0, 1, 1))
			return 3;
		(void)data[0];
		(void)data[4096];
		(void)data[EXTENT];
		if (tell(l->from[1]) || hear(l->to[0]))
			return 4;
		/* the step of the other took nothing away here */
		faults = tiers_value("slow", "faults");
		(void)data[0];
		(void)data[EXTENT];
		if (tiers_value("slow", "faults") != faults)
			return 5;
		if (terrace_step_end(s, &end) || end.charging != TERRACE_CHARGING_OBSERVED)
			return 6;
		if (end.model_tier_read_bytes[slow] != 2 * EXTENT)
			return 7;
		if (end.model_tier_write_bytes[slow])
			return 8;
	}
	return tell(l->from[1]);
}

/* Steps of this process, each in the middle of one of the client's. */
static void step_beside(struct __test_metadata *_metadata, struct terrace_session *s, int slow,
			struct lockstep *l, volatile char *data, bool store)
{
	struct terrace_step_end end;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, hear(l->from[0]));
		ASSERT_EQ(0, terrace_step_begin(s, TERRACE_STEP_DECODE, 0, 1, 1));
		(void)data[0];
		(void)data[EXTENT];
		(void)data[2 * EXTENT];
		if (store)
			data[2 * EXTENT] = 3;
		ASSERT_EQ(0, terrace_step_end(s, &end));
		EXPECT_EQ(3 * EXTENT, end.model_tier_read_bytes[slow]);
		EXPECT_EQ(store ? EXTENT : 0, end.model_tier_write_bytes[slow]);
		ASSERT_EQ(0, tell(l->to[1]));
	}
	EXPECT_EQ(0, hear(l->from[0]));
}

static pid_t client_start(struct lockstep *l, int fd)
{
	pid_t pid;

	if (pipe(l->to) || pipe(l->from))
		return -1;
	pid = fork();
	if (!pid)
		_exit(client(l, fd));
	close(l->to[0]);
	close(l->from[1]);
	return pid;
}

TEST_F(view, a_client_and_the_creator_are_charged_their_own)
{
	struct lockstep l;
	pid_t pid = client_start(&l, self->fd);

	step_beside(_metadata, self->s, self->slow, &l, terrace_buffer_data(self->b), true);
	EXPECT_EQ(0, exit_code(pid));
}

TEST_F(view, two_clients_are_charged_their_own)
{
	struct terrace_session *s;
	struct terrace_buffer *view;
	struct terrace_ledger ledger;
	struct lockstep l;
	char *data;
	pid_t pid;

	ASSERT_EQ(0, terrace_session_open(NULL, &s));
	ASSERT_EQ(0, terrace_buffer_view(s, self->fd, &view));
	data = map(terrace_buffer_fd(view));
	ASSERT_NE(MAP_FAILED, data);
	pid = client_start(&l, self->fd);
	step_beside(_metadata, s, self->slow, &l, data, false);
	EXPECT_EQ(0, exit_code(pid));

	/* the creator has nothing of it */
	ASSERT_EQ(0, terrace_session_ledger(self->s, &ledger));
	EXPECT_EQ(0, ledger.entry[self->slow][TERRACE_CLASS_WEIGHTS].model_read_bytes);
	munmap(data, BYTES);
	terrace_buffer_free(view);
	terrace_session_close(s);
}

/* A step of the creator's in which @other, when there is one, is read as well. */
static int creator_step(struct terrace_session *s, volatile char *data, const char *other,
			struct terrace_step_end *end)
{
	if (terrace_step_begin(s, TERRACE_STEP_DECODE, 0, 1, 1))
		return -1;
	(void)data[0];
	(void)data[3 * EXTENT];
	data[EXTENT] = 2;
	if (other && wrong(other, 1, 1))
		return -1;
	return terrace_step_end(s, end);
}

TEST_F(view, a_creator_with_views_is_charged_as_without)
{
	volatile char *data = terrace_buffer_data(self->b);
	struct terrace_step_end end[3];
	struct terrace_session *s;
	char *other;
	int view, i;

	ASSERT_EQ(0, terrace_session_open(NULL, &s));
	ASSERT_EQ(0, creator_step(self->s, data, NULL, &end[0]));
	view = view_of(s, self->fd, 0);
	other = map(view);
	ASSERT_NE(MAP_FAILED, other);
	ASSERT_EQ(0, creator_step(self->s, data, other, &end[1]));
	munmap(other, BYTES);
	close(view);
	terrace_session_close(s);
	ASSERT_EQ(0, creator_step(self->s, data, NULL, &end[2]));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(3 * EXTENT, end[i].model_tier_read_bytes[self->slow]);
		EXPECT_EQ(EXTENT, end[i].model_tier_write_bytes[self->slow]);
	}
}

TEST_F(view, reads_uncharged_when_its_session_is_closed)
{
	struct terrace_session *s;
	struct terrace_buffer *view;
	char *data;

	ASSERT_EQ(0, terrace_session_open(NULL, &s));
	ASSERT_EQ(0, terrace_buffer_view(s, self->fd, &view));
	data = map(terrace_buffer_fd(view));
	ASSERT_NE(MAP_FAILED, data);
	ASSERT_EQ(0, terrace_step_begin(s, TERRACE_STEP_DECODE, 0, 1, 1));
	EXPECT_EQ(1, data[0]);
	terrace_session_close(s);
	EXPECT_EQ(0, wrong(data, 1, 1));
	EXPECT_EQ(0, terrace_migrate(self->b, 0, BYTES, self->fast, NULL));
	EXPECT_EQ(0, wrong(data, 1, 1));
	EXPECT_EQ(0, tiers_value("slow", "model_read_bytes"));
	EXPECT_EQ(0, tiers_value("fast", "model_read_bytes"));
	munmap(data, BYTES);
	terrace_buffer_free(view);
}

TEST_F(view, keeps_the_buffer)
{
	struct terrace_session *s;
	struct terrace_buffer *view;
	char *data;

	ASSERT_EQ(0, terrace_session_open(NULL, &s));
	ASSERT_EQ(0, terrace_buffer_view(s, self->fd, &view));
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	self->b = NULL;
	self->s = NULL;
	EXPECT_EQ((long long)BYTES, tiers_value("slow", "used_bytes"));
	data = map(terrace_buffer_fd(view));
	ASSERT_NE(MAP_FAILED, data);
	terrace_buffer_free(view);
	terrace_session_close(s);
	/* a mapping does as well */
	EXPECT_EQ(0, wrong(data, 1, 1));
	EXPECT_EQ((long long)BYTES, tiers_value("slow", "used_bytes"));
	munmap(data, BYTES);
}

/* Make views, map, step and read for ever. */
static void work(int fd)
{
	struct terrace_session *s;
	struct terrace_buffer *view;
	char *data;

	if (terrace_session_open(NULL, &s))
		_exit(1);
	for (;;) {
		if (terrace_buffer_view(s, fd, &view))
			_exit(2);
		data = map(terrace_buffer_fd(view));
		if (data == MAP_FAILED)
			_exit(3);
		terrace_step_begin(s, TERRACE_STEP_DECODE, 0, 1, 1);
		if (wrong(data, 1, 1))
			_exit(4);
		terrace_step_end(s, NULL);
		munmap(data, BYTES);
		terrace_buffer_free(view);
	}
}

TEST_F_TIMEOUT(view, killed_at_any_moment_nothing_is_left, 120)
{
	unsigned int delay_us = 1;
	int i, err;

	for (i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (!pid)
			work(self->fd);
		delay_us = (delay_us * 1103515245 + 12345) & 0x7fffffff;
		usleep(delay_us % 100000);
		err = terrace_migrate(self->b, 0, BYTES, i & 1 ? self->slow : self->fast, NULL);
		/* a fault that is under way may be in the way */
		EXPECT_TRUE(!err || err == -EBUSY);
		kill(pid, SIGKILL);
		EXPECT_EQ(100 + SIGKILL, exit_code(pid));
	}
	EXPECT_EQ(0, wrong(terrace_buffer_data(self->b), 1, 1));
}

TEST_HARNESS_MAIN
