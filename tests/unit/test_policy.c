// SPDX-License-Identifier: LGPL-2.1-or-later
/* Placement policies: what moves, what does not, and that nothing goes back and forth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/terrace.h>

#include "engine/policy.h"
#include "engine/random.h"

#define ALL	(1U << TERRACE_CLASS_WEIGHTS | 1U << TERRACE_CLASS_KV)
#define SECOND	TMODEL_NS_PER_S
#define MOVES	64

enum { HBM, CXL, HBF, TIERS };

/* 10, 100 and 1000 extents of 10 bytes: the fastest, a slower one, and flash. */
static const struct policy_tier hierarchy[TIERS] = {
	[HBM] = { .online = true, .rank = 0, .classes = ALL, .capacity_bytes = 100,
		  .free_bytes = 100, .read_bps = 1000 },
	[CXL] = { .online = true, .rank = 1, .classes = ALL, .capacity_bytes = 1000,
		  .free_bytes = 1000, .read_bps = 50 },
	[HBF] = { .online = true, .rank = 2, .classes = 1U << TERRACE_CLASS_WEIGHTS,
		  .capacity_bytes = 10000, .free_bytes = 10000, .read_bps = 900,
		  .endurance_cycles = 100000 },
};

struct scene {
	struct policy_options o;
	struct policy_tier tiers[TIERS];
	struct policy_extent x[256];
	size_t n;
	struct policy_move moves[MOVES];
	size_t n_moves;
};

static void begin(struct scene *s, enum policy_kind kind)
{
	*s = (struct scene) {};
	policy_defaults(&s->o, kind);
	s->o.max_moves = MOVES;
	memcpy(s->tiers, hierarchy, sizeof(hierarchy));
}

static void put(struct scene *s, uint32_t tier, uint32_t class_id, uint64_t last_used_ns)
{
	assert_true(s->n < 256);
	assert_true(s->tiers[tier].free_bytes >= 10);
	s->tiers[tier].free_bytes -= 10;
	s->x[s->n++] = (struct policy_extent) {
		.bytes = 10,
		.last_used_ns = last_used_ns,
		.moved_ns = POLICY_NEVER,
		.heat = POLICY_HEAT_ACCESS,
		.tier = (uint16_t)tier,
		.class_id = (uint8_t)class_id,
	};
}

/* Decide, check what every decision must keep to, and carry it out. */
static void decide(struct scene *s, uint64_t now_ns)
{
	bool moved[256] = {};

	assert_int_equal(policy_decide(&s->o, s->tiers, TIERS, s->x, s->n, now_ns, s->moves,
				       &s->n_moves), 0);
	assert_true(s->n_moves <= s->o.max_moves);
	for (size_t i = 0; i < s->n_moves; i++) {
		const struct policy_move *m = &s->moves[i];
		struct policy_extent *x = &s->x[m->extent];

		assert_true(m->extent < s->n);
		assert_false(moved[m->extent]);
		moved[m->extent] = true;
		assert_false(x->fixed);
		assert_int_equal(m->from, x->tier);
		assert_int_not_equal(m->to, m->from);
		assert_true(s->tiers[m->to].online);
		assert_true(s->tiers[m->to].classes >> x->class_id & 1);
		assert_true(s->tiers[m->to].free_bytes >= x->bytes);
		assert_true(x->moved_ns == POLICY_NEVER || now_ns - x->moved_ns >= s->o.stay_ns);
		s->tiers[m->from].free_bytes += x->bytes;
		s->tiers[m->to].free_bytes -= x->bytes;
		x->tier = (uint16_t)m->to;
		x->moved_ns = now_ns;
	}
}

static size_t count_on(const struct scene *s, uint32_t tier)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->x[i].tier == tier;
	return n;
}

static void parses_names(void **state)
{
	(void)state;
	for (int kind = POLICY_STATIC; kind <= POLICY_CLASS; kind++)
		assert_int_equal(policy_parse(policy_name((enum policy_kind)kind)), kind);
	assert_int_equal(policy_parse("lfu"), -EINVAL);
	assert_int_equal(policy_parse(""), -EINVAL);
}

static void static_moves_nothing(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, POLICY_STATIC);
	for (int i = 0; i < 10; i++)
		put(&s, HBM, TERRACE_CLASS_KV, 0);
	put(&s, CXL, TERRACE_CLASS_KV, 100 * SECOND);
	decide(&s, 100 * SECOND);
	assert_int_equal(s.n_moves, 0);
}

static void lru_fills_room_with_what_was_used_last(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, POLICY_LRU);
	for (uint64_t i = 0; i < 20; i++)
		put(&s, CXL, TERRACE_CLASS_KV, (i + 1) * SECOND);
	decide(&s, 30 * SECOND);
	/* Up to the low watermark of 960 of 1000. */
	assert_int_equal(count_on(&s, HBM), 9);
	for (size_t i = 11; i < 20; i++)
		assert_int_equal(s.x[i].tier, HBM);
}

static void lru_relieves_a_full_tier(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, POLICY_LRU);
	for (uint64_t i = 0; i < 10; i++)
		put(&s, HBM, TERRACE_CLASS_KV, (10 - i) * SECOND);
	decide(&s, 30 * SECOND);
	assert_int_equal(s.n_moves, 1);
	assert_int_equal(s.moves[0].extent, 9);
	assert_int_equal(s.moves[0].to, CXL);
}

static void lru_exchanges_with_a_margin(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, POLICY_LRU);
	for (uint64_t i = 0; i < 9; i++)
		put(&s, HBM, TERRACE_CLASS_KV, 10 * SECOND + i);
	/* Later than what is there, but not by the margin. */
	put(&s, CXL, TERRACE_CLASS_KV, 10 * SECOND + s.o.margin_ns - 1);
	decide(&s, 30 * SECOND);
	assert_int_equal(s.n_moves, 0);
	s.x[9].last_used_ns = 10 * SECOND + s.o.margin_ns;
	decide(&s, 30 * SECOND);
	assert_int_equal(s.n_moves, 2);
	assert_int_equal(s.x[0].tier, CXL);
	assert_int_equal(s.x[9].tier, HBM);
}

/* A tier above its watermark gives room for the moment that an exchange takes. */
static void lru_exchanges_with_a_full_tier(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, POLICY_LRU);
	for (uint64_t i = 0; i < 9; i++)
		put(&s, HBM, TERRACE_CLASS_KV, 10 * SECOND + i);
	for (uint64_t i = 0; i < 98; i++)
		put(&s, CXL, TERRACE_CLASS_KV, 20 * SECOND + i);
	/* 20 bytes are left of 1000. */
	decide(&s, 30 * SECOND);
	assert_int_equal(s.n_moves, 18);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(s.x[i].tier, CXL);
	assert_int_equal(s.tiers[CXL].free_bytes, 20);

	/* Without any room there is no exchange. */
	begin(&s, POLICY_LRU);
	for (uint64_t i = 0; i < 9; i++)
		put(&s, HBM, TERRACE_CLASS_KV, 10 * SECOND + i);
	for (uint64_t i = 0; i < 98; i++)
		put(&s, CXL, TERRACE_CLASS_KV, 20 * SECOND + i);
	s.tiers[CXL].free_bytes = 9;
	s.o.high_permille = 1000;
	decide(&s, 30 * SECOND);
	assert_int_equal(s.n_moves, 0);
}

static void what_moved_stays_for_a_while(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, POLICY_LRU);
	put(&s, CXL, TERRACE_CLASS_KV, 10 * SECOND);
	s.x[0].moved_ns = 10 * SECOND;
	decide(&s, 10 * SECOND + s.o.stay_ns - 1);
	assert_int_equal(s.n_moves, 0);
	decide(&s, 10 * SECOND + s.o.stay_ns);
	assert_int_equal(s.n_moves, 1);
}

static void fixed_extents_do_not_move(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, POLICY_LRU);
	for (int i = 0; i < 10; i++)
		put(&s, HBM, TERRACE_CLASS_KV, SECOND);
	put(&s, CXL, TERRACE_CLASS_KV, 20 * SECOND);
	for (size_t i = 0; i < s.n; i++)
		s.x[i].fixed = true;
	decide(&s, 30 * SECOND);
	assert_int_equal(s.n_moves, 0);
}

static void class_sends_weights_to_flash_and_kv_to_the_fastest(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, POLICY_CLASS);
	for (int i = 0; i < 8; i++)
		put(&s, HBM, TERRACE_CLASS_WEIGHTS, 10 * SECOND);
	for (int i = 0; i < 8; i++)
		put(&s, CXL, TERRACE_CLASS_KV, 10 * SECOND);
	/* The first decision makes the room that the second one fills. */
	for (uint64_t i = 0; i < 4; i++)
		decide(&s, (10 + i * 2) * SECOND);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(s.x[i].tier, HBF);
	for (size_t i = 8; i < 16; i++)
		assert_int_equal(s.x[i].tier, HBM);
}

static void class_keeps_what_is_hot(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, POLICY_CLASS);
	for (int i = 0; i < 9; i++)
		put(&s, HBM, TERRACE_CLASS_KV, 10 * SECOND);
	put(&s, CXL, TERRACE_CLASS_KV, 10 * SECOND);
	/* Twice the heat and an access: the margin. */
	s.x[9].heat = 3 * POLICY_HEAT_ACCESS - 1;
	decide(&s, 10 * SECOND);
	assert_int_equal(s.n_moves, 0);
	s.x[9].heat++;
	decide(&s, 10 * SECOND);
	assert_int_equal(s.n_moves, 2);
	assert_int_equal(s.x[9].tier, HBM);
}

static void calls_are_bounded(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, POLICY_LRU);
	for (int i = 0; i < 20; i++)
		put(&s, CXL, TERRACE_CLASS_KV, SECOND);
	s.o.max_moves = 3;
	decide(&s, 30 * SECOND);
	assert_int_equal(s.n_moves, 3);
	s.o.max_bytes = 25;
	decide(&s, 60 * SECOND);
	assert_int_equal(s.n_moves, 2);
	/* Less than an extent: one at a time. */
	s.o.max_bytes = 1;
	decide(&s, 90 * SECOND);
	assert_int_equal(s.n_moves, 1);
	s.o.max_moves = 0;
	decide(&s, 120 * SECOND);
	assert_int_equal(s.n_moves, 0);
}

static void offline_tiers_take_no_part(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, POLICY_LRU);
	s.tiers[HBM].online = false;
	put(&s, CXL, TERRACE_CLASS_KV, SECOND);
	decide(&s, 30 * SECOND);
	assert_int_equal(s.n_moves, 0);
}

/* Extents that differ in how often they are used come to rest where they belong. */
static void class_comes_to_rest_under_a_steady_load(void **state)
{
	struct random random;

	(void)state;
	random_seed(&random, 99);
	for (int round = 0; round < 40; round++) {
		struct scene s;
		uint64_t now = SECOND;

		begin(&s, POLICY_CLASS);
		for (int i = 0; i < 60; i++)
			put(&s, i < 9 ? HBM : CXL, random_below(&random, 2), SECOND);
		for (int step = 0; step < 200; step++) {
			now += SECOND / 4;
			for (size_t i = 0; i < s.n; i++)
				if (!(step % (1 + i % 5)))
					policy_touch(&s.x[i], now, s.o.half_life_ns);
			decide(&s, now);
			assert_true(step < 150 || !s.n_moves);
		}
	}
}

/* All used in every step, more than fits: lru must not rotate them. */
static void a_cyclic_load_does_not_thrash(void **state)
{
	struct scene s;
	size_t moves = 0;

	(void)state;
	begin(&s, POLICY_LRU);
	for (int i = 0; i < 40; i++)
		put(&s, i < 9 ? HBM : CXL, TERRACE_CLASS_KV, SECOND);
	for (uint64_t step = 1; step < 500; step++) {
		uint64_t now = (step + 1) * SECOND / 20;

		for (size_t i = 0; i < s.n; i++)
			policy_touch(&s.x[i], now, s.o.half_life_ns);
		decide(&s, now);
		moves += s.n_moves;
	}
	assert_int_equal(moves, 0);
}

static void heat_decays_by_half_lives(void **state)
{
	struct policy_extent x = { .last_used_ns = 100, .heat = 1024 };

	(void)state;
	assert_int_equal(policy_heat(&x, 100, 50), 1024);
	assert_int_equal(policy_heat(&x, 150, 50), 512);
	assert_int_equal(policy_heat(&x, 125, 50), 768);
	assert_int_equal(policy_heat(&x, 200, 50), 256);
	assert_int_equal(policy_heat(&x, 100 + 50 * 40, 50), 0);
	assert_int_equal(policy_heat(&x, UINT64_MAX, 1), 0);
	assert_int_equal(policy_heat(&x, 10, 50), 1024);
	assert_int_equal(policy_heat(&x, UINT64_MAX, 0), 1024);
	policy_touch(&x, 150, 50);
	assert_int_equal(x.heat, 512 + POLICY_HEAT_ACCESS);
	assert_int_equal(x.last_used_ns, 150);
	x.heat = UINT32_MAX - 1;
	policy_touch(&x, 150, 0);
	assert_true(x.heat == UINT32_MAX);
	/* Time that goes back is not believed. */
	policy_touch(&x, 20, 50);
	assert_int_equal(x.last_used_ns, 150);
}

static void refuses_bad_input(void **state)
{
	struct scene good, s;

	(void)state;
	begin(&good, POLICY_LRU);
	put(&good, CXL, TERRACE_CLASS_KV, SECOND);

#define REFUSED(change)	do {									\
		s = good;									\
		change;										\
		assert_int_equal(policy_decide(&s.o, s.tiers, TIERS, s.x, s.n, 0, s.moves,	\
					       &s.n_moves), -EINVAL);				\
		assert_int_equal(s.n_moves, 0);							\
	} while (0)

	REFUSED(s.o.high_permille = 1001);
	REFUSED(s.o.low_permille = s.o.high_permille + 1);
	REFUSED(s.o.margin_permille = 1000);
	REFUSED(s.x[0].tier = TIERS);
	REFUSED(s.x[0].class_id = TMODEL_CLASSES);
	REFUSED(s.tiers[0].free_bytes = s.tiers[0].capacity_bytes + 1);
	REFUSED(s.o.kind = POLICY_CLASS + 1);
#undef REFUSED
}

/* Random scenes: what a decision must keep to is checked in decide(). */
static void random_scenes_keep_the_rules(void **state)
{
	struct random random;
	size_t moves = 0;

	(void)state;
	random_seed(&random, 5);
	for (int round = 0; round < 2000; round++) {
		struct scene s;

		begin(&s, round % 2 ? POLICY_LRU : POLICY_CLASS);
		s.o.max_moves = random_below(&random, MOVES);
		s.o.max_bytes = random_below(&random, 800);
		for (int i = 0; i < TIERS; i++) {
			s.tiers[i].classes = random_below(&random, 16);
			s.tiers[i].online = random_below(&random, 4);
			s.tiers[i].capacity_bytes = 20 * random_below(&random, 200);
			s.tiers[i].free_bytes = s.tiers[i].capacity_bytes;
		}
		for (int i = 0; i < 100; i++) {
			uint32_t tier = random_below(&random, TIERS);

			if (s.tiers[tier].free_bytes < 20)
				continue;
			put(&s, tier, random_below(&random, TMODEL_CLASSES),
			    random_below(&random, 50) * SECOND);
			s.x[s.n - 1].heat = random_below(&random, 5000);
			s.x[s.n - 1].fixed = !random_below(&random, 6);
			if (random_below(&random, 2)) {
				s.tiers[tier].free_bytes -= 10;
				s.x[s.n - 1].bytes = 20;
			}
		}
		decide(&s, 50 * SECOND);
		moves += s.n_moves;
	}
	assert_true(moves > 1000);
}

/* What a tier may not be written goes elsewhere, or stays. */
static void stays_within_the_write_budget(void **state)
{
	struct scene s;

	(void)state;
	for (int limited = 0; limited < 2; limited++) {
		begin(&s, POLICY_CLASS);
		s.tiers[CXL].online = false;
		s.tiers[HBF].write_limited = limited;
		s.tiers[HBF].write_left_bytes[TERRACE_CLASS_WEIGHTS] = 20;
		for (int i = 0; i < 10; i++)
			put(&s, HBM, TERRACE_CLASS_WEIGHTS, i);
		for (size_t i = 0; i < s.n; i++)
			policy_touch(&s.x[i], SECOND, s.o.half_life_ns);
		assert_int_equal(policy_decide(&s.o, s.tiers, TIERS, s.x, s.n, 10 * SECOND,
					       s.moves, &s.n_moves), 0);
		if (limited)
			assert_int_equal(s.n_moves, 2);
		else
			assert_true(s.n_moves > 2);
		for (size_t i = 0; i < s.n_moves; i++)
			assert_int_equal(s.moves[i].to, HBF);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_names),
		cmocka_unit_test(static_moves_nothing),
		cmocka_unit_test(lru_fills_room_with_what_was_used_last),
		cmocka_unit_test(lru_relieves_a_full_tier),
		cmocka_unit_test(lru_exchanges_with_a_margin),
		cmocka_unit_test(lru_exchanges_with_a_full_tier),
		cmocka_unit_test(what_moved_stays_for_a_while),
		cmocka_unit_test(fixed_extents_do_not_move),
		cmocka_unit_test(class_sends_weights_to_flash_and_kv_to_the_fastest),
		cmocka_unit_test(class_keeps_what_is_hot),
		cmocka_unit_test(calls_are_bounded),
		cmocka_unit_test(offline_tiers_take_no_part),
		cmocka_unit_test(class_comes_to_rest_under_a_steady_load),
		cmocka_unit_test(a_cyclic_load_does_not_thrash),
		cmocka_unit_test(heat_decays_by_half_lives),
		cmocka_unit_test(refuses_bad_input),
		cmocka_unit_test(random_scenes_keep_the_rules),
		cmocka_unit_test(stays_within_the_write_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
