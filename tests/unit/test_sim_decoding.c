// SPDX-License-Identifier: LGPL-2.1-or-later
/* Decoding by drafts and by diffusion: what a step computes, what comes out, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/random.h"
#include "sim/serve.h"

#define STEPS_MAX	65536

/* What the callback was asked; a step takes 100 ns and one more for each token. */
struct record {
	struct serve_step step[STEPS_MAX];
	size_t n;
};

static uint64_t step_ns(void *ctx, const struct serve_step *steps, uint32_t n)
{
	struct record *r = ctx;
	uint64_t ns = 100;
	uint32_t i;

	for (i = 0; i < n; i++) {
		assert_true(r->n < STEPS_MAX);
		r->step[r->n++] = steps[i];
		ns += serve_step_tokens(&steps[i]);
	}
	return ns;
}

static const struct serve_options plain = {
	.ranks = 1, .max_batch = 8, .max_step_tokens = 64, .block_tokens = 4, .kv_blocks = 200,
};

static struct serve_options speculative(uint32_t drafts, uint32_t acceptance)
{
	struct serve_options o = plain;

	o.decoding = (struct serve_decoding) {
		.kind = SERVE_SPECULATIVE, .drafts = drafts, .acceptance_permille = acceptance,
		.seed = 1,
	};
	return o;
}

static struct serve_options diffusion(uint32_t block, uint32_t passes)
{
	struct serve_options o = plain;

	o.decoding = (struct serve_decoding) {
		.kind = SERVE_DIFFUSION, .block = block, .passes = passes,
	};
	return o;
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

static struct trace_request one = { .input_tokens = 20, .output_tokens = 9 };
static const struct trace alone = { .requests = &one, .n = 1 };

static void expect_decode(const struct serve_step *s, uint32_t decodes, uint32_t beside,
			  uint64_t context, uint64_t reread, uint32_t unwritten)
{
	assert_int_equal(s->decodes, decodes);
	assert_int_equal(s->beside, beside);
	assert_int_equal(s->decode_context, context);
	assert_int_equal(s->reread, reread);
	assert_int_equal(s->unwritten, unwritten);
	assert_int_equal(s->prefill_tokens, 0);
}

/* ---- drafts ---- */

/*
 * A prompt of 20 and its first token; then 4 at a time, of which drafts are 3. The tokens of a step
 * attend to 21, 22, 23, 24, which is read once.
 */
static void all_drafts_are_accepted(void **state)
{
	struct record *r = calloc(1, sizeof(*r));
	struct serve_options o = speculative(3, 1000);
	struct serve_request out;
	struct serve_stats stats;

	(void)state;
	must_serve(&alone, &o, r, &out, &stats);
	assert_int_equal(r->n, 3);
	assert_int_equal(r->step[0].prefill_tokens, 20);
	assert_int_equal(r->step[0].sampled, 1);
	expect_decode(&r->step[1], 1, 3, 90, 90 - 24, 0);
	expect_decode(&r->step[2], 1, 3, 106, 106 - 28, 0);
	assert_int_equal(r->step[1].sampled, 4);
	assert_int_equal(out.first_token_ns, 120);
	assert_int_equal(out.finish_ns, 120 + 2 * 104);
	assert_int_equal(stats.decoded, 8);
	assert_int_equal(stats.answered, 8);
	assert_int_equal(stats.drafted, 6);
	assert_int_equal(stats.accepted, 6);
	assert_int_equal(stats.beyond, 0);
	free(r);
}

/* Two steps of 4 are enough for 7 tokens: one came out after the end. */
static void what_is_beyond_the_end_is_counted(void **state)
{
	struct record *r = calloc(1, sizeof(*r));
	struct serve_options o = speculative(3, 1000);
	struct trace_request q = { .input_tokens = 20, .output_tokens = 8 };
	struct trace t = { .requests = &q, .n = 1 };
	struct serve_request out;
	struct serve_stats stats;

	(void)state;
	must_serve(&t, &o, r, &out, &stats);
	assert_int_equal(r->n, 3);
	assert_int_equal(stats.answered, 7);
	assert_int_equal(stats.beyond, 1);
	free(r);
}

static void no_draft_is_accepted(void **state)
{
	struct record *r = calloc(1, sizeof(*r));
	struct serve_options o = speculative(3, 0);
	struct serve_request out;
	struct serve_stats stats;

	(void)state;
	must_serve(&alone, &o, r, &out, &stats);
	assert_int_equal(r->n, 1 + 8);
	expect_decode(&r->step[2], 1, 3, 22 + 23 + 24 + 25, 22 + 23 + 24, 0);
	assert_int_equal(stats.accepted, 0);
	assert_int_equal(stats.decoded, 32);
	assert_int_equal(out.finish_ns, 120 + 8 * 104);
	free(r);
}

/* ---- diffusion ---- */

/*
 * Blocks of 4 in 3 passes: the prompt of 20 takes 3 more with it, which is the first pass. 19
 * tokens are before the first block, whose 4 attend to 23; then 23 before the second, that attend
 * to 27. The third block has the last of 9 tokens, and 3 beyond.
 */
static void blocks_come_out_together(void **state)
{
	struct record *r = calloc(1, sizeof(*r));
	struct serve_options o = diffusion(4, 3);
	struct serve_request out;
	struct serve_stats stats;
	size_t i;

	(void)state;
	must_serve(&alone, &o, r, &out, &stats);
	assert_int_equal(r->n, 9);
	assert_int_equal(r->step[0].prefill_tokens, 23);
	/* The last 4 of 23 tokens attend to all of them. */
	assert_int_equal(r->step[0].prefill_context, 19 * 20 / 2 + 4 * 23);
	assert_int_equal(r->step[0].sampled, 4);
	assert_int_equal(r->step[0].unwritten, 3);
	expect_decode(&r->step[1], 1, 3, 4 * 23, 3 * 23, 4);
	expect_decode(&r->step[2], 1, 3, 4 * 23, 3 * 23, 0);
	for (i = 3; i < 9; i++)
		expect_decode(&r->step[i], 1, 3, 4 * (i < 6 ? 27 : 31), 3 * (i < 6 ? 27 : 31),
			      i % 3 < 2 ? 4 : 0);
	assert_int_equal(out.first_token_ns, 123 + 2 * 104);
	assert_int_equal(out.finish_ns, 123 + 8 * 104);
	assert_int_equal(stats.answered, 9);
	assert_int_equal(stats.beyond, 3);
	assert_int_equal(stats.turns, 8);
	assert_int_equal(stats.decoded, 32);
	free(r);
}

/* One block holds the whole answer: it comes at once. */
static void a_block_of_the_whole_answer(void **state)
{
	struct record *r = calloc(1, sizeof(*r));
	struct serve_options o = diffusion(9, 2);
	struct serve_request out;
	struct serve_stats stats;

	(void)state;
	o.max_batch = 7;
	must_serve(&alone, &o, r, &out, &stats);
	assert_int_equal(r->n, 2);
	assert_int_equal(out.first_token_ns, out.finish_ns);
	assert_int_equal(stats.beyond, 0);
	free(r);
}

/* A block has to be computed in a step, and its room taken before: 19 + 12 tokens are 8 blocks. */
static void who_never_fits_is_rejected(void **state)
{
	struct record *r = calloc(1, sizeof(*r));
	struct serve_options o = diffusion(4, 3);
	struct serve_request out;

	(void)state;
	o.kv_blocks = 8;
	must_serve(&alone, &o, r, &out, NULL);
	assert_false(out.rejected);
	o.kv_blocks = 7;
	must_serve(&alone, &o, r, &out, NULL);
	assert_true(out.rejected);
	/* 20 + 9 - 1 tokens, and 3 drafts behind the last one. */
	o = speculative(3, 0);
	o.kv_blocks = 8;
	must_serve(&alone, &o, r, &out, NULL);
	assert_false(out.rejected);
	o.kv_blocks = 7;
	must_serve(&alone, &o, r, &out, NULL);
	assert_true(out.rejected);
	free(r);
}

/* ---- prompts that were computed elsewhere ---- */

/* KV of 20 tokens comes; 8 of 9 are to be decoded. The blocks of 21 are taken at once. */
static void a_brought_prompt_is_not_computed(void **state)
{
	struct record *r = calloc(1, sizeof(*r));
	struct serve_options o = plain;
	struct serve_request out;
	struct serve_stats stats;
	size_t i;

	(void)state;
	o.brought = true;
	must_serve(&alone, &o, r, &out, &stats);
	assert_int_equal(r->n, 8);
	for (i = 0; i < 8; i++)
		expect_decode(&r->step[i], 1, 0, 21 + i, 0, 0);
	assert_int_equal(r->step[0].brought, 20);
	assert_int_equal(r->step[1].brought, 0);
	assert_int_equal(out.finish_ns, 8 * 101);
	assert_int_equal(stats.answered, 8);
	assert_int_equal(stats.prefilled, 0);
	/* Drafts go on behind it, blocks begin behind all but its last token. */
	o.decoding = speculative(3, 1000).decoding;
	must_serve(&alone, &o, r, &out, &stats);
	assert_int_equal(r->n, 2);
	expect_decode(&r->step[0], 1, 3, 90, 90 - 24, 0);
	assert_int_equal(r->step[0].brought, 20);
	o.decoding = diffusion(4, 3).decoding;
	must_serve(&alone, &o, r, &out, &stats);
	assert_int_equal(r->n, 9);
	expect_decode(&r->step[0], 1, 3, 4 * 23, 3 * 23, 4);
	expect_decode(&r->step[2], 1, 3, 4 * 23, 3 * 23, 0);
	assert_int_equal(out.first_token_ns, 3 * 104);
	free(r);
}

/*
 * Room for 5 blocks of 4 tokens, both prompts of 8 take 3 with the next token. So the second waits
 * for the first, which ends with 12 tokens.
 */
static void a_brought_prompt_waits_for_room(void **state)
{
	struct trace_request q[] = {
		{ .input_tokens = 8, .output_tokens = 5 },
		{ .input_tokens = 8, .output_tokens = 5 },
	};
	struct record *r = calloc(1, sizeof(*r));
	struct trace t = { .requests = q, .n = 2 };
	struct serve_options o = plain;
	struct serve_request out[2];
	struct serve_stats stats;

	(void)state;
	o.brought = true;
	o.kv_blocks = 5;
	must_serve(&t, &o, r, out, &stats);
	assert_int_equal(out[0].finish_ns, 4 * 101);
	assert_int_equal(out[1].scheduled_ns, 4 * 101);
	assert_int_equal(out[1].finish_ns, 8 * 101);
	assert_int_equal(stats.preemptions, 0);
	/* With a block more they begin together, but the second gives way and computes its own. */
	o.kv_blocks = 6;
	q[0].output_tokens = 9;
	q[1].output_tokens = 9;
	must_serve(&t, &o, r, out, &stats);
	assert_int_equal(stats.preemptions, 1);
	assert_int_equal(stats.recomputed, 8 + 5);
	assert_int_equal(r->step[0].brought, 16);
	assert_int_equal(out[0].finish_ns, 4 * 102 + 4 * 101);
	free(r);
}

/* ---- many requests ---- */

enum { MANY = 400 };

static void make_random(struct trace_request *q, uint64_t seed, uint64_t apart_ns)
{
	struct random random;
	uint64_t now = 0;
	size_t i;

	random_seed(&random, seed);
	for (i = 0; i < MANY; i++) {
		now += random_below(&random, (uint32_t)apart_ns);
		q[i] = (struct trace_request) {
			.arrival_ns = now,
			.input_tokens = 1 + random_below(&random, 60),
			.output_tokens = 1 + random_below(&random, 30),
		};
	}
}

/**
 * struct many - requests that were served
 */
struct many {
	struct trace_request q[MANY];
	struct serve_request out[MANY];
	struct serve_stats stats;
	struct record record;
};

static struct many *serve_many(struct serve_options o, uint64_t seed)
{
	struct many *m = calloc(1, sizeof(*m));
	struct trace t = { .requests = m->q, .n = MANY };
	size_t i;

	make_random(m->q, seed, 400);
	for (i = 0; o.brought && i < MANY; i++)
		m->q[i].output_tokens++;
	must_serve(&t, &o, &m->record, m->out, &m->stats);
	return m;
}

static struct serve_options varied(struct serve_options o, uint64_t seed)
{
	o.ranks = 1 + seed % 3;
	o.lockstep = seed % 2;
	o.block_tokens = 1 + (uint32_t)seed % 5;
	o.kv_blocks = 160 / o.block_tokens;
	o.ahead = seed % 4 < 2;
	o.prefix_caching = seed % 8 < 4;
	return o;
}

/* Without a draft, or with blocks of a token in one pass, steps and times are the same. */
static void one_token_a_step_is_autoregressive(void **state)
{
	uint64_t seed, put_off = 0;

	(void)state;
	for (seed = 1; seed <= 8; seed++) {
		struct many *m[3];
		size_t i;

		m[0] = serve_many(varied(plain, seed), seed);
		m[1] = serve_many(varied(speculative(0, 700), seed), seed);
		m[2] = serve_many(varied(diffusion(1, 1), seed), seed);
		for (i = 1; i < 3; i++) {
			assert_int_equal(m[i]->record.n, m[0]->record.n);
			assert_memory_equal(m[i]->record.step, m[0]->record.step,
					    sizeof(m[0]->record.step));
			assert_memory_equal(m[i]->out, m[0]->out, sizeof(m[0]->out));
			m[i]->stats.visits = m[0]->stats.visits;
			assert_memory_equal(&m[i]->stats, &m[0]->stats, sizeof(m[0]->stats));
		}
		put_off += m[0]->stats.preemptions;
		for (i = 0; i < 3; i++)
			free(m[i]);
	}
	assert_true(put_off > 500);
}

static uint64_t answers(const struct many *m)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < MANY; i++)
		if (!m->out[i].rejected)
			sum += m->q[i].output_tokens;
	return sum;
}

/* @first: first tokens come out here, not before. */
static void expect_served(const struct many *m, bool first)
{
	size_t i;

	for (i = 0; i < MANY; i++) {
		if (m->out[i].rejected)
			continue;
		assert_true((m->out[i].first_token_ns > m->out[i].scheduled_ns) == first);
		assert_true(m->out[i].finish_ns >= m->out[i].first_token_ns);
		assert_true(m->out[i].finish_ns > m->out[i].scheduled_ns);
	}
	for (i = 0; i < m->record.n; i++)
		assert_true(serve_step_tokens(&m->record.step[i]) <= 64);
}

/* Whatever is put off, each token that was computed is of an answer, rejected or beyond its end. */
static void all_tokens_are_accounted_for(void **state)
{
	uint64_t seed, put_off = 0;

	(void)state;
	for (seed = 1; seed <= 8; seed++) {
		struct serve_options o = varied(speculative(seed % 6, 700), seed);
		struct many *m = serve_many(o, seed);
		const struct serve_stats *s = &m->stats;

		expect_served(m, true);
		assert_int_equal(s->decoded, s->turns * (seed % 6 + 1));
		assert_int_equal(s->decoded, s->answered + s->beyond + s->drafted - s->accepted);
		/* The others come out of prompts, of those put off perhaps once more. */
		assert_in_range(answers(m) - s->answered, MANY - s->rejected,
				MANY - s->rejected + s->preemptions);
		put_off += s->preemptions;
		free(m);
		o = varied(diffusion(1 + seed % 7, 2 + seed % 3), seed);
		m = serve_many(o, seed);
		expect_served(m, true);
		assert_int_equal(m->stats.answered, answers(m));
		assert_int_equal(m->stats.decoded, m->stats.turns * (1 + seed % 7));
		put_off += m->stats.preemptions;
		free(m);
	}
	assert_true(put_off > 500);
}

/* The same when prompts come with their KV, but for those that are put off. */
static void brought_prompts_are_accounted_for(void **state)
{
	uint64_t seed, put_off = 0;

	(void)state;
	for (seed = 1; seed <= 12; seed++) {
		struct serve_options o = plain;
		uint64_t brought = 0, prompts = 0;
		struct many *m;
		size_t i;

		if (seed % 3 == 1)
			o = speculative(seed % 5, 700);
		else if (seed % 3 == 2)
			o = diffusion(1 + seed % 7, 2 + seed % 3);
		o = varied(o, seed);
		o.brought = true;
		m = serve_many(o, seed);
		expect_served(m, o.decoding.kind == SERVE_DIFFUSION);
		for (i = 0; i < m->record.n; i++)
			brought += m->record.step[i].brought;
		for (i = 0; i < MANY; i++)
			prompts += m->out[i].rejected ? 0 : m->q[i].input_tokens;
		assert_int_equal(brought, prompts);
		if (o.decoding.kind == SERVE_DIFFUSION)
			assert_int_equal(m->stats.answered, answers(m));
		else
			assert_in_range(answers(m) - m->stats.answered, MANY - m->stats.rejected,
					MANY - m->stats.rejected + m->stats.preemptions);
		assert_true(!m->stats.prefilled == !m->stats.preemptions);
		put_off += m->stats.preemptions;
		free(m);
	}
	assert_true(put_off > 500);
}

/*
 * Expected tokens of a step, (1 - a^(k+1)) / (1 - a) (Leviathan, Kalman, Matias: Fast Inference
 * from Transformers via Speculative Decoding, ICML 2023). With 1500 steps and a standard deviation
 * of a step below half of its mean, 5 % are four deviations of the mean, of seeds that are fixed.
 */
static void acceptance_is_as_expected(void **state)
{
	static const struct { uint32_t drafts, permille; } cases[] = {
		{ 1, 500 }, { 4, 600 }, { 4, 900 }, { 8, 800 },
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < 4; i++) {
		double a = cases[i].permille / 1000.0, k = cases[i].drafts;
		double expected = (1 - pow(a, k + 1)) / (1 - a);
		struct serve_options o = speculative(cases[i].drafts, cases[i].permille);
		struct many *m, *again, *other;

		o.max_batch = 7;
		m = serve_many(o, 1);
		again = serve_many(o, 1);
		o.decoding.seed = 2;
		other = serve_many(o, 1);
		assert_true(m->stats.turns > 1500);
		for (j = 0; j < 2; j++) {
			const struct serve_stats *s = j ? &other->stats : &m->stats;
			double tokens = (double)(s->answered + s->beyond) / (double)s->turns;

			assert_true(fabs(tokens / expected - 1) < 0.05);
		}
		assert_memory_equal(again, m, sizeof(*m));
		assert_true(other->stats.accepted != m->stats.accepted);
		free(m);
		free(again);
		free(other);
	}
}

static uint64_t constant_ns(void *ctx, const struct serve_step *steps, uint32_t n)
{
	(void)ctx;
	(void)steps;
	return n;
}

/* Requests that were looked at, when 500 of them decode 640 tokens each. */
static uint64_t visits_of(struct serve_decoding decoding, uint32_t batch)
{
	enum { N = 500 };
	const struct serve_options o = {
		.ranks = 1, .max_batch = batch, .max_step_tokens = 1U << 20, .block_tokens = 64,
		.kv_blocks = 1U << 20, .decoding = decoding,
	};
	const struct serve_time time = { constant_ns, NULL };
	struct trace_request *q = calloc(N, sizeof(*q));
	struct serve_request *out = calloc(N, sizeof(*out));
	struct trace t = { .requests = q, .n = N };
	struct serve_stats stats;
	size_t i;

	for (i = 0; i < N; i++)
		q[i] = (struct trace_request) { .input_tokens = 100, .output_tokens = 640 };
	assert_int_equal(serve(&t, &o, &time, out, &stats, NULL), 0);
	assert_int_equal(stats.answered, N * 640);
	free(q);
	free(out);
	return stats.visits;
}

/* Requests are looked at when a block begins and when it is done, whatever passes and batch are. */
static void work_grows_with_blocks_alone(void **state)
{
	struct serve_decoding d = { .kind = SERVE_DIFFUSION, .block = 32, .passes = 2 };
	uint64_t few = visits_of(d, 64), many, wide;

	(void)state;
	d.passes = 50;
	many = visits_of(d, 64);
	wide = visits_of(d, 500);
	assert_true(few <= 500 * (2 * 640 / 32 + 5));
	assert_int_equal(many, few);
	assert_in_range(wide, few - 500, few + 500);
}

static void refuses_what_it_cannot_do(void **state)
{
	struct serve_options bad[] = {
		speculative(SERVE_DRAFTS_MAX + 1, 500), speculative(1, 1001), diffusion(0, 1),
		diffusion(1, 0), speculative(8, 500),
	};
	struct serve_request out;
	struct engine_error e;
	static struct record none;
	const struct serve_time time = { step_ns, &none };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(serve(&alone, &bad[i], &time, &out, NULL, &e), -EINVAL);
	/* 8 requests of 9 tokens are more than 64. */
	assert_non_null(strstr(e.text, "that 8 requests decode"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_drafts_are_accepted),
		cmocka_unit_test(what_is_beyond_the_end_is_counted),
		cmocka_unit_test(no_draft_is_accepted),
		cmocka_unit_test(blocks_come_out_together),
		cmocka_unit_test(a_block_of_the_whole_answer),
		cmocka_unit_test(who_never_fits_is_rejected),
		cmocka_unit_test(a_brought_prompt_is_not_computed),
		cmocka_unit_test(a_brought_prompt_waits_for_room),
		cmocka_unit_test(one_token_a_step_is_autoregressive),
		cmocka_unit_test(all_tokens_are_accounted_for),
		cmocka_unit_test(brought_prompts_are_accounted_for),
		cmocka_unit_test(acceptance_is_as_expected),
		cmocka_unit_test(work_grows_with_blocks_alone),
		cmocka_unit_test(refuses_what_it_cannot_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
