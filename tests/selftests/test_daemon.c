// SPDX-License-Identifier: LGPL-2.1-or-later
/* terraced: brings tiers up, promotes what is hot, serves metrics, survives SIGKILL, reloads. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "daemon.h"
#include "tiers.h"

#define TIERS	DAEMON_DIR "/test-tiers.ini"

static const char tier_file[] =
	"[device]\nscale = 1\n"
	"[tier fast]\nprofile = hbm4\nbacking = mem:0\nrank = 0\n"
	"classes = weights kv context activation\ncapacity_bytes = 33554432\n"
	"[tier slow]\nprofile = ddr5\nbacking = mem:1\nrank = 1\n"
	"classes = weights kv context activation\ncapacity_bytes = 268435456\n";

static int write_config(const char *policy)
{
	char text[256];

	snprintf(text, sizeof(text), "[daemon]\ntiers = %s\npolicy = %s\ninterval_ms = 50\n", TIERS,
		 policy);
	return write_text(DAEMON_CONFIG, text);
}

FIXTURE(daemon) {
	pid_t pid;
};

FIXTURE_SETUP(daemon)
{
	mkdir(DAEMON_DIR, 0755);
	ASSERT_EQ(0, write_text(TIERS, tier_file));
	ASSERT_EQ(0, write_config("lru"));
	self->pid = daemon_start();
	ASSERT_GT(self->pid, 0);
	ASSERT_TRUE(wait_for(daemon_answers));
}

FIXTURE_TEARDOWN(daemon)
{
	int status;

	kill(self->pid, SIGTERM);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_EQ(0, status);
	tiers_down();
}

/* A session with a buffer on the slow tier whose first half is used at every step. */
struct client {
	struct terrace_session *s;
	struct terrace_buffer *b;
	int fast;
	uint32_t hot;
};

static int client_open(struct client *c)
{
	const struct terrace_options options = { .ring_entries = 64 };
	struct terrace_buffer_options bo = { .class_id = TERRACE_CLASS_KV };
	int err = terrace_session_open(&options, &c->s);

	if (err)
		return err;
	c->fast = terrace_tier_find(c->s, "fast");
	bo.tier = terrace_tier_find(c->s, "slow");
	c->hot = 8;
	err = terrace_buffer_create(c->s, 16 * EXTENT, &bo, &c->b);
	if (!err)
		memset(terrace_buffer_data(c->b), 0x33, 16 * EXTENT);
	return err;
}

static void client_close(struct client *c)
{
	terrace_buffer_free(c->b);
	terrace_session_close(c->s);
}

static int client_step(struct client *c)
{
	int err = terrace_step_begin(c->s, TERRACE_STEP_DECODE, 0, 1, 1);

	if (!err)
		err = terrace_record(c->s, terrace_buffer_id(c->b), TERRACE_ACCESS_READ, 0,
				     c->hot * EXTENT);
	return err ? err : terrace_step_end(c->s, NULL);
}

/* Extents of the hot half on the fast tier. */
static uint32_t client_promoted(struct client *c)
{
	struct terrace_extent_info info[16];
	uint32_t i, n = 0;

	if (terrace_query(c->b, 0, 16 * EXTENT, info))
		return 0;
	for (i = 0; i < c->hot; i++)
		n += info[i].tier == c->fast;
	return n;
}

static uint32_t client_run(struct client *c, uint32_t promoted)
{
	int ms;

	for (ms = 0; ms < DAEMON_WAIT_MS && client_promoted(c) < promoted; ms += 20) {
		if (client_step(c))
			break;
		usleep(20000);
	}
	return client_promoted(c);
}

TEST_F_TIMEOUT(daemon, lru_promotes_what_is_used, 120)
{
	struct client c = { 0 };
	uint64_t i, wrong = 0;
	const char *data;

	ASSERT_EQ(0, client_open(&c));
	EXPECT_EQ(8, client_run(&c, 8));
	data = terrace_buffer_data(c.b);
	for (i = 0; i < 16 * EXTENT; i += 64)
		wrong += data[i] != 0x33;
	EXPECT_EQ(0, wrong);
	EXPECT_GE(tiers_value("fast", "migrations_in"), 8);
	client_close(&c);
}

TEST_F_TIMEOUT(daemon, killed_and_restarted_it_goes_on, 120)
{
	struct client c = { 0 };
	int status, i;

	ASSERT_EQ(0, client_open(&c));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, client_step(&c));
		usleep(30000 * i);
		kill(self->pid, SIGKILL);
		ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
		EXPECT_EQ(16 * (long long)EXTENT,
			  tiers_value("fast", "used_bytes") + tiers_value("slow", "used_bytes"));
		self->pid = daemon_start();
		ASSERT_TRUE(wait_for(daemon_answers));
	}
	EXPECT_EQ(8, client_run(&c, 8));
	client_close(&c);
}

static bool is_static(void)
{
	return strstr(daemon_metrics(), "policy=\"static\"");
}

TEST_F_TIMEOUT(daemon, reloads_its_policy, 60)
{
	struct client c = { 0 };
	long long moved;
	int i;

	ASSERT_EQ(0, write_config("static"));
	ASSERT_EQ(0, kill(self->pid, SIGHUP));
	EXPECT_TRUE(wait_for(is_static));
	ASSERT_EQ(0, client_open(&c));
	moved = tiers_value("fast", "migrations_in");
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, client_step(&c));
		usleep(20000);
	}
	EXPECT_EQ(moved, tiers_value("fast", "migrations_in"));
	client_close(&c);

	/* a configuration that is wrong changes nothing */
	ASSERT_EQ(0, write_config("fifo"));
	ASSERT_EQ(0, kill(self->pid, SIGHUP));
	usleep(300000);
	EXPECT_TRUE(daemon_answers());
	EXPECT_TRUE(is_static());
}

/* What the daemon is asked to measure: kept out of line, and not folded away. */
__attribute__((noinline, noclone)) void daemon_probed(void)
{
	__asm__ volatile("");
}

static bool probe_counted(void)
{
	return daemon_metric("terrace_call_seconds_count") == 100;
}

TEST_F_TIMEOUT(daemon, measures_a_function_by_uprobe, 60)
{
	char self_path[256] = "", text[600];
	int status, i;

	ASSERT_GT(readlink("/proc/self/exe", self_path, sizeof(self_path) - 1), 0);
	kill(self->pid, SIGTERM);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	snprintf(text, sizeof(text), "[daemon]\nobserve_uprobe = %s:daemon_probed\n", self_path);
	ASSERT_EQ(0, write_text(DAEMON_CONFIG, text));
	self->pid = daemon_start();
	ASSERT_TRUE(wait_for(daemon_answers));
	for (i = 0; i < 100; i++)
		daemon_probed();
	EXPECT_TRUE(wait_for(probe_counted));
}

TEST_F(daemon, a_second_one_is_refused)
{
	pid_t second = daemon_start();
	int status;

	ASSERT_GT(second, 0);
	ASSERT_EQ(second, waitpid(second, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_NE(0, WEXITSTATUS(status));
	EXPECT_NE(127, WEXITSTATUS(status));
	EXPECT_TRUE(daemon_answers());
}

TEST_F(daemon, the_socket_belongs_to_root)
{
	struct stat st;

	ASSERT_EQ(0, stat(DAEMON_SOCKET, &st));
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0660, st.st_mode & 0777);
}

/* Lost after twice so many seconds. */
#define RETENTION	"12"
#define FLASH		"/dev/nvme0n1"

/* Its directory is there a moment before it is online. */
static bool flash_is_up(void)
{
	struct terrace_session *s;
	bool up;

	if (terrace_session_open(NULL, &s))
		return false;
	up = terrace_tier_find(s, "flash") >= 0;
	terrace_session_close(s);
	return up;
}

static int flash_up(pid_t daemon)
{
	static const char flash[] =
		"[tier flash]\nprofile = nvme-tlc\nbacking = blk:" FLASH "\nrank = 2\n"
		"classes = context\ncapacity_bytes = 67108864\nlanding_bytes = 8388608\n"
		"retention_s = " RETENTION "\n";
	char text[sizeof(tier_file) + sizeof(flash)];

	if (tiers_format(FLASH))
		return -1;
	snprintf(text, sizeof(text), "%s%s", tier_file, flash);
	/* nothing is to be moved up instead */
	if (write_text(TIERS, text) || write_config("static") || kill(daemon, SIGHUP))
		return -1;
	return wait_for(flash_is_up) ? 0 : -1;
}

static uint64_t clock_s(struct terrace_session *s)
{
	struct terrace_info info = { 0 };

	return terrace_session_info(s, &info) ? 0 : info.clock_ns / 1000000000;
}

TEST_F_TIMEOUT(daemon, refreshes_what_is_on_flash, 240)
{
	struct terrace_buffer_options o = { .class_id = TERRACE_CLASS_CONTEXT, .strict = true };
	struct terrace_session *s;
	struct terrace_buffer *b;
	uint64_t end, wrong = 0;

	ASSERT_EQ(0, flash_up(self->pid));
	ASSERT_EQ(0, terrace_session_open(NULL, &s));
	o.tier = terrace_tier_find(s, "flash");
	ASSERT_EQ(0, terrace_buffer_create(s, 16 * EXTENT, &o, &b));
	memset(terrace_buffer_data(b), 0x5a, 16 * EXTENT);
	ASSERT_EQ(0, terrace_seal(b, 0, 16 * EXTENT));
	/* long after everything would have been lost */
	for (end = clock_s(s) + 40; clock_s(s) < end; usleep(500000))
		;
	EXPECT_GE(tiers_value("flash", "refreshed_bytes"), (long long)(16 * EXTENT));
	EXPECT_GT(daemon_metric("terraced_refreshed_bytes_total"), 0);
	EXPECT_EQ(0, daemon_metric("terraced_refresh_lost_bytes_total"));
	for (size_t i = 0; i < 16 * EXTENT; i += 4096)
		wrong += ((char *)terrace_buffer_data(b))[i] != 0x5a;
	EXPECT_EQ(0, wrong);
	terrace_buffer_free(b);
	terrace_session_close(s);
	EXPECT_EQ(0, terrace_tier_offline("flash"));
}

TEST_HARNESS_MAIN
