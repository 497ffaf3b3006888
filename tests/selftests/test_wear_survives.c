// SPDX-License-Identifier: LGPL-2.1-or-later
/* Wear is of the device: neither processes, tiers, the module nor a crash make it less. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devices.h"
#include "kselftest_harness.h"
#include "pattern.h"
#include "tiers.h"

#define DEVICE_BYTES	(64 * MIB)
#define CAPACITY	(16 * MIB)
#define LANDING		(4 * MIB)
#define LOSS		(128 * MIB)

FIXTURE(wear) {
	struct loop_device disk;
};

static int up(const struct loop_device *disk)
{
	const struct tiers_config config = {
		.fast_bytes = CAPACITY, .slow_bytes = CAPACITY, .slow_kept = true,
		.fast_classes = ALL_CLASSES, .slow_classes = ALL_CLASSES,
		.slow_device = disk->path, .landing_bytes = LANDING,
	};

	return tiers_up(&config);
}

FIXTURE_SETUP(wear)
{
	ASSERT_EQ(0, loop_up(&self->disk, DEVICE_BYTES));
	ASSERT_EQ(0, tiers_format(self->disk.path));
	ASSERT_EQ(0, up(&self->disk));
}

FIXTURE_TEARDOWN(wear)
{
	tiers_down();
	loop_down(&self->disk);
}

struct wear {
	long long programmed;
	long long average;
	long long most;
	long long uncertain;
};

static struct wear wear_now(void)
{
	return (struct wear) {
		.programmed = tiers_value("slow", "flash_programmed_bytes"),
		.average = tiers_value("slow", "pe_cycles_average_milli"),
		.most = tiers_value("slow", "pe_cycles_max_milli"),
		.uncertain = tiers_value("slow", "flash_uncertain_bytes"),
	};
}

/* Program @bytes, at most the capacity. */
static int program(uint64_t bytes)
{
	struct terrace_buffer_options o = { .class_id = TERRACE_CLASS_KV };
	struct terrace_session *s;
	struct terrace_buffer *b;
	int err;

	err = terrace_session_open(NULL, &s);
	if (err)
		return err;
	o.tier = terrace_tier_find(s, "fast");
	err = terrace_buffer_create(s, bytes, &o, &b);
	if (!err) {
		fill_words(b, 0, bytes, 1);
		err = terrace_migrate(b, 0, bytes, terrace_tier_find(s, "slow"), NULL);
		terrace_buffer_free(b);
	}
	terrace_session_close(s);
	return err;
}

/* Stores to more than the landing pool has frames for, until killed. */
static void wear_down(void)
{
	struct terrace_buffer_options o = { .class_id = TERRACE_CLASS_KV, .strict = true };
	struct terrace_session *s;
	struct terrace_buffer *b;

	if (terrace_session_open(NULL, &s))
		_exit(1);
	o.tier = terrace_tier_find(s, "slow");
	if (terrace_buffer_create(s, CAPACITY, &o, &b))
		_exit(1);
	for (uint64_t salt = 0;; salt++)
		fill_words(b, 0, CAPACITY, salt);
}

TEST_F_TIMEOUT(wear, of_a_process_that_is_killed, 120)
{
	struct wear before, after;
	pid_t child;
	int status;

	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		wear_down();
	do {
		usleep(1000);
		before = wear_now();
	} while (before.programmed < (long long)(8 * MIB) && !waitpid(child, &status, WNOHANG));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(SIGKILL, WTERMSIG(status));
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	after = wear_now();
	EXPECT_GE(after.programmed, before.programmed);
	EXPECT_GE(after.most, before.most);
	before = after;
	tiers_down();
	ASSERT_EQ(0, up(&self->disk));
	after = wear_now();
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

/* A tier's every life adds to it. */
TEST_F_TIMEOUT(wear, of_many_lives, 120)
{
	const long long pages = EXTENT / 4096;
	long long sum = 0;
	struct wear w;
	int life;

	for (life = 0; life < 8; life++) {
		ASSERT_EQ(0, program(CAPACITY));
		sum += CAPACITY;
		tiers_down();
		ASSERT_EQ(0, up(&self->disk));
		w = wear_now();
		EXPECT_EQ(sum, w.programmed);
		EXPECT_EQ(0, w.uncertain);
		/* 31 segments, 8 of them a life, the least worn first */
		EXPECT_EQ(sum / 4096 * 1000 / (31 * pages), w.average);
		EXPECT_EQ((8 * (life + 1) + 30) / 31 * 1000, w.most);
	}
}

/* tests/vm/run wrote down, for bash, which module it loaded. */
static int reload_module(void)
{
	return shell("rmmod terrace && bash -c '. /run/terrace-vm/settings && insmod \"$module\"'");
}

TEST_F_TIMEOUT(wear, of_a_module_that_is_loaded_again, 120)
{
	struct wear before, after;

	ASSERT_EQ(0, program(CAPACITY));
	before = wear_now();
	tiers_down();
	ASSERT_EQ(0, reload_module());
	ASSERT_EQ(0, up(&self->disk));
	after = wear_now();
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	EXPECT_EQ((long long)CAPACITY, after.programmed);
}

/* The device as it is at a moment, taken to another machine. */
TEST_F_TIMEOUT(wear, of_a_host_that_crashed, 120)
{
	struct loop_device copy;
	long long programmed, known = 0;
	struct wear w;
	int round;

	ASSERT_EQ(0, loop_up(&copy, DEVICE_BYTES));
	for (round = 0; round < 10; round++) {
		ASSERT_EQ(0, program(CAPACITY));
		programmed = wear_now().programmed;
		EXPECT_EQ((round + 1) * (long long)CAPACITY, programmed);
		/* the tables, not the data: what is lost then is not read */
		memcpy(copy.content, self->disk.content, 2 * MIB);
		ASSERT_EQ(0, tiers_flash_up("crashed", 2, copy.path, CAPACITY, LANDING));
		w.programmed = tiers_value("crashed", "flash_programmed_bytes");
		w.uncertain = tiers_value("crashed", "flash_uncertain_bytes");
		EXPECT_EQ(0, terrace_tier_offline("crashed"));
		EXPECT_EQ((long long)LOSS, w.uncertain);
		EXPECT_GE(w.programmed, known);
		EXPECT_LE(w.programmed, programmed);
		EXPECT_GE(w.programmed + w.uncertain, programmed);
		known = w.programmed;
	}
	/* there was a checkpoint on the way */
	EXPECT_GT(known, 0);
	loop_down(&copy);
}

TEST_HARNESS_MAIN
