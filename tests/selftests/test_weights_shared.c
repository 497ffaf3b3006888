// SPDX-License-Identifier: LGPL-2.1-or-later
/* Weights that terraced keeps: loaded once for all who may read the file, and for nobody else. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "stuck_fs.h"
#include "weights_client.h"

FIXTURE(shared) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	struct terrace_buffer *c;
	pid_t pid;
};

FIXTURE_SETUP(shared)
{
	self->b = NULL;
	self->c = NULL;
	self->s = NULL;
	ASSERT_EQ(0, client_files_make());
	self->pid = client_daemon_start(3600);
	ASSERT_GT(self->pid, 0);
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
}

FIXTURE_TEARDOWN(shared)
{
	terrace_buffer_free(self->b);
	terrace_buffer_free(self->c);
	terrace_session_close(self->s);
	EXPECT_EQ(0, client_daemon_end(self->pid));
	EXPECT_NE(0, access(CLIENT_SOCKET, F_OK));
	chmod("/dev/terrace", 0660);
	rmdir(CLIENT_QUOTAS "65534");
	client_files_remove();
}

TEST_F_TIMEOUT(shared, two_users_one_buffer, 120)
{
	struct terrace_buffer_info info;

	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->b));
	EXPECT_EQ(CLIENT_HELD, client_used_bytes());
	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->c));
	EXPECT_EQ(CLIENT_HELD, client_used_bytes());
	EXPECT_EQ(terrace_buffer_id(self->b), terrace_buffer_id(self->c));
	EXPECT_EQ(0, client_end(client_start(CLIENT_PATH, CLIENT_SEED, NULL)));
	EXPECT_EQ(0, weights_file_wrong(self->b, 0, CLIENT_BYTES, CLIENT_SEED));
	EXPECT_EQ(0, weights_file_wrong(self->c, 0, CLIENT_BYTES, CLIENT_SEED));
	ASSERT_EQ(0, terrace_buffer_info(self->b, &info));
	EXPECT_EQ(CLIENT_HELD, info.bytes);
	EXPECT_EQ(CLIENT_HELD, info.resident_bytes);
	EXPECT_EQ(CLIENT_HELD, info.sealed_bytes);
	EXPECT_STREQ("weights of a model.bin", info.name);
	EXPECT_EQ(1, client_metric("loads_total"));
	EXPECT_EQ(2, client_metric("shared_total"));
	EXPECT_EQ(1, client_metric("kept_files"));
	EXPECT_EQ(CLIENT_HELD, client_metric("kept_bytes"));
	EXPECT_EQ(0, client_metric("failures_total"));
	terrace_buffer_free(self->c);
	self->c = NULL;
	EXPECT_TRUE(wait_for(client_one));
}

TEST_F_TIMEOUT(shared, other_ranges_and_sizes_are_others, 120)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS, .extent_bytes = CLIENT_EXTENT,
		.tier = TERRACE_TIER_ANY,
	};
	int fd = open(CLIENT_PATH, O_RDONLY | O_CLOEXEC);

	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->b));
	ASSERT_EQ(0, terrace_weights_open(self->s, fd, 4097, CLIENT_EXTENT, &o, &self->c));
	EXPECT_TRUE(terrace_buffer_shared(self->c));
	EXPECT_EQ(0, weights_file_wrong(self->c, 4097, CLIENT_EXTENT, CLIENT_SEED));
	EXPECT_EQ(2, client_metric("loads_total"));
	terrace_buffer_free(self->c);
	self->c = NULL;
	o.extent_bytes = 4096;
	ASSERT_EQ(0, terrace_weights_open(self->s, fd, 4097, CLIENT_EXTENT, &o, &self->c));
	EXPECT_EQ(4096, terrace_buffer_extent_bytes(self->c));
	EXPECT_EQ(0, weights_file_wrong(self->c, 4097, CLIENT_EXTENT, CLIENT_SEED));
	EXPECT_EQ(3, client_metric("loads_total"));
	terrace_buffer_free(self->c);
	self->c = NULL;
	/* where it has to be on one tier, what is on another one does not do */
	o.tier = terrace_tier_find(self->s, "slow");
	o.strict = true;
	o.unmapped = true;
	ASSERT_EQ(0, terrace_weights_open(self->s, fd, 4097, CLIENT_EXTENT, &o, &self->c));
	EXPECT_TRUE(terrace_buffer_shared(self->c));
	EXPECT_EQ(NULL, terrace_buffer_data(self->c));
	EXPECT_EQ(4, client_metric("loads_total"));
	EXPECT_EQ(CLIENT_EXTENT, tiers_value("slow", "used_bytes"));
	close(fd);
}

TEST_F_TIMEOUT(shared, a_client_changes_nothing, 120)
{
	int slow = terrace_tier_find(self->s, "slow");

	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->b));
	EXPECT_EQ(-1, mprotect(terrace_buffer_data(self->b), 4096, PROT_READ | PROT_WRITE));
	EXPECT_EQ(-1, pwrite(terrace_buffer_fd(self->b), "x", 1, 0));
	EXPECT_EQ(-EBADF, terrace_discard(self->b, 0, CLIENT_HELD));
	EXPECT_EQ(-EBADF, terrace_migrate(self->b, 0, CLIENT_HELD, slow, NULL));
	EXPECT_EQ(0, weights_file_wrong(self->b, 0, CLIENT_BYTES, CLIENT_SEED));
}

TEST_F_TIMEOUT(shared, a_client_is_charged_for_what_it_reads, 120)
{
	struct terrace_step_end end;
	uint64_t bytes = 0;

	/* another one has had it loaded */
	ASSERT_EQ(0, client_end(client_start(CLIENT_PATH, CLIENT_SEED, NULL)));
	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->b));
	EXPECT_EQ(1, client_metric("loads_total"));
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_DECODE, 0, 1, 1));
	EXPECT_EQ(0, weights_file_wrong(self->b, 0, CLIENT_BYTES, CLIENT_SEED));
	ASSERT_EQ(0, terrace_step_end(self->s, &end));
	for (int i = 0; i < TERRACE_TIERS_MAX; i++)
		bytes += end.model_tier_read_bytes[i];
	EXPECT_EQ(CLIENT_HELD, bytes);
}

TEST_F_TIMEOUT(shared, a_client_started_again_loads_nothing, 120)
{
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, client_end(client_start(CLIENT_PATH, CLIENT_SEED, NULL)));
	EXPECT_TRUE(wait_for(client_none));
	EXPECT_EQ(1, client_metric("loads_total"));
	EXPECT_EQ(2, client_metric("shared_total"));
	EXPECT_EQ(CLIENT_HELD, client_used_bytes());
}

/* ---- who may ---- */

/* A process without rights that has a session, and waits to be told to use the weights. */
struct nobody {
	pid_t pid;
	int ready[2];
	int told[2];
};

static void nobody_run(const struct nobody *n, bool opened_before)
{
	struct terrace_session *s;
	int fd = -1;
	char go = 'x';

	client_be_nobody();
	if (terrace_session_open(NULL, &s))
		_exit(99);
	if (opened_before)
		fd = open(CLIENT_PATH, O_RDONLY);
	if (write(n->ready[1], &go, 1) != 1 || read(n->told[0], &go, 1) != 1)
		_exit(97);
	if (!opened_before)
		fd = open(CLIENT_PATH, O_RDONLY);
	_exit(fd < 0 ? errno : client_use(s, fd, CLIENT_SEED));
}

/* Start it, and wait until it is ready; 0 or -1. */
static int nobody_start(struct nobody *n, bool opened_before)
{
	char ready;

	if (pipe(n->ready) || pipe(n->told))
		return -1;
	n->pid = fork();
	if (!n->pid)
		nobody_run(n, opened_before);
	close(n->ready[1]);
	return read(n->ready[0], &ready, 1) == 1 ? 0 : -1;
}

/* Tell it; how it ends. */
static int nobody_end(struct nobody *n)
{
	if (write(n->told[1], "x", 1) != 1)
		return -1;
	close(n->ready[0]);
	close(n->told[0]);
	close(n->told[1]);
	return client_end(n->pid);
}

TEST_F_TIMEOUT(shared, who_may_read_the_file_may_share, 120)
{
	struct nobody n;

	ASSERT_EQ(0, chmod("/dev/terrace", 0666));
	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->b));
	ASSERT_EQ(0, nobody_start(&n, false));
	EXPECT_EQ(0, nobody_end(&n));
	EXPECT_EQ(1, client_metric("loads_total"));
	/* what it opened when it might stays open; a change of mode is one of the file, though */
	ASSERT_EQ(0, nobody_start(&n, true));
	ASSERT_EQ(0, chmod(CLIENT_PATH, 0600));
	EXPECT_EQ(0, nobody_end(&n));
	EXPECT_EQ(2, client_metric("loads_total"));
	ASSERT_EQ(0, nobody_start(&n, false));
	EXPECT_EQ(EACCES, nobody_end(&n));
	EXPECT_EQ(2, client_metric("loads_total"));
}

TEST_F_TIMEOUT(shared, the_first_one_is_charged, 120)
{
	struct terrace_buffer_info info;
	struct nobody n;

	ASSERT_EQ(0, chmod("/dev/terrace", 0666));
	ASSERT_EQ(0, client_quota("65534", "131072"));
	ASSERT_EQ(0, nobody_start(&n, false));
	EXPECT_EQ(EDQUOT, nobody_end(&n));
	EXPECT_EQ(0, client_metric("loads_total"));
	EXPECT_EQ(0, client_used_bytes());
	ASSERT_EQ(0, rmdir(CLIENT_QUOTAS "65534"));
	ASSERT_EQ(0, nobody_start(&n, false));
	EXPECT_EQ(0, nobody_end(&n));
	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->b));
	ASSERT_EQ(0, terrace_buffer_info(self->b, &info));
	EXPECT_EQ(CLIENT_NOBODY, info.uid);
	EXPECT_EQ(1, client_metric("loads_total"));
}

TEST_F_TIMEOUT(shared, the_right_to_the_device_is_needed, 120)
{
	struct nobody n;

	ASSERT_EQ(0, chmod("/dev/terrace", 0666));
	ASSERT_EQ(0, nobody_start(&n, true));
	ASSERT_EQ(0, chmod("/dev/terrace", 0660));
	/* with the session that it has it loads alone */
	EXPECT_EQ(CLIENT_ALONE, nobody_end(&n));
	EXPECT_EQ(0, client_metric("loads_total"));
	EXPECT_EQ(1, client_metric("failures_total"));
}

/* ---- a file system that hangs ---- */

/* A process that the file system answers; it gives terraced up after some seconds. */
static pid_t stuck_start(const struct stuck_fs *f)
{
	const struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS, .extent_bytes = CLIENT_EXTENT,
		.tier = TERRACE_TIER_ANY,
	};
	struct terrace_session *s;
	struct terrace_buffer *b;
	pid_t pid = fork();
	int err;

	if (pid)
		return pid;
	f->state->served = getpid();
	if (terrace_session_open(NULL, &s))
		_exit(99);
	err = terrace_weights_open(s, open(STUCK_FILE, O_RDONLY), 0, STUCK_BYTES, &o, &b);
	if (!err)
		printf("# %s\n", terrace_error());
	_exit(err ? -err : terrace_buffer_shared(b) ? 0 : CLIENT_ALONE);
}

static struct stuck_state *stuck;

static bool is_stuck(void)
{
	return stuck->ignored > 0;
}

TEST_F_TIMEOUT(shared, a_file_system_that_hangs_stops_nobody_else, 120)
{
	struct stuck_fs f;
	pid_t pid;
	int err = stuck_fs_mount(&f);

	if (err > 0)
		SKIP(return, "the kernel has no FUSE");
	ASSERT_EQ(0, err);
	stuck = f.state;
	pid = stuck_start(&f);
	/* while that one waits for terraced, and its child for the file system */
	EXPECT_TRUE(wait_for(is_stuck));
	EXPECT_EQ(0, client_open(self->s, CLIENT_PATH, &self->b));
	EXPECT_EQ(1, client_metric("loads_total"));
	EXPECT_EQ(CLIENT_ALONE, client_end(pid));
	/* the child cannot even end now */
	EXPECT_EQ(0, client_open(self->s, CLIENT_PATH, &self->c));
	stuck_fs_unmount(&f);
}

TEST_HARNESS_MAIN
