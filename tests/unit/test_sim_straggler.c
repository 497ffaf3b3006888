// SPDX-License-Identifier: LGPL-2.1-or-later
/* What operations wait for stragglers: closed forms, numerical integrals, seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "sim/straggler.h"

#define EXACT	0.000000000001
#define US	0.000001
#define NS	0.000000001

static struct straggler exponential(uint64_t mean_ns)
{
	struct straggler s;

	straggler_init(&s);
	s.kind = STRAGGLER_EXPONENTIAL;
	s.mean_ns = mean_ns;
	return s;
}

static struct straggler lognormal(uint64_t median_ns, uint64_t sigma_permille)
{
	struct straggler s;

	straggler_init(&s);
	s.kind = STRAGGLER_LOGNORMAL;
	s.median_ns = median_ns;
	s.sigma_permille = sigma_permille;
	return s;
}

/* Evenly from 0 to @ns. */
static struct straggler even(uint64_t ns)
{
	struct straggler s;

	straggler_init(&s);
	s.kind = STRAGGLER_PERCENTILES;
	s.n_points = 2;
	s.points[1] = (struct straggler_point) { 1, ns };
	return s;
}

static void near_to(double ours, double expected, double tolerance)
{
	if (!(fabs(ours - expected) <= tolerance * fabs(expected)))
		fail_msg("%.12g is not %.12g", ours, expected);
}

/* Integral of 1 - F^n from 0 to @limit by the midpoint rule. */
static double integral(const struct straggler *s, uint64_t nodes, double limit)
{
	unsigned int i, steps = 200000;
	double sum = 0;

	for (i = 0; i < steps; i++)
		sum += 1 - pow(straggler_share(s, limit * (i + 0.5) / steps), nodes);
	return sum * limit / steps;
}

static void test_exponential(void **state)
{
	struct straggler s = exponential(1000);
	struct straggler_wait w = straggler_wait(&s, 4);

	(void)state;
	near_to(w.seconds, US * 25 / 12, EXACT);
	near_to(w.without, w.seconds, 0);
	assert_true(w.substituted == 0 && w.touched == 0 && w.kept == 0);
	near_to(straggler_wait(&s, 1).seconds, US, EXACT);
	/* ln n + Euler's constant */
	near_to(straggler_wait(&s, 1 << 20).seconds, US * (20 * M_LN2 + 0.5772156649), 0.000001);
	s.timeout_ns = 1000;
	w = straggler_wait(&s, 4);
	near_to(w.seconds, integral(&s, 4, US), 0.000001);
	near_to(w.without, US * 25 / 12, EXACT);
	near_to(w.substituted, exp(-1), EXACT);
	near_to(w.touched, 1 - pow(1 - exp(-1), 4), EXACT);
	assert_int_equal(w.kept, 3);
	s.substitute = SUBSTITUTE_ZERO;
	assert_int_equal(straggler_wait(&s, 4).kept, 0);
}

static void test_percentiles(void **state)
{
	struct straggler s = even(1000);

	(void)state;
	near_to(straggler_wait(&s, 1).seconds, 0.5 * US, EXACT);
	near_to(straggler_wait(&s, 9).seconds, 0.9 * US, EXACT);
	s.timeout_ns = 500;
	near_to(straggler_wait(&s, 1).seconds, 0.375 * US, EXACT);
	near_to(straggler_wait(&s, 1).substituted, 0.5, EXACT);
	near_to(straggler_wait(&s, 3).touched, 0.875, EXACT);
	s.timeout_ns = 2000;
	near_to(straggler_wait(&s, 9).seconds, 0.9 * US, EXACT);
	assert_true(straggler_wait(&s, 9).substituted == 0);
}

/* Several pieces, a jump among them, that begin above 0. */
static void test_pieces(void **state)
{
	struct straggler s = even(0);
	static const struct straggler_point points[] = {
		{ 0, 500 }, { 0.5, 700 }, { 0.9, 700 }, { 0.99, 4000 }, { 1, 9000 },
	};
	uint64_t nodes;

	(void)state;
	memcpy(s.points, points, sizeof(points));
	s.n_points = 5;
	assert_int_equal(straggler_check(&s, "test", NULL), 0);
	near_to(straggler_share(&s, 600 * NS), 0.25, 0.000000001);
	near_to(straggler_share(&s, 700 * NS), 0.9, 0.000000001);
	for (nodes = 1; nodes <= 1000; nodes *= 10) {
		s.timeout_ns = 0;
		near_to(straggler_wait(&s, nodes).seconds, integral(&s, nodes, 9 * US), 0.0001);
		s.timeout_ns = 3000;
		near_to(straggler_wait(&s, nodes).seconds, integral(&s, nodes, 3 * US), 0.0001);
		s.timeout_ns = 400;
		near_to(straggler_wait(&s, nodes).seconds, 400 * NS, EXACT);
		near_to(straggler_wait(&s, nodes).substituted, 1, EXACT);
		near_to(straggler_wait(&s, nodes).touched, 1, EXACT);
	}
}

static void test_lognormal(void **state)
{
	struct straggler s = lognormal(1000, 500);
	struct straggler_wait w;
	uint64_t nodes;

	(void)state;
	near_to(straggler_wait(&s, 1).seconds, US * exp(0.125), 0.002);
	for (nodes = 1; nodes <= 10000; nodes *= 10)
		near_to(straggler_wait(&s, nodes).seconds, integral(&s, nodes, 40 * US), 0.002);
	s.timeout_ns = 2000;
	w = straggler_wait(&s, 64);
	near_to(w.seconds, integral(&s, 64, 2 * US), 0.001);
	near_to(w.substituted, erfc(M_LN2 / 0.5 / M_SQRT2) / 2, EXACT);
}

static void test_seeds(void **state)
{
	struct straggler s = lognormal(1000, 800), other = s;

	(void)state;
	assert_true(straggler_wait(&s, 32).seconds == straggler_wait(&other, 32).seconds);
	other.seed = 1;
	assert_true(straggler_wait(&s, 32).seconds != straggler_wait(&other, 32).seconds);
	near_to(straggler_wait(&s, 32).seconds, straggler_wait(&other, 32).seconds, 0.02);
	s.samples = 1;
	assert_true(straggler_wait(&s, 32).seconds > 0);
}

static void test_nobody_late(void **state)
{
	struct straggler s;
	struct straggler_wait w;

	(void)state;
	straggler_init(&s);
	s.timeout_ns = 100;
	w = straggler_wait(&s, 1000);
	assert_true(w.seconds == 0 && w.without == 0 && w.substituted == 0 && w.touched == 0);
}

static void test_useful(void **state)
{
	struct straggler s = exponential(1000);
	struct straggler_wait w;

	(void)state;
	s.timeout_ns = 10000;
	w = straggler_wait(&s, 8);
	near_to(straggler_useful(&w, 160), pow(1 - exp(-10), 8 * 160), 0.000000001);
	/* One contribution in 18,000 spoils four of ten tokens. */
	s = lognormal(200, 700);
	s.timeout_ns = 3000;
	w = straggler_wait(&s, 64);
	near_to(1 / w.substituted, 18274, 0.001);
	near_to(straggler_useful(&w, 160), 0.571, 0.001);
	s.timeout_ns = 0;
	w = straggler_wait(&s, 8);
	assert_true(straggler_useful(&w, 160) == 1);
}

static void check_refused(struct straggler s, const char *const *words)
{
	struct engine_error e;

	assert_int_equal(straggler_check(&s, "late", &e), -EINVAL);
	for (; *words; words++)
		if (!strstr(e.text, *words))
			fail_msg("'%s' does not hold '%s'", e.text, *words);
}

#define CHECK_REFUSED(s, ...) \
	check_refused(s, (const char *const []) { "late: ", __VA_ARGS__, NULL })

static void test_refused(void **state)
{
	struct straggler s = even(1000);

	(void)state;
	CHECK_REFUSED(exponential(0), "mean_ns is 0", "from 1");
	CHECK_REFUSED(lognormal(0, 500), "median_ns");
	CHECK_REFUSED(lognormal(1000, 5000), "sigma_permille is 5000", "to 4000");
	s.points[1].share = 0.99;
	CHECK_REFUSED(s, "from 0 to 99", "end with 100");
	s.n_points = 1;
	CHECK_REFUSED(s, "1 percentiles", "from 2");
	s = even(1000);
	s.n_points = 3;
	s.points[2] = (struct straggler_point) { 1, 900 };
	CHECK_REFUSED(s, "100 with 900 ns", "must ascend");
	s = even(1000);
	s.timeout_ns = UINT64_MAX;
	CHECK_REFUSED(s, "timeout_ns");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exponential), cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_pieces), cmocka_unit_test(test_lognormal),
		cmocka_unit_test(test_seeds), cmocka_unit_test(test_nobody_late),
		cmocka_unit_test(test_useful), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
