// SPDX-License-Identifier: LGPL-2.1-or-later
/* A flash tier whose NVMe device is taken out of the machine, under load and with content. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus.h"
#include "devices.h"
#include "kselftest_harness.h"
#include "pattern.h"
#include "tiers.h"

#define DEVICE		"/dev/nvme0n1"
#define FUNCTION	"/sys/class/nvme/nvme0/device"
#define LANDING		(8 * MIB)
#define BYTES		(4 * LANDING)
#define EXTENTS		(BYTES / EXTENT)
#define LOSS		(128 * MIB)

FIXTURE(unplug) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	int fast;
	int slow;
};

static int up(bool kept)
{
	const struct tiers_config config = {
		.fast_bytes = 64 * MIB, .slow_bytes = 64 * MIB, .slow_kept = kept,
		.fast_classes = ALL_CLASSES, .slow_classes = ALL_CLASSES,
		.slow_device = DEVICE, .landing_bytes = LANDING,
	};

	return tiers_up(&config);
}

static int unplug(void)
{
	return shell("echo 1 >" FUNCTION "/remove");
}

/* The driver takes its time. */
static int plug_in(void)
{
	int tries, fd = -1;

	shell("echo 1 >/sys/bus/pci/rescan");
	for (tries = 0; tries < 300 && fd < 0; tries++) {
		fd = open(DEVICE, O_RDWR | O_EXCL);
		if (fd < 0)
			usleep(100000);
	}
	close(fd);
	return fd < 0 ? -ENODEV : 0;
}

FIXTURE_SETUP(unplug)
{
	if (access(DEVICE, F_OK) || access(FUNCTION "/remove", W_OK))
		SKIP(return, "no NVMe device that can be removed, or an earlier test has removed it");
	ASSERT_EQ(0, up(false));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->fast = terrace_tier_find(self->s, "fast");
	self->slow = terrace_tier_find(self->s, "slow");
	self->b = NULL;
}

FIXTURE_TEARDOWN(unplug)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	tiers_down();
	EXPECT_EQ(0, plug_in());
}

/* What the loading process tells, and is told. */
struct load {
	bool stop;
	uint32_t passes;
	uint32_t failures;
	uint32_t wrong;
};

/* Each extent is read, checked and written again; what fails is counted. */
static void load_pass(struct terrace_buffer *b, volatile struct load *load)
{
	char *data = terrace_buffer_data(b);
	uint64_t at;

	for (at = 0; at < BYTES; at += EXTENT) {
		if (bus_load(data + at) || bus_store(data + at, 0))
			load->failures++;
		else if (!words_at(data + at, 4096, at, 1))
			load->wrong++;
	}
	load->passes++;
}

static void load_run(volatile struct load *load)
{
	struct terrace_session *s;
	struct terrace_buffer *b;

	if (terrace_session_open(NULL, &s) ||
	    tiers_weights(s, BYTES, 0, terrace_tier_find(s, "slow"), &b))
		_exit(1);
	fill_words(b, 0, BYTES, 1);
	while (!load->stop)
		load_pass(b, load);
	load_pass(b, load);
	_exit(0);
}

/* Nothing hangs, no byte is wrong, and the tier goes when its user has gone. */
TEST_F_TIMEOUT(unplug, under_load, 60)
{
	volatile struct load *load;
	uint32_t before;
	pid_t child;
	int status;

	load = mmap(NULL, sizeof(*load), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, load);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		load_run(load);
	while (load->passes < 2 && !waitpid(child, &status, WNOHANG))
		usleep(10000);
	ASSERT_EQ(0, load->failures);
	ASSERT_EQ(0, unplug());
	before = load->passes;
	while (load->passes < before + 3 && !waitpid(child, &status, WNOHANG))
		usleep(10000);
	load->stop = true;
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_GT(load->failures, 0);
	EXPECT_EQ(0, load->wrong);
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, terrace_tier_offline("slow"));
}

static uint32_t resident(struct terrace_buffer *b, struct terrace_extent_info *e)
{
	uint32_t i, n = 0;

	if (terrace_query(b, 0, BYTES, e))
		return 0;
	for (i = 0; i < EXTENTS; i++)
		n += !!(e[i].flags & TERRACE_EXTENT_RESIDENT);
	return n;
}

/* How many of the extents that were resident cannot be read right any more. */
static uint32_t resident_lost(struct terrace_buffer *b, const struct terrace_extent_info *e)
{
	char *data = terrace_buffer_data(b);
	uint32_t i, n = 0;

	for (i = 0; i < EXTENTS; i++)
		if (e[i].flags & TERRACE_EXTENT_RESIDENT)
			n += bus_load(data + i * EXTENT) ||
			     wrong_words(b, i * EXTENT, EXTENT, 2);
	return n;
}

/* What is in frames is there; the rest is answered by an error, by read(2) as well. */
TEST_F_TIMEOUT(unplug, what_is_resident_stays, 60)
{
	struct terrace_extent_info before[EXTENTS];
	uint32_t i, n, failed = 0;
	char byte;

	ASSERT_EQ(0, tiers_weights(self->s, BYTES, 0, self->slow, &self->b));
	fill_words(self->b, 0, BYTES, 2);
	/* all have a block now, and those that are resident are clean or dirty as it came */
	ASSERT_EQ(0, wrong_words(self->b, 0, BYTES, 2));
	ASSERT_EQ(0, unplug());
	n = resident(self->b, before);
	/* a little is free, ahead of need */
	ASSERT_LE(LANDING / EXTENT / 2, n);
	ASSERT_GE(LANDING / EXTENT, n);
	EXPECT_EQ(0, resident_lost(self->b, before));
	for (i = 0; i < EXTENTS; i++) {
		if (before[i].flags & TERRACE_EXTENT_RESIDENT)
			continue;
		failed += bus_load((char *)terrace_buffer_data(self->b) + i * EXTENT);
		EXPECT_EQ(-1, pread(terrace_buffer_fd(self->b), &byte, 1, i * EXTENT));
		EXPECT_EQ(true, errno == ENODEV || errno == EIO || errno == ENOMEM);
	}
	EXPECT_EQ(EXTENTS - n, failed);
	/* reading in vain takes no frame from what can still be read */
	EXPECT_EQ(0, resident_lost(self->b, before));
	EXPECT_EQ(0, tiers_value("slow", "flash_retired_bytes"));
}

/* What is resident can be moved away; what is not keeps the tier, which says why. */
TEST_F_TIMEOUT(unplug, the_tier_goes_when_its_buffers_do, 60)
{
	struct terrace_extent_info e[EXTENTS];
	uint32_t i, n, moved = 0;

	ASSERT_EQ(0, tiers_weights(self->s, BYTES, 0, self->slow, &self->b));
	fill_words(self->b, 0, BYTES, 2);
	ASSERT_EQ(0, unplug());
	n = resident(self->b, e);
	ASSERT_LT(0, n);
	for (i = 0; i < EXTENTS; i++)
		if (e[i].flags & TERRACE_EXTENT_RESIDENT)
			moved += !terrace_migrate(self->b, i * EXTENT, EXTENT, self->fast, NULL);
	EXPECT_EQ(n, moved);
	EXPECT_EQ(0, resident_lost(self->b, e));
	EXPECT_EQ(-ENODEV, terrace_tier_offline("slow"));
	EXPECT_NE(NULL, strstr(terrace_error(), "something it holds cannot be read any more")) {
		TH_LOG("%s", terrace_error());
	}
	EXPECT_EQ((long long)(BYTES - n * EXTENT), tiers_value("slow", "used_bytes"));
	terrace_buffer_free(self->b);
	self->b = NULL;
	EXPECT_EQ(0, terrace_tier_offline("slow"));
	EXPECT_EQ(0, terrace_tier_offline("fast"));

	/* it comes back with its format, and what was programmed is uncertain */
	ASSERT_EQ(0, plug_in());
	ASSERT_EQ(0, up(true));
	EXPECT_EQ((long long)LOSS, tiers_value("slow", "flash_uncertain_bytes"));
}

/* Others use the device after this, whatever became of it here. */
static void leave_as_found(void)
{
	int tries;

	if (!access(DEVICE, F_OK))
		return;
	/* while somebody has the old one, it would come back under another name */
	for (tries = 0; tries < 300 && tiers_value("slow", "used_bytes") > 0; tries++)
		usleep(100000);
	tiers_down();
	plug_in();
}

int main(int argc, char **argv)
{
	/* the harness does not come back */
	atexit(leave_as_found);
	return test_harness_run(argc, argv);
}
