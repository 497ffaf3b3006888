// SPDX-License-Identifier: LGPL-2.1-or-later
/* Heat of a stack: by hand, against a ladder integrated step by step, and as a derating. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "sim/thermal.h"

#define EXACT	0.000000000001

static void near_to(double ours, double expected, double tolerance)
{
	if (!(fabs(ours - expected) <= tolerance * fabs(expected)))
		fail_msg("%.12g is not %.12g", ours, expected);
}

static void test_materials(void **state)
{
	struct thermal_stack s;

	(void)state;
	thermal_init(&s, 12, 121);
	/* 20 um / (1.5 W/mK 121 mm2) and 50 um / (148 W/mK 121 mm2) */
	near_to(thermal_die_k_w(&s), 0.110193 + 0.002792, 0.00001);
	near_to(thermal_die_j_k(&s), 0.010043, 0.00001);
	assert_int_equal(thermal_check(&s, "stack", NULL), 0);
}

static void test_steady(void **state)
{
	struct thermal_stack s;

	(void)state;
	thermal_init(&s, 3, 100);
	s.die_um = 148;
	s.bond_um = 1.5;	/* 0.01 K/W each */
	near_to(thermal_die_k_w(&s), 0.02, EXACT);
	/* 30 W: 3 K at the sink, 30, 20 and 10 W through the dies. */
	near_to(thermal_steady_c(&s, 30), 45 + 3 + 0.6 + 0.4 + 0.2, EXACT);
	near_to(thermal_watts(&s), 40 / 0.14, EXACT);
	near_to(thermal_steady_c(&s, thermal_watts(&s)), 85, EXACT);
	near_to(thermal_steady_c(&s, 0), 45, EXACT);
}

/* One die is one resistor and one capacitor. */
static void test_one_die(void **state)
{
	struct thermal_stack s;
	double r, c, t;
	int i;

	(void)state;
	thermal_init(&s, 1, 100);
	r = thermal_die_k_w(&s);
	c = thermal_die_j_k(&s);
	for (i = 0; i < 15; i++) {
		t = i * r * c / 3;
		near_to(thermal_after_c(&s, 0, 50, t), 45 + 50 * r * (1 - exp(-t / (r * c))) +
			50 * 0.1 * (1 - exp(-t / 14.04)), EXACT);
	}
}

/* The hottest of the dies, by small steps, without the sink. */
static double integrated(const struct thermal_stack *s, double watts, double seconds)
{
	double rise[THERMAL_DIES_MAX + 2] = { 0 }, old[THERMAL_DIES_MAX + 2];
	double r = thermal_die_k_w(s), c = thermal_die_j_k(s);
	unsigned int i, step, steps = 20000;

	for (step = 0; step < steps; step++) {
		memcpy(old, rise, sizeof(old));
		old[s->dies + 1] = old[s->dies];
		for (i = 1; i <= s->dies; i++)
			rise[i] += seconds / steps / c * (watts / s->dies +
				   (old[i - 1] - old[i]) / r + (old[i + 1] - old[i]) / r);
	}
	return rise[s->dies];
}

static void test_ladder(void **state)
{
	struct thermal_stack s;
	double t = 0.0001, sink;
	int i;

	(void)state;
	thermal_init(&s, 16, 175.6);
	for (i = 0; i < 7; i++) {
		sink = 80 * 0.1 * (1 - exp(-t / 14.04));
		near_to(thermal_after_c(&s, 0, 80, t) - 45 - sink, integrated(&s, 80, t), 0.002);
		t *= 4;
	}
	near_to(thermal_after_c(&s, 0, 80, 0), 45, 0.000000001);
	near_to(thermal_after_c(&s, 0, 80, 1000), thermal_steady_c(&s, 80), EXACT);
}

/* Powers add up; cooling is heating with the sign changed. */
static void test_superposition(void **state)
{
	struct thermal_stack s;
	double t = 0.01, up, down;

	(void)state;
	thermal_init(&s, 8, 121);
	up = thermal_after_c(&s, 10, 40, t) - thermal_steady_c(&s, 10);
	down = thermal_steady_c(&s, 40) - thermal_after_c(&s, 40, 10, t);
	near_to(up, down, EXACT * 100);
	near_to(thermal_after_c(&s, 25, 25, t), thermal_steady_c(&s, 25), EXACT);
	assert_true(thermal_after_c(&s, 0, 40, 2 * t) > thermal_after_c(&s, 0, 40, t));
}

static struct tmodel_profile profile_of(uint64_t read_bps, uint64_t fj_per_bit, uint64_t idle_uw)
{
	struct tmodel_profile p;

	tmodel_profile_init(&p);
	p.read_bps = read_bps;
	p.read_fj_per_bit = fj_per_bit;
	p.idle_uw = idle_uw;
	return p;
}

static void test_derate(void **state)
{
	/* 1.6 TB/s at 5.9 pJ/bit are 75.52 W, with 3 W idle. */
	struct tmodel_profile p = profile_of(1600000000000, 5900, 3000000);
	struct thermal_stack s;
	uint32_t derate;

	(void)state;
	near_to(thermal_tier_watts(&p, 1000), 78.52, EXACT);
	near_to(thermal_tier_watts(&p, 0), 3, EXACT);
	thermal_init(&s, 16, 175.6);
	derate = thermal_derate(&s, &p, 1);
	assert_int_equal(derate, (uint32_t)((thermal_watts(&s) - 3) / 75.52 * 1000));
	assert_in_range(derate, 600, 700);
	assert_true(thermal_steady_c(&s, thermal_tier_watts(&p, derate)) <= 85);
	assert_true(thermal_steady_c(&s, thermal_tier_watts(&p, derate + 1)) > 85);
	assert_int_equal(tmodel_derated_bps(p.read_bps, derate), 1600000000ULL * derate);
	assert_int_equal(thermal_derate(&s, &p, 2), 1000);
	p.idle_uw = 60000000;
	assert_int_equal(thermal_derate(&s, &p, 1), 0);
	p = profile_of(1600000000000, 0, 3000000);
	assert_int_equal(thermal_derate(&s, &p, 1), 1000);
}

static void check_refused(struct thermal_stack s, const char *word, const char *other)
{
	struct engine_error e;

	assert_int_equal(thermal_check(&s, "stack", &e), -EINVAL);
	assert_non_null(strstr(e.text, word));
	assert_non_null(strstr(e.text, other));
}

static void test_refused(void **state)
{
	struct thermal_stack s;

	(void)state;
	thermal_init(&s, 0, 100);
	check_refused(s, "0 dies", "from 1 to 64");
	thermal_init(&s, 65, 100);
	check_refused(s, "65 dies", "from 1 to 64");
	thermal_init(&s, 8, 0);
	check_refused(s, "area_mm2 is 0", "more than 0");
	thermal_init(&s, 8, 100);
	s.sink_k_w = NAN;
	check_refused(s, "sink_k_w is nan", "more than 0");
	thermal_init(&s, 8, 100);
	s.ambient_c = 85;
	check_refused(s, "limit_c is 85", "higher");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_materials), cmocka_unit_test(test_steady),
		cmocka_unit_test(test_one_die), cmocka_unit_test(test_ladder),
		cmocka_unit_test(test_superposition), cmocka_unit_test(test_derate),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
