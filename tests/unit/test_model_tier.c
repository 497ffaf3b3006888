// SPDX-License-Identifier: LGPL-2.1-or-later
/* A tier of the model driver: room, books, wear and budget, against numbers made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/model_tier.h"

#define EXTENT	4096ULL
#define KV	TERRACE_CLASS_KV
#define WEIGHTS	TERRACE_CLASS_WEIGHTS

/*
 * 16 extents and a rest; 1 byte/ns of reads, half of it of writes; granules of 64 bytes; 100 ns of
 * latency; 1 pJ a bit read and 2 written, half a pJ on the link; 3 W.
 */
static struct engine_tier memory(void)
{
	struct engine_tier t = { .name = "m0", .rank = 4, .classes = 0xf, .stacks = 1 };

	tmodel_profile_init(&t.profile);
	t.profile.capacity_bytes = 16 * EXTENT + 100;
	t.profile.read_bps = 1000000000;
	t.profile.write_bps = 500000000;
	t.profile.read_latency_ns = 100;
	t.profile.write_latency_ns = 100;
	t.profile.read_fj_per_bit = 1000;
	t.profile.write_fj_per_bit = 2000;
	t.profile.link_fj_per_bit = 500;
	t.profile.idle_uw = 3000000;
	return t;
}

/* The same of flash: 8 cycles, of which every write takes one and a half. */
static struct engine_tier flash(void)
{
	struct engine_tier t = memory();

	t.profile.capacity_bytes = 16 * EXTENT;
	t.profile.endurance_cycles = 8;
	t.profile.waf_permille = 1500;
	t.profile.page_read_ns = 1000;
	t.profile.page_program_ns = 5000;
	t.profile.page_bytes = 64;
	t.profile.erase_block_bytes = 1024;
	return t;
}

static void room_is_whole_extents(void **state)
{
	static const struct { uint32_t shift; size_t wanted, got, left; } rows[] = {
		{ 0, 10, 10, 6 },
		{ 0, 17, 16, 0 },
		/* of real bytes of 1024 there are 64, and one in part */
		{ 10, 16, 16, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct engine_tier of = memory();
		struct tmodel_sat sat = {};
		struct policy_tier seen;
		struct model_tier t;

		model_tier_init(&t, &of, rows[i].shift, &sat);
		assert_int_equal(model_tier_take(&t, EXTENT, rows[i].wanted), rows[i].got);
		assert_int_equal(model_tier_take(&t, EXTENT, 100), rows[i].left);
		model_tier_describe(&t, 0, &seen);
		assert_int_equal(seen.capacity_bytes, 16 * EXTENT + (rows[i].shift ? 0 : 100));
		assert_int_equal(seen.free_bytes, rows[i].shift ? 0 : 100);
		assert_int_equal(seen.rank, 4);
	}
}

static void a_step_becomes_bytes_time_and_energy(void **state)
{
	struct engine_tier of = memory();
	struct tmodel_sat sat = {};
	struct ledger_count c;
	struct model_tier t;

	(void)state;
	model_tier_init(&t, &of, 0, &sat);
	model_tier_access(&t, WEIGHTS, TMODEL_READ, 0, 640, false, &sat);
	/* from the middle of one granule into the next: both */
	model_tier_access(&t, KV, TMODEL_READ, 32, 64, true, &sat);
	model_tier_access(&t, KV, TMODEL_WRITE, 64, 1, false, &sat);
	model_tier_count(&t, &c, &sat);
	assert_int_equal(c.class[KV].model_read_bytes, 0);
	/* the first access waits, and the dependent one */
	assert_int_equal(model_tier_step(&t, 0, &sat), 640 + 128 + 64 * 2 + 2 * 100);
	assert_int_equal(t.busy_ns, 1096);
	model_tier_count(&t, &c, &sat);
	assert_int_equal(c.class[WEIGHTS].model_read_bytes, 640);
	assert_int_equal(c.class[KV].model_read_bytes, 128);
	assert_int_equal(c.class[KV].model_write_bytes, 64);
	/* the load is over */
	assert_int_equal(model_tier_step(&t, 1096, &sat), 0);
	/* 1.5 pJ x 8 bits: 12 nJ a 1000 bytes; whole microjoules by class, and of all together */
	for (int i = 0; i < 1000; i++) {
		model_tier_access(&t, WEIGHTS, TMODEL_READ, 0, 704, false, &sat);
		model_tier_access(&t, KV, TMODEL_WRITE, 0, 64, false, &sat);
		model_tier_step(&t, 0, &sat);
	}
	model_tier_count(&t, &c, &sat);
	/* (640 + 704000) x 12 pJ = 8.46; 128 x 12 + (64 + 64000) x 20 = 1.28; in all 9.74 */
	assert_int_equal(c.class[WEIGHTS].model_energy_uj, 8);
	assert_int_equal(c.class[KV].model_energy_uj, 1);
	assert_int_equal(c.energy_uj, 9);
	assert_int_equal(sat.count, 0);
}

static void moves_count_in_the_next_step(void **state)
{
	struct engine_tier of = memory();
	struct tmodel_sat sat = {};
	struct model_tier a, b;
	struct ledger_count c;

	(void)state;
	model_tier_init(&a, &of, 0, &sat);
	model_tier_init(&b, &of, 0, &sat);
	model_tier_take(&a, EXTENT, 2);
	assert_int_equal(model_tier_move(&a, &b, KV, EXTENT, true, 0, &sat), 0);
	/* without content a home is all that moves */
	assert_int_equal(model_tier_move(&a, &b, KV, EXTENT, false, 0, &sat), 0);
	assert_int_equal(a.used_bytes, 0);
	assert_int_equal(b.used_bytes, 2 * EXTENT);
	assert_int_equal(model_tier_step(&a, 0, &sat), 4096 + 100);
	assert_int_equal(model_tier_step(&b, 0, &sat), 4096 * 2 + 100);
	model_tier_count(&a, &c, &sat);
	assert_int_equal(c.class[KV].model_out_bytes, EXTENT);
	assert_int_equal(c.class[KV].model_read_bytes, 0);
	assert_int_equal(c.class[KV].model_energy_uj, 0);
	model_tier_count(&b, &c, &sat);
	assert_int_equal(c.class[KV].model_in_bytes, EXTENT);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(model_tier_move(&b, &a, KV, EXTENT, true, 0, &sat), 0);
		assert_int_equal(model_tier_move(&a, &b, KV, EXTENT, true, 0, &sat), 0);
	}
	/* 100 reads and 101 writes of 4096 bytes: 4.92 + 8.27 uJ, none of it of accesses */
	model_tier_count(&b, &c, &sat);
	assert_int_equal(c.energy_uj, 13);
	/* a full tier takes none */
	model_tier_take(&b, EXTENT, 100);
	model_tier_take(&a, EXTENT, 1);
	assert_int_equal(model_tier_move(&a, &b, KV, EXTENT, false, 0, &sat), -ENOSPC);
	assert_int_equal(a.used_bytes, EXTENT);
}

static void worn_flash_is_read_more_than_once(void **state)
{
	/* media cycles after so many writes of a whole capacity: 1.5, 3, 4.5, 12 */
	static const struct { unsigned int writes; uint64_t sensings; } rows[] = {
		{ 0, 0 }, { 1, 0 }, { 2, 1 }, { 3, 2 }, { 8, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct engine_tier of = flash();
		struct tmodel_sat sat = {};
		struct ledger_count c;
		struct model_tier t;
		unsigned int n;

		model_tier_init(&t, &of, 0, &sat);
		for (n = 0; n < rows[i].writes; n++) {
			model_tier_access(&t, KV, TMODEL_WRITE, 0, 16 * EXTENT, false, &sat);
			model_tier_step(&t, 0, &sat);
		}
		model_tier_count(&t, &c, &sat);
		assert_int_equal(c.host_bytes, rows[i].writes * 16 * EXTENT);
		assert_int_equal(c.media_bytes, rows[i].writes * 24 * EXTENT);
		assert_int_equal(c.cycles_milli, rows[i].writes * 1500);
		model_tier_access(&t, WEIGHTS, TMODEL_READ, 0, 64, true, &sat);
		/* the step's first access is sensed once in the bound */
		assert_int_equal(model_tier_step(&t, 0, &sat),
				 64 + 2 * (100 + 1000) + rows[i].sensings * 1000);
	}
}

static void a_budget_refuses_moves_alone(void **state)
{
	struct engine_tier to = flash(), from = memory();
	struct tmodel_sat sat = {};
	struct policy_tier seen;
	struct model_tier a, b;

	(void)state;
	/* 16 extents x 8 cycles / 1.5 in ten days, a quarter for each class: 2.13 extents a day */
	to.profile.lifetime_s = 10 * 86400;
	model_tier_init(&a, &from, 0, &sat);
	model_tier_init(&b, &to, 0, &sat);
	model_tier_take(&a, EXTENT, 16);
	model_tier_describe(&b, 0, &seen);
	assert_int_equal(seen.write_left_bytes[KV], 8738);
	assert_int_equal(model_tier_move(&a, &b, KV, EXTENT, true, 0, &sat), 0);
	assert_int_equal(model_tier_move(&a, &b, KV, EXTENT, true, 0, &sat), 0);
	assert_int_equal(model_tier_move(&a, &b, KV, EXTENT, true, 0, &sat), -EAGAIN);
	assert_int_equal(b.used_bytes, 2 * EXTENT);
	assert_int_equal(a.used_bytes, 14 * EXTENT);
	/* homes alone write nothing, and another class has its own share */
	assert_int_equal(model_tier_move(&a, &b, KV, EXTENT, false, 0, &sat), 0);
	assert_int_equal(model_tier_move(&a, &b, WEIGHTS, EXTENT, true, 0, &sat), 0);
	/* what a step has written is a debt, which a day does not pay */
	model_tier_access(&b, KV, TMODEL_WRITE, 0, 3 * EXTENT, false, &sat);
	model_tier_step(&b, 0, &sat);
	model_tier_describe(&b, TMODEL_NS_PER_DAY, &seen);
	assert_int_equal(seen.write_left_bytes[KV], 0);
	model_tier_describe(&b, 2 * TMODEL_NS_PER_DAY, &seen);
	/* 8738 - 2 x 4096 - 3 x 4096 + 2 x 8738 */
	assert_int_equal(seen.write_left_bytes[KV], 5734);
	assert_int_equal(model_tier_move(&a, &b, KV, EXTENT, true, 2 * TMODEL_NS_PER_DAY, &sat), 0);
	assert_int_equal(sat.count, 0);
}

static void a_ledger_is_the_difference_of_two_counts(void **state)
{
	const struct ledger_count sealed = {
		.class[WEIGHTS] = { .model_write_bytes = 500, .model_energy_uj = 7 },
		.energy_uj = 9, .host_bytes = 500, .media_bytes = 750, .cycles_milli = 11,
	};
	const struct ledger_count now = {
		.class[WEIGHTS] = { .model_read_bytes = 90, .model_write_bytes = 500,
				    .model_energy_uj = 17 },
		.class[KV] = { .model_write_bytes = 30, .model_in_bytes = 40,
			       .model_energy_uj = 5 },
		.energy_uj = 30, .host_bytes = 570, .media_bytes = 855, .cycles_milli = 13,
	};
	struct engine_tier of = flash();
	struct tmodel_sat sat = {};
	struct ledger_tier l;

	(void)state;
	ledger_tier_fill(&l, &of, &sealed, &now, 2 * TMODEL_NS_PER_MINUTE, &sat);
	assert_string_equal(l.name, "m0");
	assert_int_equal(l.class[WEIGHTS].model_read_bytes, 90);
	assert_int_equal(l.class[WEIGHTS].model_write_bytes, 0);
	assert_int_equal(l.class[KV].model_in_bytes, 40);
	assert_int_equal(l.load_bytes, 500);
	/* 21 in all, 10 + 5 of them for accesses */
	assert_int_equal(l.migration_uj, 6);
	assert_int_equal(l.idle_uj, 3000000ULL * 120);
	assert_int_equal(l.host_bytes, 70);
	assert_int_equal(l.media_bytes, 105);
	assert_int_equal(l.cycles_milli, 2);
	/* what is left of 8 cycles, at 105 bytes in two minutes */
	assert_true(l.lifetime.valid && l.lifetime.extrapolated);
	assert_int_equal(l.lifetime.seconds, (8 * 16 * EXTENT - 855) * 120 / 105);
	of = memory();
	ledger_tier_fill(&l, &of, &sealed, &now, 1, &sat);
	assert_int_equal(l.wears, 0);
	assert_int_equal(l.host_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_whole_extents),
		cmocka_unit_test(a_step_becomes_bytes_time_and_energy),
		cmocka_unit_test(moves_count_in_the_next_step),
		cmocka_unit_test(worn_flash_is_read_more_than_once),
		cmocka_unit_test(a_budget_refuses_moves_alone),
		cmocka_unit_test(a_ledger_is_the_difference_of_two_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
