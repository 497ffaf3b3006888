// SPDX-License-Identifier: LGPL-2.1-or-later
/* What an access moves and how long it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../modules/model_random.h"

#define FULL	1000
#define ROUNDS	100000
#define BELOW	(1 - 1 / 1e15L)	/* what a long double may be off */
#define ABOVE	(1 + 1 / 1e15L)

/* Four channels of a byte a nanosecond. */
static struct tmodel_profile dram(void)
{
	struct tmodel_profile p;

	tmodel_profile_init(&p);
	p.capacity_bytes = 1ULL << 40;
	p.read_bps = 4000000000;
	p.write_bps = 4000000000;
	p.read_latency_ns = 100;
	p.write_latency_ns = 70;
	p.channels = 4;
	return p;
}

/* 16 channels of 4 KiB pages, 1.6 TB/s, tR 1 us: a chunk of 64 KiB is on the bus for 40.96 ns. */
static struct tmodel_profile flash(void)
{
	struct tmodel_profile p;

	tmodel_profile_init(&p);
	p.capacity_bytes = 512ULL << 30;
	p.read_bps = 1600000000000;
	p.write_bps = 16000000000;
	p.page_read_ns = 1000;
	p.page_program_ns = 100000;
	p.page_bytes = 4096;
	p.erase_block_bytes = 1 << 20;
	p.channels = 16;
	return p;
}

static void test_granules(void **state)
{
	struct tmodel_profile p = dram();
	struct tmodel_sat sat = {};

	(void)state;
	p.write_granule_bytes = 256;
	assert_int_equal(tmodel_granules_bytes(&p, TMODEL_READ, 0, 0, &sat), 0);
	assert_int_equal(tmodel_granules_bytes(&p, TMODEL_READ, 0, 1, &sat), 64);
	assert_int_equal(tmodel_granules_bytes(&p, TMODEL_READ, 63, 2, &sat), 128);
	assert_int_equal(tmodel_granules_bytes(&p, TMODEL_READ, 64, 64, &sat), 64);
	assert_int_equal(tmodel_granules_bytes(&p, TMODEL_WRITE, 255, 2, &sat), 512);
	p = flash();
	assert_int_equal(tmodel_granules_bytes(&p, TMODEL_READ, 100, 1, &sat), 4096);
	assert_int_equal(tmodel_granules_bytes(&p, TMODEL_WRITE, 4095, 2, &sat), 8192);
	p.read_granule_bytes = 1 << 20;
	assert_int_equal(tmodel_granules_bytes(&p, TMODEL_READ, 0, 4096, &sat), 1 << 20);
	assert_int_equal(sat.count, 0);
}

static void test_granules_limits(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_sat sat = {};

	(void)state;
	/* The end of the range may lie beyond 2^64; what moves fits. */
	assert_int_equal(tmodel_granules_bytes(&p, TMODEL_READ, TMODEL_U64_MAX, 2, &sat), 8192);
	assert_int_equal(sat.count, 0);
	assert_true(tmodel_granules_bytes(&p, TMODEL_READ, 0, TMODEL_U64_MAX, &sat)
		    == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 1);
}

static void test_granules_cover(void **state)
{
	struct model_random r = { .state = 11 };
	struct tmodel_sat sat = {};
	struct tmodel_profile p;
	int i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		__u64 offset, bytes, moved, granule;

		model_random_profile(&r, &p);
		offset = model_random_range(&r, 0, 1ULL << 60);
		bytes = model_random_range(&r, 1, 1ULL << 60);
		moved = tmodel_granules_bytes(&p, TMODEL_READ, offset, bytes, &sat);
		granule = p.page_bytes > p.read_granule_bytes ? p.page_bytes : p.read_granule_bytes;
		assert_int_equal(moved % granule, 0);
		assert_true(moved >= bytes + offset % granule);
		assert_true(moved - (bytes + offset % granule) < granule);
	}
	assert_int_equal(sat.count, 0);
}

static void test_derated(void **state)
{
	struct model_random r = { .state = 12 };
	int i;

	(void)state;
	assert_int_equal(tmodel_derated_bps(1600000000000, 1000), 1600000000000);
	assert_int_equal(tmodel_derated_bps(1600000000000, 500), 800000000000);
	assert_int_equal(tmodel_derated_bps(1600000000000, 0), 1600000000);
	assert_int_equal(tmodel_derated_bps(1999, 1), 1);
	for (i = 0; i < ROUNDS; i++) {
		__u64 bps = model_random_any(&r);
		__u32 derate = 1 + model_random_next(&r) % 1000;

		assert_true(tmodel_derated_bps(bps, derate)
			    == (__u64)((__uint128_t)bps * derate / 1000));
	}
}

static void test_transfer(void **state)
{
	struct tmodel_profile p = dram();
	struct tmodel_sat sat = {};

	(void)state;
	p.write_bps = 1000000000;
	assert_int_equal(tmodel_transfer_ns(&p, TMODEL_READ, 0, FULL, &sat), 0);
	assert_int_equal(tmodel_transfer_ns(&p, TMODEL_READ, 1, FULL, &sat), 1);
	assert_int_equal(tmodel_transfer_ns(&p, TMODEL_READ, 4000, FULL, &sat), 1000);
	assert_int_equal(tmodel_transfer_ns(&p, TMODEL_READ, 4001, FULL, &sat), 1001);
	assert_int_equal(tmodel_transfer_ns(&p, TMODEL_READ, 4000, 250, &sat), 4000);
	assert_int_equal(tmodel_transfer_ns(&p, TMODEL_WRITE, 4000, FULL, &sat), 4000);
	/* 16.06 GB of 8-bit weights over a stack of 1,638 GB/s: 9,804,639.8 ns. */
	p.read_bps = 1638000000000;
	assert_int_equal(tmodel_transfer_ns(&p, TMODEL_READ, 16060000000, FULL, &sat), 9804640);
	assert_int_equal(sat.count, 0);
	p.read_bps = 1000000;
	assert_true(tmodel_transfer_ns(&p, TMODEL_READ, 1ULL << 63, FULL, &sat) == TMODEL_U64_MAX);
	assert_int_equal(sat.count, 1);
}

static void test_exposed(void **state)
{
	struct tmodel_profile p = dram();
	struct tmodel_sat sat = {};

	(void)state;
	assert_int_equal(tmodel_exposed_ns(&p, TMODEL_READ, 0, FULL, &sat), 0);
	assert_int_equal(tmodel_exposed_ns(&p, TMODEL_READ, 1 << 30, FULL, &sat), 100);
	assert_int_equal(tmodel_exposed_ns(&p, TMODEL_WRITE, 1 << 30, FULL, &sat), 70);
	p = flash();
	p.read_latency_ns = 200;
	p.write_latency_ns = 300;
	assert_int_equal(tmodel_exposed_ns(&p, TMODEL_READ, 4096, FULL, &sat), 1200);
	assert_int_equal(tmodel_exposed_ns(&p, TMODEL_READ, 65536, FULL, &sat), 1200);
	/* A second chunk has been 41 of its 1,000 ns behind the first. */
	assert_int_equal(tmodel_exposed_ns(&p, TMODEL_READ, 65537, FULL, &sat), 1200 + 959);
	assert_int_equal(tmodel_exposed_ns(&p, TMODEL_READ, 1 << 20, FULL, &sat), 1200 + 15 * 959);
	assert_int_equal(tmodel_exposed_ns(&p, TMODEL_WRITE, 1 << 20, FULL, &sat), 100300);
	/* At a tenth of the bandwidth a chunk takes 409.6 ns. */
	assert_int_equal(tmodel_exposed_ns(&p, TMODEL_READ, 1 << 20, 100, &sat), 1200 + 15 * 590);
	assert_int_equal(sat.count, 0);
}

/* A chunk of at least bandwidth x tR hides every sensing time but the first. */
static void test_exposed_hidden(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_sat sat = {};

	(void)state;
	p.read_bps = 65536ULL * 1000000;
	p.page_read_ns = 1000;
	assert_int_equal(tmodel_exposed_ns(&p, TMODEL_READ, 1ULL << 40, FULL, &sat), 1000);
	p.page_read_ns = 1001;
	assert_int_equal(tmodel_exposed_ns(&p, TMODEL_READ, 1ULL << 40, FULL, &sat),
			 1001 + (1 << 24) - 1);
	assert_int_equal(sat.count, 0);
}

/* bytes/BW + tR + (chunks - 1) x max(0, tR - chunk/BW) in real numbers; a chunk rounds a ns. */
static void test_exposed_closed_form(void **state)
{
	struct model_random r = { .state = 13 };
	struct tmodel_sat sat = {};
	int flashes = 0;
	int i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		long double chunk, chunks, left, expected, got;
		__u64 whole;
		struct tmodel_profile p;
		__u64 bytes;

		model_random_profile(&r, &p);
		if (!p.page_bytes)
			continue;
		flashes++;
		bytes = model_random_range(&r, 1, 1ULL << 36);
		chunk = p.page_bytes * p.channels;
		whole = (bytes + p.page_bytes * p.channels - 1) / (p.page_bytes * p.channels);
		chunks = whole;
		left = p.page_read_ns - chunk * 1e9L / p.read_bps;
		expected = p.page_read_ns + (left > 0 ? (chunks - 1) * left : 0);
		got = tmodel_exposed_ns(&p, TMODEL_READ, bytes, FULL, &sat) - p.read_latency_ns;
		assert_true(got <= expected * ABOVE + 1);
		assert_true(got >= expected * BELOW - chunks);
	}
	assert_true(flashes > ROUNDS / 3);
	assert_int_equal(sat.count, 0);
}

static void test_access_spreads(void **state)
{
	struct tmodel_profile p = dram();
	struct tmodel_timeline t = {};
	struct tmodel_sat sat = {};

	(void)state;
	/* One granule: one channel, 64 bytes at a byte a nanosecond. */
	assert_int_equal(tmodel_access(&t, &p, TMODEL_READ, 1000, 64, FULL, &sat), 1164);
	assert_int_equal(t.free_ns[0], 1064);
	assert_int_equal(t.free_ns[1], 0);
	assert_int_equal(t.busy_ns, 64);
	/* The next begins at the next channel and does not wait. */
	assert_int_equal(tmodel_access(&t, &p, TMODEL_READ, 1000, 64, FULL, &sat), 1164);
	assert_int_equal(t.free_ns[1], 1064);
	assert_int_equal(t.next, 2);
	/* Six granules from channel 2 on: 2 and 3 carry two, 0 and 1 carry one behind the first. */
	assert_int_equal(tmodel_access(&t, &p, TMODEL_READ, 1000, 6 * 64, FULL, &sat), 1228);
	assert_int_equal(t.free_ns[2], 1128);
	assert_int_equal(t.free_ns[3], 1128);
	assert_int_equal(t.free_ns[0], 1128);
	assert_int_equal(t.free_ns[1], 1128);
	assert_int_equal(t.busy_ns, 8 * 64);
	assert_int_equal(t.next, 0);
	/* Later than all of them: no waiting; a broken granule counts as one. */
	assert_int_equal(tmodel_access(&t, &p, TMODEL_WRITE, 5000, 65, FULL, &sat), 5134);
	assert_int_equal(t.next, 2);
	assert_int_equal(sat.count, 0);
}

static void test_access_of_nothing(void **state)
{
	struct tmodel_profile p = dram();
	struct tmodel_timeline t = { .free_ns = { 500 }, .next = 3 };
	struct tmodel_timeline before = t;
	struct tmodel_sat sat = {};

	(void)state;
	assert_int_equal(tmodel_access(&t, &p, TMODEL_READ, 42, 0, FULL, &sat), 42);
	assert_memory_equal(&t, &before, sizeof(t));
}

static void test_access_flash(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_timeline t = {};
	struct tmodel_sat sat = {};

	(void)state;
	/* A page on one channel at 100 GB/s takes 40.96 ns, then tR. */
	assert_int_equal(tmodel_access(&t, &p, TMODEL_READ, 0, 4096, FULL, &sat), 41 + 1000);
	/* 16 pages of writes, 1 GB/s a channel: 4,096 ns each, then tPROG; channel 0 waits. */
	assert_int_equal(tmodel_access(&t, &p, TMODEL_WRITE, 0, 65536, FULL, &sat),
			 41 + 4096 + 100000);
	assert_int_equal(sat.count, 0);
}

/* 8 units of 4 KiB in flight for 100 us each: 327.68 MB/s, 20.48 MB/s a channel, however fast. */
static void test_access_write_depth(void **state)
{
	struct tmodel_profile p = flash();
	struct tmodel_timeline t = {};
	struct tmodel_sat sat = {};

	(void)state;
	p.write_granule_bytes = 4096;
	p.write_depth = 8;
	assert_int_equal(tmodel_access(&t, &p, TMODEL_WRITE, 0, 65536, FULL, &sat),
			 200000 + 100000);
	/* Reads do not care, and a depth that the bandwidth needs less than does not bind. */
	memset(&t, 0, sizeof(t));
	assert_int_equal(tmodel_access(&t, &p, TMODEL_READ, 0, 65536, FULL, &sat), 1041);
	p.write_depth = 1 << 20;
	memset(&t, 0, sizeof(t));
	assert_int_equal(tmodel_access(&t, &p, TMODEL_WRITE, 0, 65536, FULL, &sat),
			 4096 + 100000);
	assert_int_equal(sat.count, 0);
}

/*
 * No access completes sooner than the bus and the exposed latency allow, no channel goes back, and
 * the channels are busy for the bytes that were asked for.
 */
static void test_access_bounds(void **state)
{
	struct model_random r = { .state = 14 };
	int i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct tmodel_timeline t = {}, before;
		struct tmodel_sat sat = {};
		struct tmodel_profile p;
		__u64 now = model_random_range(&r, 0, 1ULL << 60);
		__u64 bytes, done, least, c;
		int step;

		model_random_profile(&r, &p);
		for (step = 0; step < 4; step++) {
			bytes = model_random_range(&r, 1, 1ULL << 32);
			before = t;
			done = tmodel_access(&t, &p, TMODEL_READ, now, bytes, FULL, &sat);
			least = tmodel_transfer_ns(&p, TMODEL_READ, bytes, FULL, &sat) +
				tmodel_exposed_ns(&p, TMODEL_READ, bytes, FULL, &sat);
			assert_true(done >= now + least);
			assert_true((long double)(t.busy_ns - before.busy_ns)
				    >= bytes * 1e9L * p.channels / p.read_bps * BELOW);
			for (c = 0; c < TMODEL_CHANNELS_MAX; c++)
				assert_true(t.free_ns[c] >= before.free_ns[c]);
			now += model_random_range(&r, 0, 1ULL << 40);
		}
		assert_true(t.next < p.channels);
		assert_int_equal(sat.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_granules),
		cmocka_unit_test(test_granules_limits),
		cmocka_unit_test(test_granules_cover),
		cmocka_unit_test(test_derated),
		cmocka_unit_test(test_transfer),
		cmocka_unit_test(test_exposed),
		cmocka_unit_test(test_exposed_hidden),
		cmocka_unit_test(test_exposed_closed_form),
		cmocka_unit_test(test_access_spreads),
		cmocka_unit_test(test_access_of_nothing),
		cmocka_unit_test(test_access_flash),
		cmocka_unit_test(test_access_write_depth),
		cmocka_unit_test(test_access_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
