// SPDX-License-Identifier: LGPL-2.1-or-later
/* Useful tokens, energy and wear of a run, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "sim/run_energy.h"
#include "sim/run_served.h"
#include "sim/run_wear.h"

#define MS	1000000ULL

static void assert_near(double value, double expected)
{
	if (!(fabs(value - expected) <= fabs(expected) / 1e9))
		fail_msg("%.12g is not %.12g", value, expected);
}

/* ---- requests ---- */

/* Arrive one after the other; a first token after @ttft ms, the rest @tpot ms each. */
static void add(struct trace *t, struct serve_request *out, uint32_t tokens, uint64_t ttft,
		uint64_t tpot)
{
	struct trace_request *spec = &t->requests[t->n];

	*spec = (struct trace_request) {
		.arrival_ns = t->n * MS, .input_tokens = 100, .output_tokens = tokens,
	};
	out[t->n] = (struct serve_request) {
		.taken_ns = spec->arrival_ns + MS / 2,
		.first_token_ns = spec->arrival_ns + ttft * MS,
		.finish_ns = spec->arrival_ns + (ttft + (tokens - 1) * tpot) * MS,
	};
	t->n++;
}

static void tokens_count_by_the_first_rule_they_break(void **state)
{
	const struct run_slo slo = { .ttft_ms = 100, .tpot_ms = 10 };
	struct trace_request specs[6];
	struct serve_request out[6];
	struct trace trace = { .requests = specs };
	struct run_served v;

	(void)state;
	add(&trace, out, 10, 100, 10);
	add(&trace, out, 20, 101, 10);
	add(&trace, out, 30, 100, 11);
	add(&trace, out, 40, 200, 20);
	add(&trace, out, 1, 50, 0);
	add(&trace, out, 60, 0, 0);
	out[5] = (struct serve_request) { .rejected = true };
	assert_int_equal(run_served(&trace, out, &slo, &v), 0);
	assert_int_equal(v.served, 5);
	assert_int_equal(v.prompt_tokens, 500);
	assert_int_equal(v.tokens, 101);
	assert_int_equal(v.useful, 11);
	assert_int_equal(v.first_late, 60);
	assert_int_equal(v.slow, 30);
	assert_int_equal(v.rejected, 60);
	assert_int_equal(v.ttft.n, 5);
	assert_near(v.ttft.mean, (100 + 101 + 100 + 200 + 50) / 5.0);
	assert_near(v.ttft.p50, 100);
	/* 50, 100, 100, 101, 200: 0.6 of the way from the fourth to the fifth. */
	assert_near(v.ttft.p90, 101 + 0.6 * 99);
	assert_int_equal(v.tpot.n, 4);
	assert_near(v.tpot.mean, (10 + 10 + 11 + 20) / 4.0);
}

static void nothing_has_no_latency(void **state)
{
	const struct run_slo slo = { .ttft_ms = 100, .tpot_ms = 10 };
	struct serve_request out = { .rejected = true };
	struct trace_request spec = { .input_tokens = 1, .output_tokens = 7 };
	struct trace trace = { .requests = &spec, .n = 1 };
	struct run_served v;

	(void)state;
	assert_int_equal(run_served(&trace, &out, &slo, &v), 0);
	assert_int_equal(v.tokens, 0);
	assert_int_equal(v.rejected, 7);
	assert_true(isnan(v.ttft.mean) && isnan(v.tpot.p99));
}

/* ---- energy and wear ---- */

/**
 * struct fixture - two devices with a tier of flash, laid out as TP 2
 */
struct fixture {
	struct sim_system system;
	struct model_config model;
	struct shard_stage stage;
	struct shard shard;
};

static void make(struct fixture *f)
{
	struct engine_tier *t = &f->system.tiers.tiers[0];

	memset(f, 0, sizeof(*f));
	f->system.devices = 2;
	f->system.tiers.n_tiers = 1;
	f->system.tiers.accel.active_uw = 100000000;
	f->system.tiers.accel.idle_uw = 10000000;
	tmodel_profile_init(&t->profile);
	t->profile.capacity_bytes = 1000000;
	t->profile.read_fj_per_bit = 700;
	t->profile.write_fj_per_bit = 1700;
	t->profile.link_fj_per_bit = 300;
	t->profile.idle_uw = 5000000;
	t->profile.endurance_cycles = 1000;
	t->profile.waf_permille = 2000;
	f->stage.stages = 1;
	f->stage.devices = 2;
	f->stage.weights.common = 400000;
	f->stage.share[0][ROOFLINE_WEIGHTS] = 1;
	f->shard.system = &f->system;
	f->shard.model = &f->model;
	f->shard.stage = &f->stage;
	f->shard.n_stages = 1;
	f->shard.options.shard = (struct capacity_shard) { 2, 1, 1 };
}

/* 10 s of two devices: 8 s computing, 12 s waiting; a picojoule a bit read, two a bit written. */
static void energy_is_power_and_bytes(void **state)
{
	struct run_energy e;
	struct fixture f;

	(void)state;
	make(&f);
	f.shard.sums.compute_s = 8;
	f.shard.sums.bytes.read[0][ROOFLINE_WEIGHTS] = 1e12;
	f.shard.sums.bytes.read[0][ROOFLINE_KV] = 2e12;
	f.shard.sums.bytes.written[0][ROOFLINE_KV] = 5e11;
	e = run_energy(&f.shard, 10);
	assert_near(e.computing, 8 * 100);
	assert_near(e.waiting, 12 * 10);
	assert_near(e.moved[0], 3 * 8 + 0.5 * 16);
	assert_near(e.idle[0], 20 * 5);
	assert_near(e.all, 800 + 120 + 24 + 8 + 100);
}

/* 600,000 bytes are rewritten, 1000 times, each byte written costs two. */
static void kv_wears_what_weights_leave(void **state)
{
	struct run_wear w;
	struct fixture f;

	(void)state;
	make(&f);
	f.shard.sums.bytes.written[0][ROOFLINE_KV] = 120000;
	w = run_wear(&f.shard, 0, 10);
	assert_near(w.written, 120000);
	assert_near(w.refreshed, 0);
	assert_near(w.life_used, 120000 * 2 / (2e6 * 1000));
	/* 6000 bytes/s to each device. */
	assert_near(w.life_s, 600000 * 1000.0 / 2 / 6000);
}

/* Weights of both devices are rewritten each 100 s: 500 times, until 1000 cycles are over. */
static void weights_are_refreshed(void **state)
{
	struct run_wear w;
	struct fixture f;

	(void)state;
	make(&f);
	f.system.tiers.tiers[0].profile.retention_s = 100;
	w = run_wear(&f.shard, 0, 10);
	assert_near(w.written, 0);
	assert_near(w.refreshed, 800000 * 10 / 100.0);
	assert_near(w.life_used, 80000 * 2 / (2e6 * 1000));
	assert_near(w.life_s, 100 * 1000 / 2.0);
	/* KV that leaves less time counts. */
	f.shard.sums.bytes.written[0][ROOFLINE_KV] = 1200000;
	assert_near(run_wear(&f.shard, 0, 10).life_s, 600000 * 1000.0 / 2 / 60000);
	f.stage.share[0][ROOFLINE_WEIGHTS] = 0;
	f.shard.sums.bytes.written[0][ROOFLINE_KV] = 0;
	assert_true(isinf(run_wear(&f.shard, 0, 10).life_s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_count_by_the_first_rule_they_break),
		cmocka_unit_test(nothing_has_no_latency),
		cmocka_unit_test(energy_is_power_and_bytes),
		cmocka_unit_test(kv_wears_what_weights_leave),
		cmocka_unit_test(weights_are_refreshed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
