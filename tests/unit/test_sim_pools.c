// SPDX-License-Identifier: LGPL-2.1-or-later
/* Devices for prompts and others for answers, counted by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "shard_fixture.h"
#include "sim/pools.h"

#define US	1000
#define S_IN_US	1e6
#define SEND_US	50

/**
 * struct fixture - a system with @pools, and a trace that they serve
 */
struct fixture {
	struct sim_system system;
	struct model_config model;
	struct pools pools;
	struct serve_options options[POOLS];
	struct trace_request q[2];
	struct trace trace;
	struct serve_request out[2];
	struct serve_stats stats;
};

/* A byte takes a microsecond in memory, a message 50 us whatever its length. */
static void make(struct fixture *f, uint32_t devices, uint32_t prompts, struct shard_options of[])
{
	struct engine_error e;
	int i;

	memset(f, 0, sizeof(*f));
	f->model = shard_tiny();
	shard_system(&f->system, devices);
	f->system.network.send_ns = SEND_US * US;
	if (pools_lay_out(&f->pools, &f->system, prompts, &f->model, of, &e))
		fail_msg("%s", e.text);
	for (i = 0; i < POOLS; i++)
		f->options[i] = (struct serve_options) {
			.ranks = f->pools.shards[i].options.shard.dp,
			.max_batch = 8,
			.max_step_tokens = 64,
			.block_tokens = 4,
			.kv_blocks = f->pools.shards[i].kv_blocks,
		};
	f->options[POOL_ANSWERS].brought = true;
	f->q[0] = (struct trace_request) { .input_tokens = 4, .output_tokens = 3 };
	f->trace.requests = f->q;
	f->trace.n = 1;
}

static void must_serve(struct fixture *f)
{
	struct engine_error e = { 0 };

	if (pools_serve(&f->pools, &f->trace, f->options, f->out, &f->stats, &e))
		fail_msg("%s", e.text);
}

static void assert_us(uint64_t ns, uint64_t us)
{
	assert_in_range(ns, us * US, us * US + 5);
}

static double kv(double (*bytes)[ROOFLINE_CLASSES])
{
	return bytes[1][ROOFLINE_KV];
}

static struct shard_options *one_each(void)
{
	static struct shard_options of[POOLS];

	of[POOL_PROMPTS] = shard_tiny_options(1, 1, 1);
	of[POOL_ANSWERS] = shard_tiny_options(1, 1, 1);
	return of;
}

/*
 * The prompt takes 2672 + 64 bytes and KV of 4 tokens, 96 each, written and read; sending 50 us;
 * then two tokens with KV of 5 and of 6, before which what came is written.
 */
static void a_request_passes_both_pools(void **state)
{
	const uint64_t prompt = 2672 + 64 + 2 * 384, first = 2672 + 16 + 5 * 96 + 96 + 384;
	const uint64_t second = 2672 + 16 + 6 * 96 + 96;
	struct fixture f;
	struct shard both;

	(void)state;
	make(&f, 2, 1, one_each());
	must_serve(&f);
	assert_us(f.out[0].first_token_ns, prompt);
	assert_us(f.out[0].finish_ns, prompt + SEND_US + first + second);
	assert_us(f.stats.end_ns, prompt + SEND_US + first + second);
	assert_int_equal(f.stats.steps, 3);
	assert_int_equal(f.stats.answered, 2);
	assert_int_equal(f.pools.sent.n, 1);
	assert_true(f.pools.sent.bytes == 384);
	assert_true(f.pools.sent.peak_bytes == 384);
	assert_true(f.pools.sent.waited_s == 0);
	assert_int_equal(pools_join(&f.pools, &both), 0);
	assert_int_equal(both.groups, 2);
	assert_int_equal(both.n_stages, 2);
	assert_int_equal(both.stage[0].devices + both.stage[1].devices, 2);
	assert_int_equal(both.sums.steps, 3);
	/* What is sent is read once more, and written where it comes. */
	assert_true(kv(both.sums.bytes.read) == (4 + 4 + 5 + 6) * 96);
	assert_true(kv(both.sums.bytes.written) == (4 + 4 + 2) * 96);
	shard_free(&both);
	pools_free(&f.pools);
}

/* Two prompts of a step are done at the same time: one is sent after the other. */
static void a_group_sends_one_after_the_other(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, 2, 1, one_each());
	f.q[1] = f.q[0];
	f.trace.n = 2;
	must_serve(&f);
	assert_int_equal(f.out[0].first_token_ns, f.out[1].first_token_ns);
	assert_int_equal(f.pools.sent.n, 2);
	assert_true(f.pools.sent.waited_s * S_IN_US > 49.9 &&
		    f.pools.sent.waited_s * S_IN_US < 50.1);
	assert_true(f.pools.sent.peak_bytes == 2 * 384);
	assert_true(f.out[1].finish_ns > f.out[0].finish_ns);
	pools_free(&f.pools);
}

/* An answer of one token needs no other pool. */
static void one_token_stays_where_it_is(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, 2, 1, one_each());
	f.q[0].output_tokens = 1;
	must_serve(&f);
	assert_int_equal(f.pools.sent.n, 0);
	assert_us(f.out[0].finish_ns, 2672 + 64 + 2 * 384);
	assert_int_equal(f.stats.end_ns, f.out[0].finish_ns);
	pools_free(&f.pools);
}

/* Two devices send half each, but one receives all of it, 4 tokens of 96 bytes at a us each. */
static void the_busiest_device_says_how_long_it_takes(void **state)
{
	struct shard_options of[POOLS];
	struct fixture f;

	(void)state;
	of[POOL_PROMPTS] = shard_tiny_options(2, 1, 1);
	of[POOL_ANSWERS] = shard_tiny_options(1, 1, 1);
	make(&f, 3, 2, of);
	f.system.network.link_bps = 1000000;
	f.system.network.send_ns = 0;
	must_serve(&f);
	assert_true(f.pools.sent.seconds * S_IN_US > 383.9 &&
		    f.pools.sent.seconds * S_IN_US < 384.1);
	pools_free(&f.pools);
	of[POOL_ANSWERS] = shard_tiny_options(1, 2, 1);
	of[POOL_PROMPTS] = shard_tiny_options(1, 1, 1);
	make(&f, 3, 1, of);
	f.system.network.link_bps = 1000000;
	f.system.network.send_ns = 0;
	must_serve(&f);
	/* Stages of one and two layers receive their part; one device sends both. */
	assert_true(f.pools.sent.bytes == 384);
	assert_true(f.pools.sent.seconds * S_IN_US > 383.9 &&
		    f.pools.sent.seconds * S_IN_US < 384.1);
	pools_free(&f.pools);
}

/* The first block of diffusion comes out of the answers' pool, after both of its passes. */
static void blocks_begin_where_answers_are(void **state)
{
	const uint64_t prompt = 2672 + 64 + 2 * 384;
	const uint64_t pass = 2672 + 3 * 16 + 6 * 96;
	struct fixture f;

	(void)state;
	make(&f, 2, 1, one_each());
	f.options[POOL_ANSWERS].decoding = (struct serve_decoding) {
		.kind = SERVE_DIFFUSION, .block = 3, .passes = 2,
	};
	must_serve(&f);
	assert_us(f.out[0].first_token_ns, prompt + SEND_US + 2 * pass + 384 + 3 * 96);
	assert_int_equal(f.out[0].finish_ns, f.out[0].first_token_ns);
	pools_free(&f.pools);
}

/* A request that does not fit one of the pools is in none. */
static void who_fits_one_pool_only_is_rejected(void **state)
{
	struct fixture f;
	int i;

	(void)state;
	for (i = 0; i < POOLS; i++) {
		make(&f, 2, 1, one_each());
		f.q[1] = f.q[0];
		f.q[1].input_tokens = 40;
		f.trace.n = 2;
		f.options[i].kv_blocks = 9;
		must_serve(&f);
		assert_true(f.out[1].rejected);
		assert_false(f.out[0].rejected);
		assert_int_equal(f.stats.rejected, 1);
		assert_int_equal(f.pools.sent.n, 1);
		pools_free(&f.pools);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_passes_both_pools),
		cmocka_unit_test(a_group_sends_one_after_the_other),
		cmocka_unit_test(one_token_stays_where_it_is),
		cmocka_unit_test(the_busiest_device_says_how_long_it_takes),
		cmocka_unit_test(blocks_begin_where_answers_are),
		cmocka_unit_test(who_fits_one_pool_only_is_rejected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
