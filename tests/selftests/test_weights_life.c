// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Weights that terraced keeps: whoever ends while they are loaded, and how long they stay.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "weights_client.h"

static bool is_reloaded(void)
{
	return daemon_metric("terraced_reloads_total") >= 1;
}

/* ---- in the middle of a load ---- */

FIXTURE(load) {
	struct hold hold;
	pid_t pid;
};

FIXTURE_SETUP(load)
{
	int err;

	self->pid = -1;
	ASSERT_EQ(0, weights_file_make(CLIENT_PATH, CLIENT_BYTES, CLIENT_SEED));
	err = hold_begin(&self->hold, CLIENT_PATH);
	if (err > 0)
		SKIP(return, "the kernel has no fanotify permission events");
	ASSERT_EQ(0, err);
	self->pid = client_daemon_start(3600);
	ASSERT_GT(self->pid, 0);
}

FIXTURE_TEARDOWN(load)
{
	if (self->pid > 0)
		EXPECT_EQ(0, client_daemon_end(self->pid));
	unlink(CLIENT_PATH);
}

/* A client whose load has begun, and is stopped. */
static pid_t client_held(struct hold *hold, int *loader)
{
	pid_t pid = client_start(CLIENT_PATH, CLIENT_SEED, hold);

	*loader = hold_wait(hold);
	return pid;
}

TEST_F_TIMEOUT(load, two_at_once_load_once, 120)
{
	pid_t first, second;
	int loader;

	first = client_held(&self->hold, &loader);
	EXPECT_LT(0, loader);
	EXPECT_NE(first, loader);
	EXPECT_NE(self->pid, loader);
	second = client_start(CLIENT_PATH, CLIENT_SEED, &self->hold);
	usleep(1000000);
	/* neither has it, and the daemon answers meanwhile */
	EXPECT_EQ(0, client_metric("kept_files"));
	EXPECT_EQ(0, client_metric("clients"));
	EXPECT_EQ(0, waitpid(first, NULL, WNOHANG));
	EXPECT_EQ(0, waitpid(second, NULL, WNOHANG));
	hold_end(&self->hold);
	EXPECT_EQ(0, client_end(first));
	EXPECT_EQ(0, client_end(second));
	EXPECT_EQ(1, client_metric("loads_total"));
	EXPECT_EQ(1, client_metric("shared_total"));
	EXPECT_EQ(CLIENT_HELD, client_used_bytes());
}

TEST_F_TIMEOUT(load, a_client_killed_meanwhile_leaves_it_to_the_next, 120)
{
	pid_t pid;
	int loader;

	pid = client_held(&self->hold, &loader);
	kill(pid, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, client_end(pid));
	pid = client_start(CLIENT_PATH, CLIENT_SEED, &self->hold);
	hold_end(&self->hold);
	EXPECT_EQ(0, client_end(pid));
	EXPECT_EQ(1, client_metric("loads_total"));
	EXPECT_EQ(0, client_metric("failures_total"));
	EXPECT_EQ(CLIENT_HELD, client_used_bytes());
}

TEST_F_TIMEOUT(load, the_loader_killed_the_client_loads_alone, 120)
{
	pid_t pid;
	int loader;

	pid = client_held(&self->hold, &loader);
	kill(loader, SIGKILL);
	hold_end(&self->hold);
	EXPECT_EQ(CLIENT_ALONE, client_end(pid));
	EXPECT_EQ(0, client_metric("loads_total"));
	EXPECT_EQ(1, client_metric("failures_total"));
	EXPECT_EQ(0, client_used_bytes());
	EXPECT_EQ(0, client_end(client_start(CLIENT_PATH, CLIENT_SEED, NULL)));
	EXPECT_EQ(1, client_metric("loads_total"));
}

TEST_F_TIMEOUT(load, the_daemon_killed_the_client_loads_alone, 120)
{
	pid_t pid;
	int loader, status;

	pid = client_held(&self->hold, &loader);
	kill(self->pid, SIGKILL);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	hold_end(&self->hold);
	EXPECT_EQ(CLIENT_ALONE, client_end(pid));
	EXPECT_EQ(0, client_used_bytes());
	self->pid = daemon_start();
	ASSERT_TRUE(wait_for(daemon_answers));
	EXPECT_EQ(0, client_end(client_start(CLIENT_PATH, CLIENT_SEED, NULL)));
	EXPECT_EQ(1, client_metric("loads_total"));
}

TEST_F_TIMEOUT(load, the_file_changed_meanwhile_the_client_loads_alone, 120)
{
	pid_t pid;
	int loader;

	pid = client_start(CLIENT_PATH, CLIENT_SEED + 5, &self->hold);
	loader = hold_wait(&self->hold);
	EXPECT_LT(0, loader);
	ASSERT_EQ(0, weights_file_make(CLIENT_PATH, CLIENT_BYTES, CLIENT_SEED + 5));
	hold_end(&self->hold);
	EXPECT_EQ(CLIENT_ALONE, client_end(pid));
	EXPECT_EQ(0, client_metric("loads_total"));
	EXPECT_EQ(1, client_metric("failures_total"));
	EXPECT_TRUE(wait_for(client_nothing_kept));
}

/* What a user tries with the process that loads for it: 0 when nothing of it works. */
static int attack(pid_t loader)
{
	char path[64];

	if (!kill(loader, SIGSTOP) || errno != EPERM)
		return 1;
	if (!ptrace(PTRACE_SEIZE, loader, NULL, NULL) || errno != EPERM)
		return 2;
	snprintf(path, sizeof(path), "/proc/%d/mem", loader);
	return open(path, O_RDWR) >= 0 || errno != EACCES ? 3 : 0;
}

TEST_F_TIMEOUT(load, its_user_cannot_touch_the_loader, 120)
{
	struct terrace_session *s;
	struct stat st;
	char path[64];
	pid_t user, attacker;
	int loader;

	ASSERT_EQ(0, chmod("/dev/terrace", 0666));
	user = fork();
	if (!user) {
		close(self->hold.group);
		client_be_nobody();
		if (terrace_session_open(NULL, &s))
			_exit(99);
		_exit(client_use(s, open(CLIENT_PATH, O_RDONLY), CLIENT_SEED));
	}
	loader = hold_wait(&self->hold);
	ASSERT_LT(0, loader);
	EXPECT_NE(user, loader);
	attacker = fork();
	if (!attacker) {
		client_be_nobody();
		_exit(attack(loader));
	}
	EXPECT_EQ(0, client_end(attacker));
	/* whose files in /proc are root's, for it cannot be traced */
	snprintf(path, sizeof(path), "/proc/%d/stat", loader);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(0, st.st_uid);
	hold_end(&self->hold);
	EXPECT_EQ(0, client_end(user));
	EXPECT_EQ(1, client_metric("loads_total"));
	chmod("/dev/terrace", 0660);
}

TEST_F_TIMEOUT(load, nobody_loads_for_a_client_that_is_gone, 120)
{
	int loader;
	pid_t pid;

	ASSERT_EQ(0, client_daemon_configure(0));
	ASSERT_EQ(0, kill(self->pid, SIGHUP));
	EXPECT_TRUE(wait_for(is_reloaded));
	pid = client_held(&self->hold, &loader);
	EXPECT_EQ(CLIENT_HELD, client_used_bytes());
	kill(pid, SIGKILL);
	EXPECT_EQ(1000 + SIGKILL, client_end(pid));
	EXPECT_TRUE(wait_for(client_nothing_kept));
	hold_end(&self->hold);
	EXPECT_EQ(0, client_metric("loads_total"));
	EXPECT_EQ(0, client_metric("failures_total"));
}

/* ---- how long it stays ---- */

FIXTURE(life) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	struct terrace_buffer *c;
	pid_t pid;
};

FIXTURE_SETUP(life)
{
	self->b = NULL;
	self->c = NULL;
	self->s = NULL;
	ASSERT_EQ(0, client_files_make());
	self->pid = client_daemon_start(3600);
	ASSERT_GT(self->pid, 0);
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
}

FIXTURE_TEARDOWN(life)
{
	terrace_buffer_free(self->b);
	terrace_buffer_free(self->c);
	terrace_session_close(self->s);
	EXPECT_EQ(0, client_daemon_end(self->pid));
	EXPECT_NE(0, access(CLIENT_SOCKET, F_OK));
	rmdir(CLIENT_QUOTAS "0");
	client_files_remove();
}

TEST_F_TIMEOUT(life, kept_for_no_time, 120)
{
	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->b));
	terrace_buffer_free(self->b);
	self->b = NULL;
	EXPECT_TRUE(wait_for(client_none));
	EXPECT_EQ(1, client_metric("kept_files"));
	ASSERT_EQ(0, client_daemon_configure(0));
	ASSERT_EQ(0, kill(self->pid, SIGHUP));
	EXPECT_TRUE(wait_for(is_reloaded));
	EXPECT_TRUE(wait_for(client_nothing_kept));
	/* from now on with the last user */
	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->b));
	EXPECT_EQ(0, client_end(client_start(CLIENT_PATH, CLIENT_SEED, NULL)));
	EXPECT_EQ(2, client_metric("loads_total"));
	EXPECT_EQ(1, client_metric("kept_files"));
	terrace_buffer_free(self->b);
	self->b = NULL;
	EXPECT_TRUE(wait_for(client_nothing_kept));
	EXPECT_EQ(0, client_metric("evictions_total"));
}

TEST_F_TIMEOUT(life, kept_for_a_second, 120)
{
	ASSERT_EQ(0, client_daemon_configure(1));
	ASSERT_EQ(0, kill(self->pid, SIGHUP));
	EXPECT_TRUE(wait_for(is_reloaded));
	EXPECT_EQ(0, client_end(client_start(CLIENT_PATH, CLIENT_SEED, NULL)));
	EXPECT_TRUE(wait_for(client_nothing_kept));
	EXPECT_EQ(1, client_metric("loads_total"));
}

static bool one_kept(void)
{
	return client_metric("kept_files") == 1;
}

TEST_F_TIMEOUT(life, a_file_that_changed_is_loaded_anew, 120)
{
	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->b));
	ASSERT_EQ(0, weights_file_make(CLIENT_PATH, CLIENT_BYTES, CLIENT_SEED + 5));
	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->c));
	EXPECT_EQ(2, client_metric("loads_total"));
	EXPECT_EQ(0, weights_file_wrong(self->b, 0, CLIENT_BYTES, CLIENT_SEED));
	EXPECT_EQ(0, weights_file_wrong(self->c, 0, CLIENT_BYTES, CLIENT_SEED + 5));
	EXPECT_EQ(2 * CLIENT_HELD, client_used_bytes());
	/* nobody will ask for the old one any more */
	terrace_buffer_free(self->b);
	self->b = NULL;
	EXPECT_TRUE(wait_for(one_kept));
	EXPECT_EQ(CLIENT_HELD, client_used_bytes());
	/* an old one without users goes when it is found out */
	terrace_buffer_free(self->c);
	self->c = NULL;
	EXPECT_TRUE(wait_for(client_none));
	ASSERT_EQ(0, weights_file_make(CLIENT_PATH, CLIENT_BYTES, CLIENT_SEED + 6));
	EXPECT_EQ(CLIENT_HELD, client_used_bytes());
	EXPECT_EQ(0, client_end(client_start(CLIENT_PATH, CLIENT_SEED + 6, NULL)));
	EXPECT_EQ(CLIENT_HELD, client_used_bytes());
	EXPECT_EQ(3, client_metric("loads_total"));
}

static int open_on_fast(struct terrace_session *s, const char *path, struct terrace_buffer **b)
{
	const struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS, .extent_bytes = CLIENT_EXTENT,
		.tier = terrace_tier_find(s, "fast"), .strict = true,
	};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = terrace_weights_open(s, fd, 0, CLIENT_BYTES, &o, b);

	close(fd);
	return err ? err : !terrace_buffer_shared(*b);
}

TEST_F_TIMEOUT(life, the_least_recently_used_makes_room, 120)
{
	/* two fit */
	ASSERT_EQ(0, open_on_fast(self->s, CLIENT_PATH, &self->b));
	terrace_buffer_free(self->b);
	ASSERT_EQ(0, open_on_fast(self->s, CLIENT_OTHER, &self->b));
	terrace_buffer_free(self->b);
	EXPECT_EQ(2 * CLIENT_HELD, tiers_value("fast", "used_bytes"));
	ASSERT_EQ(0, open_on_fast(self->s, CLIENT_PATH, &self->b));
	EXPECT_TRUE(wait_for(client_one));
	EXPECT_EQ(2, client_metric("loads_total"));
	ASSERT_EQ(0, open_on_fast(self->s, CLIENT_THIRD, &self->c));
	EXPECT_EQ(0, weights_file_wrong(self->c, 0, CLIENT_BYTES, CLIENT_SEED + 2));
	EXPECT_EQ(0, weights_file_wrong(self->b, 0, CLIENT_BYTES, CLIENT_SEED));
	EXPECT_EQ(1, client_metric("evictions_total"));
	EXPECT_EQ(3, client_metric("loads_total"));
	EXPECT_EQ(2 * CLIENT_HELD, tiers_value("fast", "used_bytes"));
	/* what is in use does not go */
	EXPECT_EQ(-ENOSPC, open_on_fast(self->s, CLIENT_OTHER, &self->b));
	EXPECT_EQ(1, client_metric("evictions_total"));
	EXPECT_EQ(1, client_metric("failures_total"));
}

TEST_F_TIMEOUT(life, what_nobody_uses_does_not_use_a_quota_up, 120)
{
	ASSERT_EQ(0, client_quota("0", "524288"));
	EXPECT_EQ(0, client_end(client_start(CLIENT_PATH, CLIENT_SEED, NULL)));
	EXPECT_TRUE(wait_for(client_none));
	EXPECT_EQ(0, client_end(client_start(CLIENT_OTHER, CLIENT_SEED + 1, NULL)));
	EXPECT_EQ(1, client_metric("evictions_total"));
	EXPECT_EQ(CLIENT_HELD, client_used_bytes());
}

static bool none_used(void)
{
	return !client_used_bytes();
}

TEST_F_TIMEOUT(life, what_is_mapped_outlives_the_daemon, 120)
{
	int status;

	ASSERT_EQ(0, client_open(self->s, CLIENT_PATH, &self->b));
	ASSERT_EQ(0, client_open(self->s, CLIENT_OTHER, &self->c));
	terrace_buffer_free(self->c);
	self->c = NULL;
	kill(self->pid, SIGTERM);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(CLIENT_HELD, client_used_bytes());
	EXPECT_EQ(0, weights_file_wrong(self->b, 0, CLIENT_BYTES, CLIENT_SEED));
	terrace_buffer_free(self->b);
	self->b = NULL;
	EXPECT_TRUE(wait_for(none_used));
	self->pid = daemon_start();
	ASSERT_TRUE(wait_for(daemon_answers));
}

TEST_HARNESS_MAIN
