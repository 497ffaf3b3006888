// SPDX-License-Identifier: LGPL-2.1-or-later
/* Serving: who takes part in which step, what is computed again, and what the work depends on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/random.h"
#include "sim/serve.h"

#define STEP_NS		100
#define STEPS_MAX	4096

/* What the callback was asked. */
struct record {
	struct serve_step step[STEPS_MAX];
	uint32_t engines[STEPS_MAX];
	size_t n;
};

static uint64_t step_ns(void *ctx, const struct serve_step *steps, uint32_t n)
{
	struct record *r = ctx;
	uint32_t i;

	assert_true(r->n < STEPS_MAX);
	r->engines[r->n] = n;
	for (i = 0; i < n; i++) {
		struct serve_step *sum = &r->step[r->n];

		sum->decodes += steps[i].decodes;
		sum->decode_context += steps[i].decode_context;
		sum->prefill_tokens += steps[i].prefill_tokens;
		sum->prefill_context += steps[i].prefill_context;
		sum->prefills += steps[i].prefills;
		sum->sampled += steps[i].sampled;
	}
	r->n++;
	return STEP_NS;
}

static const struct serve_options plain = {
	.ranks = 1, .max_batch = 8, .max_step_tokens = 16, .block_tokens = 4, .kv_blocks = 100,
};

static struct trace trace_of(struct trace_request *requests, size_t n)
{
	return (struct trace) { .requests = requests, .n = n };
}

static void must_serve(const struct trace *t, const struct serve_options *o, struct record *r,
		       struct serve_request *out, struct serve_stats *stats)
{
	const struct serve_time time = { step_ns, r };
	struct engine_error e = { 0 };

	memset(r, 0, sizeof(*r));
	if (serve(t, o, &time, out, stats, &e))
		fail_msg("%s", e.text);
}

static void expect_step(const struct record *r, size_t at, uint32_t decodes,
			uint64_t decode_context, uint32_t prefill_tokens, uint64_t prefill_context)
{
	assert_true(at < r->n);
	assert_int_equal(r->step[at].decodes, decodes);
	assert_int_equal(r->step[at].decode_context, decode_context);
	assert_int_equal(r->step[at].prefill_tokens, prefill_tokens);
	assert_int_equal(r->step[at].prefill_context, prefill_context);
}

/* ---- steps ---- */

static void one_request(void **state)
{
	struct trace_request q = { .arrival_ns = 7, .input_tokens = 20, .output_tokens = 3 };
	struct trace t = trace_of(&q, 1);
	struct serve_stats stats;
	struct serve_request out;
	struct record r;

	(void)state;
	must_serve(&t, &plain, &r, &out, &stats);
	assert_int_equal(r.n, 4);
	expect_step(&r, 0, 0, 0, 16, 16 * 17 / 2);
	expect_step(&r, 1, 0, 0, 4, 4 * 16 + 4 * 5 / 2);
	expect_step(&r, 2, 1, 21, 0, 0);
	expect_step(&r, 3, 1, 22, 0, 0);
	assert_int_equal(r.step[0].sampled, 0);
	assert_int_equal(r.step[1].sampled, 1);
	assert_int_equal(out.taken_ns, 7);
	assert_int_equal(out.scheduled_ns, 7);
	assert_int_equal(out.first_token_ns, 7 + 2 * STEP_NS);
	assert_int_equal(out.finish_ns, 7 + 4 * STEP_NS);
	assert_int_equal(stats.end_ns, out.finish_ns);
	assert_int_equal(stats.prefilled, 20);
	assert_int_equal(stats.decoded, 2);
}

static void an_answer_of_one_token(void **state)
{
	struct trace_request q = { .input_tokens = 4, .output_tokens = 1 };
	struct trace t = trace_of(&q, 1);
	struct serve_request out;
	struct record r;

	(void)state;
	must_serve(&t, &plain, &r, &out, NULL);
	assert_int_equal(r.n, 1);
	assert_int_equal(out.first_token_ns, STEP_NS);
	assert_int_equal(out.finish_ns, STEP_NS);
}

/* Decodes first, then prompts in pieces with what the budget leaves. */
static void two_requests_share_a_step(void **state)
{
	struct trace_request q[] = {
		{ .arrival_ns = 0, .input_tokens = 10, .output_tokens = 3 },
		{ .arrival_ns = 1, .input_tokens = 20, .output_tokens = 2 },
	};
	struct trace t = trace_of(q, 2);
	struct serve_request out[2];
	struct record r;

	(void)state;
	must_serve(&t, &plain, &r, out, NULL);
	expect_step(&r, 0, 0, 0, 10, 55);
	expect_step(&r, 1, 1, 11, 15, 120);
	expect_step(&r, 2, 1, 12, 5, 5 * 15 + 15);
	expect_step(&r, 3, 1, 21, 0, 0);
	assert_int_equal(r.n, 4);
	/* It is taken when the step ends that ran when it came. */
	assert_int_equal(out[1].taken_ns, STEP_NS);
	assert_int_equal(out[0].finish_ns, 3 * STEP_NS);
	assert_int_equal(out[1].finish_ns, 4 * STEP_NS);
}

static void the_batch_is_bounded(void **state)
{
	struct serve_options o = plain;
	struct trace_request q[5];
	struct serve_request out[5];
	struct serve_stats stats;
	struct trace t = trace_of(q, 5);
	struct record r;
	size_t i;

	(void)state;
	o.max_batch = 2;
	for (i = 0; i < 5; i++)
		q[i] = (struct trace_request) { .input_tokens = 2, .output_tokens = 4 };
	must_serve(&t, &o, &r, out, &stats);
	assert_int_equal(stats.peak_batch, 2);
	for (i = 0; i < r.n; i++)
		assert_true(r.step[i].decodes + r.step[i].prefills <= 2);
	/* Pairs one after the other, in the order of arrival. */
	for (i = 0; i < 5; i++)
		assert_int_equal(out[i].finish_ns, 4 * STEP_NS * (i / 2 + 1));
}

static void planned_ahead_counts_a_step_later(void **state)
{
	struct trace_request q[] = {
		{ .arrival_ns = 0, .input_tokens = 4, .output_tokens = 6 },
		{ .arrival_ns = 50, .input_tokens = 4, .output_tokens = 1 },
	};
	struct serve_options o = plain;
	struct trace t = trace_of(q, 2);
	struct serve_request out[2];
	struct record r;

	(void)state;
	must_serve(&t, &o, &r, out, NULL);
	assert_int_equal(out[1].first_token_ns, 2 * STEP_NS);
	o.ahead = true;
	must_serve(&t, &o, &r, out, NULL);
	assert_int_equal(out[1].taken_ns, STEP_NS);
	assert_int_equal(out[1].first_token_ns, 3 * STEP_NS);
	assert_int_equal(out[0].finish_ns, 6 * STEP_NS);
}

/* ---- blocks ---- */

/*
 * Room for 5 blocks of 4 tokens. Both prompts take 2; the first takes the last block when it
 * decodes, so the second gives way when it needs one, and comes back when the first is done.
 */
static void gives_way_and_computes_again(void **state)
{
	struct trace_request q[] = {
		{ .input_tokens = 8, .output_tokens = 5 },
		{ .input_tokens = 8, .output_tokens = 5 },
	};
	struct serve_options o = plain;
	struct trace t = trace_of(q, 2);
	struct serve_request out[2];
	struct serve_stats stats;
	struct record r;

	(void)state;
	o.kv_blocks = 5;
	must_serve(&t, &o, &r, out, &stats);
	assert_int_equal(stats.preemptions, 1);
	assert_int_equal(out[0].put_off, 0);
	assert_int_equal(out[1].put_off, 1);
	expect_step(&r, 0, 0, 0, 16, 2 * 36);
	expect_step(&r, 1, 1, 9, 0, 0);
	assert_int_equal(out[0].finish_ns, 5 * STEP_NS);
	/* Prompt and the one token it had: 9 of them, and then 3 more. */
	expect_step(&r, 5, 0, 0, 9, 45);
	assert_int_equal(stats.recomputed, 9);
	assert_int_equal(out[1].first_token_ns, STEP_NS);
	assert_int_equal(out[1].finish_ns, 9 * STEP_NS);
	assert_int_equal(r.n, 9);
}

/* Who gave way is before all who never ran, though these would fit. */
static void comes_back_first(void **state)
{
	struct trace_request q[] = {
		{ .input_tokens = 8, .output_tokens = 5 },
		{ .input_tokens = 8, .output_tokens = 5 },
		{ .input_tokens = 8, .output_tokens = 1 },
	};
	struct serve_options o = plain;
	struct trace t = trace_of(q, 3);
	struct serve_request out[3];
	struct record r;

	(void)state;
	o.kv_blocks = 5;
	must_serve(&t, &o, &r, out, NULL);
	assert_int_equal(out[1].put_off, 1);
	assert_int_equal(out[2].scheduled_ns, 5 * STEP_NS);
	expect_step(&r, 5, 0, 0, 16, 45 + 28);
}

static void finds_its_own_again(void **state)
{
	struct trace_request q[] = {
		{ .input_tokens = 8, .output_tokens = 4 },
		{ .input_tokens = 8, .output_tokens = 5 },
	};
	struct serve_options o = plain;
	struct trace t = trace_of(q, 2);
	struct serve_request out[2];
	struct serve_stats stats;
	struct record r;

	(void)state;
	o.kv_blocks = 5;
	o.prefix_caching = true;
	must_serve(&t, &o, &r, out, &stats);
	assert_int_equal(stats.preemptions, 1);
	/* Nobody needed the room of its two blocks: one token is computed. */
	assert_int_equal(stats.recomputed, 1);
	assert_int_equal(stats.cached_tokens, 8);
	assert_int_equal(out[1].cached_tokens, 0);
}

static void who_never_fits_is_rejected(void **state)
{
	struct trace_request q[] = {
		{ .input_tokens = 14, .output_tokens = 8 },
		{ .input_tokens = 14, .output_tokens = 7 },
	};
	struct serve_options o = plain;
	struct trace t = trace_of(q, 2);
	struct serve_request out[2];
	struct serve_stats stats;
	struct record r;

	(void)state;
	o.kv_blocks = 5;
	must_serve(&t, &o, &r, out, &stats);
	assert_true(out[0].rejected);
	assert_int_equal(out[0].finish_ns, 0);
	assert_false(out[1].rejected);
	assert_int_equal(out[1].finish_ns, 7 * STEP_NS);
	assert_int_equal(stats.rejected, 1);
}

/* The whole prompt has to fit, not only its first piece. */
static void waits_until_the_prompt_fits(void **state)
{
	struct trace_request q[] = {
		{ .input_tokens = 8, .output_tokens = 4 },
		{ .input_tokens = 20, .output_tokens = 1 },
		{ .input_tokens = 4, .output_tokens = 1 },
	};
	struct serve_options o = plain;
	struct trace t = trace_of(q, 3);
	struct serve_request out[3];
	struct record r;

	(void)state;
	o.kv_blocks = 6;
	must_serve(&t, &o, &r, out, NULL);
	assert_int_equal(out[0].finish_ns, 4 * STEP_NS);
	assert_int_equal(out[1].scheduled_ns, 4 * STEP_NS);
	/* First come, first served: who would fit does not overtake. */
	assert_int_equal(out[2].scheduled_ns, 5 * STEP_NS);
}

/* ---- prefixes ---- */

static void prompts_share_a_prefix(void **state)
{
	uint64_t hashes[] = { 1, 2, 1, 3, 1, 2 };
	struct trace_request q[] = {
		{ .input_tokens = 1024, .output_tokens = 2, .n_hashes = 2, .first_hash = 0 },
		{ .arrival_ns = 1, .input_tokens = 1000, .output_tokens = 2, .n_hashes = 2,
		  .first_hash = 2 },
		{ .arrival_ns = 1, .input_tokens = 1024, .output_tokens = 2, .n_hashes = 2,
		  .first_hash = 4 },
	};
	struct serve_options o = plain;
	struct trace t = { .requests = q, .n = 3, .hashes = hashes, .n_hashes = 6 };
	struct serve_request out[3];
	struct serve_stats stats;
	struct record r;

	(void)state;
	o.max_step_tokens = 4096;
	o.block_tokens = 16;
	o.kv_blocks = 1000;
	o.prefix_caching = true;
	must_serve(&t, &o, &r, out, &stats);
	assert_int_equal(out[0].cached_tokens, 0);
	assert_int_equal(out[1].cached_tokens, 512);
	/* All but the block of its last token. */
	assert_int_equal(out[2].cached_tokens, 1024 - 16);
	assert_int_equal(stats.prefilled, 1024 + 488 + 16);
	o.prefix_caching = false;
	must_serve(&t, &o, &r, out, &stats);
	assert_int_equal(stats.prefilled, 3048);
}

/* Tokens of a trace's block are no whole blocks of 24: nothing can be shared. */
static void odd_blocks_are_not_shared(void **state)
{
	uint64_t hashes[] = { 1, 1 };
	struct trace_request q[] = {
		{ .input_tokens = 512, .output_tokens = 1, .n_hashes = 1, .first_hash = 0 },
		{ .input_tokens = 512, .output_tokens = 1, .n_hashes = 1, .first_hash = 1 },
	};
	struct serve_options o = plain;
	struct trace t = { .requests = q, .n = 2, .hashes = hashes, .n_hashes = 2 };
	struct serve_request out[2];
	struct serve_stats stats;
	struct record r;

	(void)state;
	o.max_step_tokens = 512;
	o.block_tokens = 24;
	o.prefix_caching = true;
	must_serve(&t, &o, &r, out, &stats);
	assert_int_equal(stats.cached_tokens, 0);
	assert_int_equal(stats.prefilled, 1024);
}

/* ---- several engines ---- */

static void engines_share_the_requests(void **state)
{
	struct trace_request q[4];
	struct serve_options o = plain;
	struct trace t = trace_of(q, 4);
	struct serve_request out[4];
	struct serve_stats stats;
	struct record r;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		q[i] = (struct trace_request) { .input_tokens = 16, .output_tokens = 1 };
	o.ranks = 2;
	must_serve(&t, &o, &r, out, &stats);
	assert_int_equal(r.n, 4);
	assert_int_equal(r.engines[0], 1);
	assert_int_equal(stats.end_ns, 2 * STEP_NS);
	o.lockstep = true;
	must_serve(&t, &o, &r, out, &stats);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.engines[0], 2);
	expect_step(&r, 0, 0, 0, 32, 2 * 136);
	assert_int_equal(stats.end_ns, 2 * STEP_NS);
}

/* ---- all together ---- */

static void make_random(struct trace_request *q, size_t n, uint64_t seed, uint64_t *tokens)
{
	struct random random;
	uint64_t now = 0;
	size_t i;

	random_seed(&random, seed);
	*tokens = 0;
	for (i = 0; i < n; i++) {
		now += random_below(&random, 800);
		q[i] = (struct trace_request) {
			.arrival_ns = now,
			.input_tokens = 1 + random_below(&random, 60),
			.output_tokens = 1 + random_below(&random, 30),
		};
		*tokens += q[i].output_tokens;
	}
}

/* Every token of every answer comes out once, however often blocks run out. */
static void everything_is_served(void **state)
{
	enum { N = 150 };
	struct trace_request *q = calloc(N, sizeof(*q));
	struct serve_request *out = calloc(N, sizeof(*out)), *again = calloc(N, sizeof(*again));
	struct record *r = calloc(1, sizeof(*r));
	struct trace t = trace_of(q, N);
	uint64_t seed, preempted = 0;

	(void)state;
	for (seed = 1; seed <= 24; seed++) {
		const struct serve_options o = {
			.ranks = 1 + seed % 3, .lockstep = seed % 2, .max_batch = 6,
			.max_step_tokens = 20, .block_tokens = 1 + (uint32_t)seed % 5,
			.kv_blocks = 100, .ahead = seed % 4 < 2, .prefix_caching = seed % 8 < 4,
		};
		struct serve_stats stats, stats_again;
		uint64_t tokens, sampled = 0;
		size_t i;

		make_random(q, N, seed, &tokens);
		must_serve(&t, &o, r, again, &stats_again);
		must_serve(&t, &o, r, out, &stats);
		for (i = 0; i < r->n; i++) {
			sampled += r->step[i].sampled;
			assert_true(r->step[i].decodes + r->step[i].prefill_tokens <=
				    20 * r->engines[i]);
		}
		for (i = 0; i < N; i++) {
			if (out[i].rejected) {
				tokens -= q[i].output_tokens;
				continue;
			}
			assert_true(out[i].taken_ns >= q[i].arrival_ns);
			assert_true(out[i].scheduled_ns >= out[i].taken_ns);
			assert_true(out[i].first_token_ns > out[i].scheduled_ns);
			assert_true(out[i].finish_ns >= out[i].first_token_ns +
				    (q[i].output_tokens - 1) * (uint64_t)STEP_NS);
		}
		assert_int_equal(sampled, tokens);
		assert_memory_equal(&stats, &stats_again, sizeof(stats));
		assert_memory_equal(out, again, N * sizeof(*out));
		preempted += stats.preemptions;
	}
	assert_true(preempted > 100);
	free(q);
	free(out);
	free(again);
	free(r);
}

static uint64_t constant_ns(void *ctx, const struct serve_step *steps, uint32_t n)
{
	(void)ctx;
	(void)steps;
	return n * STEP_NS;
}

/* Requests that were looked at, when @batch of them decode for long at the same time. */
static uint64_t visits_of(uint32_t batch, size_t n)
{
	const struct serve_options o = {
		.ranks = 1, .max_batch = batch, .max_step_tokens = 8192, .block_tokens = 64,
		.kv_blocks = 1U << 20,
	};
	const struct serve_time time = { constant_ns, NULL };
	struct trace_request *q = calloc(n, sizeof(*q));
	struct serve_request *out = calloc(n, sizeof(*out));
	struct trace t = trace_of(q, n);
	struct serve_stats stats;
	size_t i;

	for (i = 0; i < n; i++)
		q[i] = (struct trace_request) { .input_tokens = 100, .output_tokens = 640 };
	assert_int_equal(serve(&t, &o, &time, out, &stats, NULL), 0);
	assert_int_equal(stats.decoded, n * 639);
	free(q);
	free(out);
	return stats.visits;
}

/* What is looked at is by request and block, not by request and step: 640 tokens are 10 blocks. */
static void work_grows_with_requests_alone(void **state)
{
	uint64_t few = visits_of(64, 500), many = visits_of(64, 2000), wide = visits_of(1024, 2000);

	(void)state;
	assert_true(few <= 500 * 20);
	assert_in_range(many, 4 * few - 200, 4 * few + 200);
	assert_in_range(wide, many - 500, many + 500);
}

/* The first that waits is not looked at again before it can have become better for it. */
static void who_does_not_fit_costs_nothing(void **state)
{
	const struct serve_options o = {
		.ranks = 1, .max_batch = 8, .max_step_tokens = 64, .block_tokens = 64,
		.kv_blocks = 20,
	};
	const struct serve_time time = { constant_ns, NULL };
	struct trace_request q[] = {
		{ .input_tokens = 64, .output_tokens = 1000 },
		{ .input_tokens = 1216, .output_tokens = 1 },
	};
	struct trace t = trace_of(q, 2);
	struct serve_request out[2];
	struct serve_stats stats;

	(void)state;
	assert_int_equal(serve(&t, &o, &time, out, &stats, NULL), 0);
	assert_int_equal(out[1].scheduled_ns, 1000 * STEP_NS);
	assert_true(stats.visits < 100);
}

static uint64_t forever(void *ctx, const struct serve_step *steps, uint32_t n)
{
	(void)ctx;
	(void)steps;
	(void)n;
	return UINT64_MAX;
}

static void refuses_what_it_cannot_do(void **state)
{
	struct trace_request q = { .input_tokens = 1, .output_tokens = 1 };
	const struct serve_time time = { forever, NULL };
	struct trace t = trace_of(&q, 1);
	struct engine_error e = { 0 };
	struct serve_request out;
	struct serve_options o = plain;

	(void)state;
	assert_int_equal(serve(&t, &o, &time, &out, NULL, &e), -EOVERFLOW);
	o.max_step_tokens = o.max_batch - 1;
	assert_int_equal(serve(&t, &o, &time, &out, NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, "take max_step_tokens of "));
	o = plain;
	o.ranks = 0;
	assert_int_equal(serve(&t, &o, &time, &out, NULL, &e), -EINVAL);
	o = plain;
	o.kv_blocks = 0;
	assert_int_equal(serve(&t, &o, &time, &out, NULL, &e), -EINVAL);
	o = plain;
	o.block_tokens = 0;
	assert_int_equal(serve(&t, &o, &time, &out, NULL, &e), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request),
		cmocka_unit_test(an_answer_of_one_token),
		cmocka_unit_test(two_requests_share_a_step),
		cmocka_unit_test(the_batch_is_bounded),
		cmocka_unit_test(planned_ahead_counts_a_step_later),
		cmocka_unit_test(gives_way_and_computes_again),
		cmocka_unit_test(comes_back_first),
		cmocka_unit_test(finds_its_own_again),
		cmocka_unit_test(who_never_fits_is_rejected),
		cmocka_unit_test(waits_until_the_prompt_fits),
		cmocka_unit_test(prompts_share_a_prefix),
		cmocka_unit_test(odd_blocks_are_not_shared),
		cmocka_unit_test(engines_share_the_requests),
		cmocka_unit_test(everything_is_served),
		cmocka_unit_test(work_grows_with_requests_alone),
		cmocka_unit_test(who_does_not_fit_costs_nothing),
		cmocka_unit_test(refuses_what_it_cannot_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
