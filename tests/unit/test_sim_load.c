// SPDX-License-Identifier: LGPL-2.1-or-later
/* Loads: what is drawn has the mean, spread and rate that were asked for. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/load.h"
#include "sim/run_args.h"
#include "sim/run_load.h"
#include "sim/run_scenario.h"

#define MANY	200000

static struct trace made(const struct load *l)
{
	struct engine_error e;
	struct trace t;

	assert_int_equal(0, load_make(l, &t, &e));
	assert_int_equal(l->requests, t.n);
	return t;
}

static void equal_lengths_at_once(void **state)
{
	const struct load l = { 3, { 7, 0 }, { 5, 0 }, 0, 1 };
	struct trace t = made(&l);
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(0, t.requests[i].arrival_ns);
		assert_int_equal(7, t.requests[i].input_tokens);
		assert_int_equal(5, t.requests[i].output_tokens);
		assert_int_equal(0, t.requests[i].n_hashes);
		assert_int_equal(i + 1, t.requests[i].line);
	}
	trace_free(&t);
}

static void lengths(const struct trace *t, double *mean, double *deviation)
{
	double sum = 0, squares = 0;
	size_t i;

	for (i = 0; i < t->n; i++) {
		sum += t->requests[i].input_tokens;
		squares += (double)t->requests[i].input_tokens * t->requests[i].input_tokens;
	}
	*mean = sum / (double)t->n;
	*deviation = sqrt(squares / (double)t->n - *mean * *mean);
}

/* Means of so many are near: within five of their standard errors. */
static void mean_and_spread(void **state)
{
	static const uint64_t spreads[] = { 100, 500, 1000 };
	double mean, deviation;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		const struct load l = { MANY, { 10000, spreads[i] }, { 1, 0 }, 0, 11 };
		struct trace t = made(&l);
		double want = 10.0 * (double)spreads[i];

		lengths(&t, &mean, &deviation);
		assert_true(fabs(mean - 10000) < 5 * want / sqrt(MANY));
		assert_true(fabs(deviation - want) < 0.05 * want);
		trace_free(&t);
	}
}

/* Half of what is lognormal lies below the median, exp(m): mean / sqrt(1 + spread^2). */
static void half_lies_below_the_median(void **state)
{
	const struct load l = { MANY, { 100000, 1000 }, { 1, 0 }, 0, 5 };
	struct trace t = made(&l);
	size_t i, below = 0;

	(void)state;
	for (i = 0; i < t.n; i++)
		below += t.requests[i].input_tokens < 70711;
	assert_true(fabs((double)below / MANY - 0.5) < 5 * 0.5 / sqrt(MANY));
	trace_free(&t);
}

/* Gaps of a Poisson process: the mean is 1 / rate, and a share of 1/e is longer. */
static void arrivals_are_poisson(void **state)
{
	const struct load l = { MANY, { 1, 0 }, { 1, 0 }, 4000, 3 };
	struct trace t = made(&l);
	uint64_t before = 0;
	size_t i, longer = 0;

	(void)state;
	for (i = 0; i < t.n; i++) {
		assert_true(t.requests[i].arrival_ns >= before);
		longer += t.requests[i].arrival_ns - before > 250000000;
		before = t.requests[i].arrival_ns;
	}
	assert_true(fabs((double)before / 1e9 - MANY / 4.0) < 5 * sqrt(MANY) / 4);
	assert_true(fabs((double)longer / MANY - exp(-1)) < 5 * 0.5 / sqrt(MANY));
	trace_free(&t);
}

static void the_seed_decides(void **state)
{
	const struct load l = { 100, { 1000, 500 }, { 100, 500 }, 1000, 7 };
	struct load other = l;
	struct trace a = made(&l), b = made(&l), c;

	(void)state;
	assert_memory_equal(a.requests, b.requests, a.n * sizeof(*a.requests));
	other.seed = 8;
	c = made(&other);
	assert_memory_not_equal(a.requests, c.requests, a.n * sizeof(*a.requests));
	trace_free(&a);
	trace_free(&b);
	trace_free(&c);
}

/* Another rate, or other answers, leave the prompts as they are. */
static void streams_are_apart(void **state)
{
	const struct load l = { 100, { 1000, 500 }, { 100, 500 }, 1000, 7 };
	const struct load other = { 100, { 1000, 500 }, { 100, 0 }, 9000, 7 };
	struct trace a = made(&l), b = made(&other);
	size_t i;

	(void)state;
	for (i = 0; i < 100; i++) {
		assert_int_equal(a.requests[i].input_tokens, b.requests[i].input_tokens);
		assert_true(b.requests[i].arrival_ns <= a.requests[i].arrival_ns / 9 + 1);
	}
	trace_free(&a);
	trace_free(&b);
}

static void lengths_stay_in_range(void **state)
{
	const struct load l = { MANY, { TRACE_TOKENS_MAX, 10000 }, { 1, 10000 }, 0, 1 };
	struct trace t = made(&l);
	size_t i, most = 0, least = 0;

	(void)state;
	for (i = 0; i < t.n; i++) {
		assert_in_range(t.requests[i].input_tokens, 1, TRACE_TOKENS_MAX);
		assert_in_range(t.requests[i].output_tokens, 1, TRACE_TOKENS_MAX);
		most += t.requests[i].input_tokens == TRACE_TOKENS_MAX;
		least += t.requests[i].output_tokens == 1;
	}
	assert_true(most > 0 && least > 0);
	trace_free(&t);
}

static void too_slow_is_refused(void **state)
{
	const struct load l = { 10000000, { 1, 0 }, { 1, 0 }, 1, 1 };
	struct engine_error e;
	struct trace t;

	(void)state;
	assert_int_equal(-EINVAL, load_make(&l, &t, &e));
	assert_non_null(strstr(e.text, "rate is 0.001: the last of 10000000 requests"));
	assert_null(t.requests);
}

/* ---- as options and in scenarios ---- */

static void rates_have_decimals(void **state)
{
	static const struct {
		const char *text;
		uint64_t milli;		/* 0 = refused */
	} rates[] = {
		{ "2", 2000 }, { "2.5", 2500 }, { "0.001", 1 }, { "1000000", 1000000000 },
		{ "2.", 2000 }, { "0", 0 }, { "0.0001", 0 }, { "1.0000", 0 }, { "1.2.3", 0 },
		{ "-1", 0 }, { "", 0 }, { ".5", 0 }, { "1e3", 0 }, { "1000000.001", 0 },
		{ "99999999999999999999", 0 },
	};
	struct run_args args = { 0 };
	struct engine_error e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		int want = rates[i].milli ? 0 : -EINVAL;

		args.number[RUN_RATE] = 0;
		assert_int_equal(want, run_args_set(&args, "rate", rates[i].text, &e));
		assert_int_equal(rates[i].milli, args.number[RUN_RATE]);
	}
	assert_int_equal(-EINVAL, run_args_set(&args, "devices", "1.5", &e));
}

static void trace_and_load_contradict(void **state)
{
	struct run_args args = { 0 };
	struct engine_error e;

	(void)state;
	assert_int_equal(0, run_args_set(&args, "trace", "x.jsonl", &e));
	assert_int_equal(-EINVAL, run_args_set(&args, "input", "5", &e));
	assert_non_null(strstr(e.text, "input is of a load"));
	assert_int_equal(0, run_args_set(&args, "seed", "5", &e));
	args = (struct run_args) { 0 };
	assert_int_equal(0, run_args_set(&args, "rate", "5", &e));
	assert_int_equal(-EINVAL, run_args_set(&args, "trace", "x.jsonl", &e));
	assert_non_null(strstr(e.text, "rate is of a load"));
}

/* What a scenario says gives way; what was said after it does not. */
static void a_scenario_gives_way(void **state)
{
	char path[] = "/tmp/test_sim_load.XXXXXX";
	int fd = mkstemp(path);
	struct run_args args = { 0 };
	struct engine_error e;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(18, write(fd, "requests=9\nrate=2\n", 18));
	close(fd);
	assert_int_equal(0, run_args_read(&args, path, &e));
	assert_true(run_load_given(&args));
	assert_int_equal(0, run_args_set(&args, "trace", "x.jsonl", &e));
	assert_false(run_load_given(&args));
	assert_int_equal(-EINVAL, run_args_set(&args, "rate", "5", &e));
	unlink(path);
	assert_int_equal(-ENOENT, run_scenario_read(&args, "no-such-scenario", &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_lengths_at_once),
		cmocka_unit_test(mean_and_spread),
		cmocka_unit_test(half_lies_below_the_median),
		cmocka_unit_test(arrivals_are_poisson),
		cmocka_unit_test(the_seed_decides),
		cmocka_unit_test(streams_are_apart),
		cmocka_unit_test(lengths_stay_in_range),
		cmocka_unit_test(too_slow_is_refused),
		cmocka_unit_test(rates_have_decimals),
		cmocka_unit_test(trace_and_load_contradict),
		cmocka_unit_test(a_scenario_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
