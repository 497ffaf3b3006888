// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading tier files, and the tier files of this project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tierfile.h"

#include "ini_fixture.h"

#define PROFILE								\
	"[profile]\n"							\
	"name = fast\n"							\
	"description = a memory for tests\n"				\
	"capacity_bytes = 48e9\n"					\
	"capacity_bytes.source = assumed: x\n"				\
	"read_bps = 1.6e12\n"						\
	"read_bps.source = assumed: x\n"				\
	"write_bps = 0.4e12\n"						\
	"write_bps.source = assumed: x\n"				\
	"channels = 24\n"						\
	"channels.source = assumed: x\n"				\
	"write_depth = 10\n"						\
	"write_depth.source = assumed: x\n"				\
	"idle_uw = 6e6\n"						\
	"idle_uw.source = assumed: x\n"					\
	"read_latency_ns = 100\n"					\
	"read_latency_ns.source = assumed: x\n"

/* A tier that is complete but for its rank. */
#define TIER(name)							\
	"[tier " name "]\nprofile = fast\nbacking = mem:0\nclasses = weights kv\n"

static int read_text(void **state, struct engine_tierfile *out, struct engine_error *e,
		     const char *text)
{
	struct ini_fixture *f = *state;

	ini_fixture_text(f, "fast.ini", "%s", PROFILE);
	ini_fixture_text(f, "tiers.ini", "%s", text);
	memset(e, 0, sizeof(*e));
	return engine_tierfile_read(f->path, out, e);
}

static void check_refused(void **state, int status, const char *text, const char *const *words)
{
	struct engine_tierfile t;
	struct engine_error e;

	assert_int_equal(read_text(state, &t, &e, text), status);
	for (; *words; words++)
		if (!strstr(e.text, *words))
			fail_msg("'%s' does not hold '%s'", e.text, *words);
}

#define CHECK_REFUSED(text, ...) \
	check_refused(state, -EINVAL, text, (const char * const[]) { __VA_ARGS__, NULL })

static void test_read(void **state)
{
	struct engine_tierfile t;
	struct engine_error e;

	assert_int_equal(read_text(state, &t, &e,
				   "[device]\nscale = 1024\nclock_acceleration = 60\n"
				   "[accelerator]\npeak_flops = 989e12\nefficiency_permille = 500\n"
				   "idle_watts = 68.5\nactive_watts = 700\n"
				   "[tier cxl-0]\nprofile = fast\nbacking = mem:1\nrank = 7\n"
				   "classes =  context\t activation\nread_latency_ns = 284\n"
				   "channels = 1\nstacks = 2\n"
				   "[tier hbm_0]\nprofile = fast\nbacking = mem:0\nrank = 0\n"
				   "classes = weights kv\n"), 0);
	assert_int_equal(t.device.scale, 1024);
	assert_int_equal(t.device.scale_shift, 10);
	assert_int_equal(t.device.clock_acceleration, 60);
	assert_int_equal(t.accel.peak_flops, 989000000000000);
	assert_int_equal(t.accel.efficiency_permille, 500);
	assert_int_equal(t.accel.idle_uw, 68500000);
	assert_int_equal(t.accel.active_uw, 700000000);
	assert_int_equal(t.n_tiers, 2);
	/* By rank, not as written. */
	assert_string_equal(t.tiers[0].name, "hbm_0");
	assert_string_equal(t.tiers[0].profile_name, "fast");
	assert_string_equal(t.tiers[0].backing, "mem:0");
	assert_int_equal(t.tiers[0].classes,
			 1 << TERRACE_CLASS_WEIGHTS | 1 << TERRACE_CLASS_KV);
	assert_int_equal(t.tiers[0].stacks, 1);
	assert_int_equal(t.tiers[0].profile.capacity_bytes, 48000000000);
	assert_string_equal(t.tiers[1].name, "cxl-0");
	assert_int_equal(t.tiers[1].rank, 7);
	assert_int_equal(t.tiers[1].classes,
			 1 << TERRACE_CLASS_CONTEXT | 1 << TERRACE_CLASS_ACTIVATION);
	assert_int_equal(t.tiers[1].profile.read_latency_ns, 284);
	/* An override is for all stacks together. */
	assert_int_equal(t.tiers[1].profile.channels, 1);
	assert_int_equal(t.tiers[1].profile.capacity_bytes, 96000000000);
}

static void test_defaults(void **state)
{
	struct engine_tierfile t;
	struct engine_error e;

	assert_int_equal(read_text(state, &t, &e, TIER("a") "rank = 3\n"), 0);
	assert_int_equal(t.device.scale, 1);
	assert_int_equal(t.device.scale_shift, 0);
	assert_int_equal(t.device.clock_acceleration, 1);
	assert_int_equal(t.accel.peak_flops, 0);
	assert_int_equal(t.n_tiers, 1);
}

static void test_stacks(void **state)
{
	struct engine_tierfile t;
	struct engine_error e;

	assert_int_equal(read_text(state, &t, &e, TIER("a") "rank = 0\nstacks = 3\n"), 0);
	assert_int_equal(t.tiers[0].stacks, 3);
	assert_int_equal(t.tiers[0].profile.capacity_bytes, 3 * 48000000000);
	assert_int_equal(t.tiers[0].profile.read_bps, 3 * 1600000000000);
	assert_int_equal(t.tiers[0].profile.write_bps, 3 * 400000000000);
	assert_int_equal(t.tiers[0].profile.channels, TMODEL_CHANNELS_MAX);
	assert_int_equal(t.tiers[0].profile.write_depth, 30);
	assert_int_equal(t.tiers[0].profile.idle_uw, 18000000);
	assert_int_equal(t.tiers[0].profile.read_latency_ns, 100);
	CHECK_REFUSED(TIER("a") "rank = 0\nstacks = 0\n", ":6:", "stacks is 0", "from 1 to 1024");
	CHECK_REFUSED(TIER("a") "rank = 0\nstacks = 1000\n", "tier a", "read_bps comes to",
		      "to 1000000000000000");
}

static void test_device(void **state)
{
	CHECK_REFUSED("[device]\nscale = 1000\n", ":2:", "scale is 1000", "power of two");
	CHECK_REFUSED("[device]\nscale = 0\n", ":2:", "scale is 0", "from 1 to 1048576");
	CHECK_REFUSED("[device]\nscale = 2097152\n", ":2:", "from 1 to 1048576");
	CHECK_REFUSED("[device]\nclock_acceleration = 0\n", ":2:", "from 1 to 1000000");
	CHECK_REFUSED("[device]\nscal = 1\n", ":2:", "'scal'", "'scale'");
	/* 48 GB over 2^20 is real room for 11 pages, a millionth of that is for none. */
	CHECK_REFUSED("[device]\nscale = 1048576\n" TIER("a") "rank = 0\ncapacity_bytes = 48e6\n",
		      "tier a", "48000000", "at scale 1048576 it must be 4294967296");
}

static void test_accelerator(void **state)
{
	CHECK_REFUSED("[accelerator]\nefficiency_permille = 1001\n", ":2:", "from 1 to 1000");
	CHECK_REFUSED("[accelerator]\nidle_watts = 0.0000001\n", ":2:", "0.0000001", "10^6");
	CHECK_REFUSED("[accelerator]\nidle_wats = 1\n", ":2:", "'idle_wats'", "'idle_watts'");
	CHECK_REFUSED("[accelerator]\nidle_watts = 1\n" TIER("a") "rank = 0\n", "no peak_flops");
}

static void test_unique(void **state)
{
	CHECK_REFUSED(TIER("a") "rank = 1\n" TIER("b") "rank = 1\n", ":10:", "tiers a and b",
		      "rank 1");
	CHECK_REFUSED(TIER("a") "rank = 1\n" TIER("b") "rank = 2\n" TIER("a") "rank = 3\n",
		      ":12:", "two tiers a");
	CHECK_REFUSED(TIER("a") "rank = 1\nrank = 2\n", ":6:", "rank");
	CHECK_REFUSED(TIER("a") "profile = fast\n", ":5:", "profile is given a second time");
	CHECK_REFUSED(TIER("a") "channels = 2\nchannels = 2\n", ":6:", "channels");
	CHECK_REFUSED(TIER("a") "classes = kv\n", ":5:", "classes is given a second time");
}

static void test_names(void **state)
{
	CHECK_REFUSED("[tier a/b]\nrank = 0\n", ":2:", "'a/b'");
	CHECK_REFUSED("[tier 01234567890123456789012345678901]\nrank = 0\n", ":2:", "1 to 31");
	CHECK_REFUSED("[teir a]\nrank = 0\n", ":2:", "[teir a]", "[tier]");
	CHECK_REFUSED("[devices]\nscale = 1\n", ":2:", "[devices]", "[device]");
	CHECK_REFUSED("[tier a]\nbaking = mem:0\n", ":2:", "'baking'", "'backing'");
	CHECK_REFUSED("[tier a]\nread_latency = 0\n", ":2:", "'read_latency'",
		      "'read_latency_ns'");
	CHECK_REFUSED("[tier a]\nclasses = weights kvs\n", ":2:", "'kvs'", "'kv'");
	CHECK_REFUSED("[tier a]\nprofile = ../fast\n", ":2:", "'../fast'");
	CHECK_REFUSED("[tier a]\nbacking = node0\n", ":2:", "'node0'", "mem:NODE");
	CHECK_REFUSED("[tier a]\nbacking = mem:x\n", ":2:", "'x'");
	CHECK_REFUSED("[tier a]\nbacking = mem:1024\n", ":2:", "1024", "from 0 to 1023");
	CHECK_REFUSED("[tier a]\nbacking = blk:\n", ":2:", "'blk:'");
}

static void test_block_devices(void **state)
{
	static const char *const good[] = {
		"blk:/dev/nvme0n1",
		"blk:/dev/disk/by-id/x",
		"blk:0d4e8a3c-5f0b-4a53-9a37-3f2b8c1d7e60",
		"blk:0D4E8A3C-5F0B-4A53-9A37-3F2B8C1D7E60",
	};
	struct engine_tierfile t;
	struct engine_error e;
	char text[256];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text),
			 "[tier a]\nprofile = fast\nbacking = %s\nclasses = kv\nrank = 0\n",
			 good[i]);
		assert_int_equal(read_text(state, &t, &e, text), 0);
		assert_string_equal(t.tiers[0].backing, good[i]);
	}
	CHECK_REFUSED("[tier a]\nbacking = blk:nvme0n1\n", ":2:", "'blk:nvme0n1'", "blk:UUID");
	/* a digit short, one too many, one that is none, no dashes, and what a UUID begins with */
	CHECK_REFUSED("[tier a]\nbacking = blk:0d4e8a3c-5f0b-4a53-9a37-3f2b8c1d7e6\n", ":2:");
	CHECK_REFUSED("[tier a]\nbacking = blk:0d4e8a3c-5f0b-4a53-9a37-3f2b8c1d7e600\n", ":2:");
	CHECK_REFUSED("[tier a]\nbacking = blk:0d4e8a3c-5f0b-4a53-9a37-3f2b8c1d7g60\n", ":2:");
	CHECK_REFUSED("[tier a]\nbacking = blk:0d4e8a3c5f0b4a539a373f2b8c1d7e60\n", ":2:");
	CHECK_REFUSED("[tier a]\nbacking = mem:0d4e8a3c-5f0b-4a53-9a37-3f2b8c1d7e60\n", ":2:");
}

static void test_missing(void **state)
{
	CHECK_REFUSED("", "no tier");
	CHECK_REFUSED("[device]\nscale = 1\n", "no tier");
	CHECK_REFUSED(TIER("a"), ":2:", "tier a has no rank");
	CHECK_REFUSED("[tier a]\nprofile = fast\nbacking = mem:0\nrank = 0\n", "no classes");
	CHECK_REFUSED("[tier a]\nprofile = fast\nclasses = kv\nrank = 0\n", "no backing");
	CHECK_REFUSED("[tier a]\nclasses = kv\nbacking = mem:0\nrank = 0\n", "no profile");
}

static void test_too_many(void **state)
{
	char text[8192] = "";
	int used = 0;

	for (int i = 0; i <= TMODEL_TIERS_MAX; i++)
		used += snprintf(text + used, sizeof(text) - used, "[tier t%d]\nrank = %d\n", i, i);
	CHECK_REFUSED(text, ":34:", "tier t16", "16");
}

static void test_profiles(void **state)
{
	struct ini_fixture *f = *state;
	struct engine_tierfile t;
	struct engine_error e;

	check_refused(state, -ENOENT, "[tier a]\nprofile = none\nbacking = mem:0\nrank = 0\n"
		      "classes = kv\n",
		      (const char * const[]) { "profile none", "TERRACE_PROFILES", NULL });
	/* An error in the profile names the profile's file. */
	ini_fixture_text(f, "bad.ini", "[profile]\nchanels = 3\n");
	CHECK_REFUSED("[tier a]\nprofile = bad\nbacking = mem:0\nrank = 0\nclasses = kv\n",
		      "bad.ini:2:", "'chanels'");
	CHECK_REFUSED(TIER("a") "rank = 0\npage_bytes = 4096\n", "tier a", "erase_block_bytes");
	CHECK_REFUSED(TIER("a") "rank = 0\nwaf_permille = 1\n", ":6:", "from 1000 to 1000000");
	/* The folders of the environment come first. */
	ini_fixture_text(f, "hbm4.ini", "%s", PROFILE);
	setenv("TERRACE_PROFILES", f->folder, 1);
	assert_int_equal(engine_tierfile_read("tests/data/tiers/hbm.ini", &t, &e), 0);
	assert_string_equal(t.tiers[0].profile_name, "hbm4");
	assert_int_equal(t.tiers[0].profile.read_latency_ns, 100);
	assert_int_equal(t.tiers[0].profile.write_depth, 20);
	unsetenv("TERRACE_PROFILES");
}

/* In the file with HBF the placement rule puts weights there and KV into HBM. */
static void test_shipped_placement(void **state)
{
	struct tmodel_place_tier tiers[TMODEL_TIERS_MAX] = {};
	__u32 order[TMODEL_TIERS_MAX];
	struct engine_tierfile t;
	struct engine_error e;

	(void)state;
	setenv("TERRACE_PROFILES", "user/profiles", 1);
	assert_int_equal(engine_tierfile_read("tests/data/tiers/hbm-cxl-hbf.ini", &t, &e), 0);
	unsetenv("TERRACE_PROFILES");
	assert_int_equal(t.n_tiers, 3);
	for (__u32 i = 0; i < t.n_tiers; i++)
		tiers[i] = (struct tmodel_place_tier) {
			.online = 1,
			.rank = t.tiers[i].rank,
			.classes = t.tiers[i].classes,
			.read_bps = t.tiers[i].profile.read_bps,
			.endurance_cycles = t.tiers[i].profile.endurance_cycles,
		};
	assert_int_equal(tmodel_place_order(tiers, 3, TERRACE_CLASS_WEIGHTS, order), 3);
	assert_string_equal(t.tiers[order[0]].name, "hbf0");
	assert_int_equal(tmodel_place_order(tiers, 3, TERRACE_CLASS_KV, order), 2);
	assert_string_equal(t.tiers[order[0]].name, "hbm0");
	assert_string_equal(t.tiers[order[1]].name, "cxl0");
}

/* The checkout's tier files can be read with the checkout's profiles. */
static void test_shipped(void **state)
{
	struct engine_tierfile t;
	struct engine_error e;
	glob_t files;
	size_t i;

	(void)state;
	setenv("TERRACE_PROFILES", ":/no/such/folder:user/profiles", 1);
	assert_int_equal(glob("tests/data/tiers/*.ini", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 3);
	for (i = 0; i < files.gl_pathc; i++)
		if (engine_tierfile_read(files.gl_pathv[i], &t, &e))
			fail_msg("%s", e.text);
	globfree(&files);
	unsetenv("TERRACE_PROFILES");
}

static void test_files(void **state)
{
	struct engine_tierfile t;
	struct engine_error e;

	(void)state;
	assert_int_equal(engine_tierfile_read("/no/such/file.ini", &t, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/no/such/file.ini"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, ini_fixture_begin, ini_fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read), TEST(test_defaults), TEST(test_stacks), TEST(test_device),
		TEST(test_accelerator), TEST(test_unique), TEST(test_names),
		TEST(test_block_devices), TEST(test_missing), TEST(test_too_many),
		TEST(test_profiles), TEST(test_files), TEST(test_shipped),
		TEST(test_shipped_placement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
