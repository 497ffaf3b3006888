// SPDX-License-Identifier: LGPL-2.1-or-later
/* Continuous batching: order, waiting, rejection, and what is conserved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/random.h"
#include "engine/scheduler.h"

#define STEP_NS 10

/* A trace of @n requests from an array; without hash ids. */
static struct trace trace_of(struct trace_request *requests, size_t n)
{
	return (struct trace) { .requests = requests, .n = n };
}

static struct sched *create(const struct trace *t, const struct sched_options *o,
			    const struct sched_hooks *hooks)
{
	struct engine_error e = {};
	struct sched *s;

	if (sched_create(t, o, hooks, &s, &e))
		fail_msg("%s", e.text);
	return s;
}

static void plan(struct sched *s, uint64_t now_ns, struct sched_plan *p)
{
	assert_int_equal(sched_plan_step(s, now_ns, p), 0);
}

/* ---- order and limits ---- */

static void decodes_first_then_prompts_in_pieces(void **state)
{
	struct trace_request requests[] = {
		{ .arrival_ns = 0, .input_tokens = 10, .output_tokens = 3 },
		{ .arrival_ns = 5, .input_tokens = 20, .output_tokens = 1 },
	};
	const struct sched_options o = {
		.max_batch = 4, .max_step_tokens = 12, .block_tokens = 4, .kv_blocks = 100,
	};
	struct trace t = trace_of(requests, 2);
	struct sched *s = create(&t, &o, NULL);
	struct sched_stats stats;
	struct sched_plan p;
	uint64_t arrival;

	(void)state;
	plan(s, 0, &p);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.items[0].tokens, 10);
	assert_true(p.items[0].prefill && p.items[0].sampled);
	assert_true(sched_next_arrival(s, &arrival));
	assert_int_equal(arrival, 5);
	assert_int_equal(sched_commit_step(s, 10), 0);
	assert_int_equal(sched_requests(s)[0].first_token_ns, 10);

	/* One decode and eleven tokens of the second prompt. */
	plan(s, 10, &p);
	assert_false(sched_next_arrival(s, &arrival));
	assert_int_equal(p.n, 2);
	assert_int_equal(p.tokens, 12);
	assert_int_equal(p.prefill_tokens, 11);
	assert_false(p.items[0].prefill);
	assert_true(p.items[0].sampled);
	assert_int_equal(p.items[0].context, 10);
	assert_true(p.items[1].prefill);
	assert_false(p.items[1].sampled);
	assert_int_equal(sched_commit_step(s, 20), 0);

	/* The rest of the prompt produces the only token of the second answer. */
	plan(s, 20, &p);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.items[1].tokens, 9);
	assert_int_equal(p.items[1].context, 11);
	assert_true(p.items[1].sampled);
	assert_int_equal(sched_commit_step(s, 30), 0);

	assert_true(sched_done(s));
	plan(s, 30, &p);
	assert_int_equal(p.n, 0);
	assert_int_equal(sched_requests(s)[1].first_token_ns, 30);
	assert_int_equal(sched_requests(s)[1].finish_ns, 30);
	sched_get_stats(s, &stats);
	assert_int_equal(stats.produced_tokens, 4);
	assert_int_equal(stats.prefilled_tokens, 30);
	assert_int_equal(stats.peak_batch, 2);
	sched_free(s);
}

static void who_does_not_fit_waits_and_all_behind(void **state)
{
	/* Blocks of 10 tokens: 3, 3 and 1 of them, of 5. */
	struct trace_request requests[] = {
		{ .input_tokens = 25, .output_tokens = 2 },
		{ .input_tokens = 25, .output_tokens = 2 },
		{ .input_tokens = 2, .output_tokens = 2 },
	};
	const struct sched_options o = {
		.max_batch = 4, .max_step_tokens = 1000, .block_tokens = 10, .kv_blocks = 5,
	};
	struct trace t = trace_of(requests, 3);
	struct sched *s = create(&t, &o, NULL);
	struct sched_plan p;

	(void)state;
	for (int step = 0; step < 2; step++) {
		plan(s, 0, &p);
		assert_int_equal(p.n, 1);
		assert_int_equal(p.items[0].request, 0);
		assert_int_equal(sched_requests(s)[2].state, SCHED_WAITING);
		assert_int_equal(sched_commit_step(s, 1), 0);
	}
	plan(s, 2, &p);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.items[0].request, 1);
	assert_int_equal(p.items[1].request, 2);
	sched_free(s);
}

static void who_can_never_fit_is_rejected(void **state)
{
	/* 51 - 1 tokens of KV take all 5 blocks; one more does not fit. */
	struct trace_request requests[] = {
		{ .input_tokens = 50, .output_tokens = 2 },
		{ .input_tokens = 50, .output_tokens = 1 },
		{ .input_tokens = TRACE_TOKENS_MAX, .output_tokens = TRACE_TOKENS_MAX },
	};
	const struct sched_options o = {
		.max_batch = 4, .max_step_tokens = 1000, .block_tokens = 10, .kv_blocks = 5,
	};
	struct trace t = trace_of(requests, 3);
	struct sched *s = create(&t, &o, NULL);
	struct sched_stats stats;
	struct sched_plan p;

	(void)state;
	plan(s, 0, &p);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.items[0].request, 1);
	assert_int_equal(sched_commit_step(s, 1), 0);
	assert_true(sched_done(s));
	sched_get_stats(s, &stats);
	assert_int_equal(stats.arrived, 3);
	assert_int_equal(stats.rejected, 2);
	assert_int_equal(stats.finished, 1);
	assert_int_equal(stats.rejected_tokens, 52 + 2ULL * TRACE_TOKENS_MAX);
	assert_int_equal(sched_requests(s)[0].state, SCHED_REJECTED);
	sched_free(s);
}

static void batch_is_bounded(void **state)
{
	struct trace_request requests[5];
	const struct sched_options o = {
		.max_batch = 2, .max_step_tokens = 2, .block_tokens = 16, .kv_blocks = 100,
	};
	struct trace t = trace_of(requests, 5);
	struct sched_stats stats;
	struct sched_plan p;
	struct sched *s;

	(void)state;
	for (int i = 0; i < 5; i++)
		requests[i] = (struct trace_request) { .input_tokens = 3, .output_tokens = 4 };
	s = create(&t, &o, NULL);
	for (uint64_t now = 0; !sched_done(s); now++) {
		assert_true(now < 1000);
		plan(s, now, &p);
		assert_in_range(p.n, 1, 2);
		assert_in_range(p.tokens, 1, 2);
		assert_int_equal(sched_commit_step(s, now), 0);
	}
	sched_get_stats(s, &stats);
	assert_int_equal(stats.peak_batch, 2);
	sched_free(s);
}

static void refuses_bad_options(void **state)
{
	const struct sched_options good = {
		.max_batch = 2, .max_step_tokens = 2, .block_tokens = TRACE_BLOCK_TOKENS,
		.kv_blocks = 1, .share_prefixes = true,
	};
	struct trace_request request = { .input_tokens = 1, .output_tokens = 1 };
	struct trace t = trace_of(&request, 1);
	struct sched_options bad[6];
	struct sched *s;

	(void)state;
	for (int i = 0; i < 6; i++)
		bad[i] = good;
	bad[0].max_batch = 0;
	bad[1].max_batch = SCHED_BATCH_MAX + 1;
	bad[2].max_step_tokens = 1;
	bad[3].block_tokens = 16;
	bad[4].kv_blocks = 0;
	bad[5].block_tokens = 0;
	for (int i = 0; i < 6; i++) {
		struct engine_error e = {};

		assert_int_equal(sched_create(&t, &bad[i], NULL, &s, &e), -EINVAL);
		assert_true(*e.text);
		assert_null(s);
	}
	sched_free(create(&t, &good, NULL));
	sched_free(NULL);
}

/* ---- sharing ---- */

#define BLOCK TRACE_BLOCK_TOKENS

/* What the hook saw: holders and content of each block. */
struct blocks {
	uint32_t n;
	int *holds;
	uint64_t *content;
	uint64_t events[4];
	int fail_at;
};

static int note_block(void *ctx, enum sched_kv_event event, const struct sched_block *block)
{
	struct blocks *b = ctx;
	uint32_t i = block->number;

	assert_true(i < b->n);
	b->events[event]++;
	if (b->fail_at && !--b->fail_at)
		return -EIO;
	switch (event) {
	case SCHED_KV_TAKE:
		assert_int_equal(b->holds[i], 0);
		b->holds[i] = 1;
		b->content[i] = block->content;
		break;
	case SCHED_KV_SHARE:
		/* What is shared is what was put there. */
		assert_true(b->content[i] == block->content);
		b->holds[i]++;
		break;
	case SCHED_KV_PUT:
		assert_true(b->holds[i]-- > 0);
		break;
	case SCHED_KV_FREE:
		assert_int_equal(b->holds[i]--, 1);
		b->content[i] = 0;
		break;
	}
	return 0;
}

static void blocks_init(struct blocks *b, uint32_t n)
{
	*b = (struct blocks) { .n = n };
	b->holds = calloc(n, sizeof(*b->holds));
	b->content = calloc(n, sizeof(*b->content));
	assert_non_null(b->holds);
	assert_non_null(b->content);
}

static void blocks_free(struct blocks *b)
{
	free(b->holds);
	free(b->content);
}

static void shares_whole_blocks_of_a_prefix(void **state)
{
	/* Two blocks and a bit; exactly the same two blocks; the first block alone. */
	uint64_t hashes[] = { 1, 2, 3, 1, 2, 1 };
	struct trace_request requests[] = {
		{ .arrival_ns = 0, .input_tokens = 2 * BLOCK + 9, .output_tokens = 1,
		  .n_hashes = 3, .first_hash = 0 },
		{ .arrival_ns = 100, .input_tokens = 2 * BLOCK, .output_tokens = 1,
		  .n_hashes = 2, .first_hash = 3 },
		{ .arrival_ns = 200, .input_tokens = BLOCK, .output_tokens = 5,
		  .n_hashes = 1, .first_hash = 5 },
	};
	const struct sched_options o = {
		.max_batch = 4, .max_step_tokens = 10 * BLOCK, .block_tokens = BLOCK,
		.kv_blocks = 10, .share_prefixes = true,
	};
	struct trace t = trace_of(requests, 3);
	struct prefix_stats prefix;
	struct sched_plan p;
	struct blocks b;
	struct sched *s;

	(void)state;
	t.hashes = hashes;
	t.n_hashes = 6;
	blocks_init(&b, 10);
	s = create(&t, &o, &(struct sched_hooks) { .kv = note_block, .ctx = &b });
	plan(s, 0, &p);
	assert_int_equal(sched_commit_step(s, 1), 0);

	/* The block of the prompt's last token is computed again. */
	plan(s, 100, &p);
	assert_int_equal(p.items[0].context, BLOCK);
	assert_int_equal(p.items[0].tokens, BLOCK);
	assert_int_equal(sched_requests(s)[1].cached_tokens, BLOCK);
	assert_int_equal(sched_commit_step(s, 101), 0);

	plan(s, 200, &p);
	assert_int_equal(p.items[0].context, 0);
	assert_int_equal(b.events[SCHED_KV_SHARE], 1);
	sched_prefix_stats(s, &prefix);
	/* Whole blocks asked for: 2, 2, 1; shared: the first of the second prompt. */
	assert_int_equal(prefix.lookups, 5);
	assert_int_equal(prefix.hits, 1);
	sched_free(s);
	blocks_free(&b);
}

static void a_failing_hook_ends_the_call(void **state)
{
	struct trace_request request = { .input_tokens = 100, .output_tokens = 100 };
	const struct sched_options o = {
		.max_batch = 1, .max_step_tokens = 100, .block_tokens = 10, .kv_blocks = 50,
	};
	struct trace t = trace_of(&request, 1);
	struct sched_plan p;
	struct blocks b;
	struct sched *s;

	(void)state;
	blocks_init(&b, 50);
	b.fail_at = 7;
	s = create(&t, &o, &(struct sched_hooks) { .kv = note_block, .ctx = &b });
	assert_int_equal(sched_plan_step(s, 0, &p), -EIO);
	sched_free(s);
	blocks_free(&b);
}

/* ---- properties over random traces ---- */

static void make_trace(struct trace *t, struct random *random)
{
	uint64_t now = 0;

	*t = (struct trace) { .n = 1 + random_below(random, 60) };
	t->requests = calloc(t->n, sizeof(*t->requests));
	t->hashes = calloc(t->n * 8, sizeof(*t->hashes));
	assert_non_null(t->requests);
	assert_non_null(t->hashes);
	for (size_t i = 0; i < t->n; i++) {
		struct trace_request *q = &t->requests[i];
		const struct trace_request *old =
			&t->requests[random_below(random, (uint32_t)i + 1)];
		uint32_t common = random_below(random, old->n_hashes + 1);

		now += random_below(random, 40);
		*q = (struct trace_request) {
			.arrival_ns = now,
			.input_tokens = 1 + random_below(random, 6 * BLOCK),
			.output_tokens = 1 + random_below(random, 80),
			.first_hash = t->n_hashes,
		};
		if (!random_below(random, 8))
			q->input_tokens = BLOCK * (1 + random_below(random, 5));
		q->n_hashes = (q->input_tokens + BLOCK - 1) / BLOCK;
		for (uint32_t k = 0; k < q->n_hashes; k++)
			t->hashes[t->n_hashes++] = k < common ? t->hashes[old->first_hash + k] :
							       random_next(random);
	}
}

/* A plan keeps the limits and does for each request what comes next. */
static void check_plan(const struct sched *s, const struct sched_options *o,
		       const struct sched_plan *p)
{
	const struct sched_request *requests = sched_requests(s);
	uint64_t tokens = 0;

	assert_true(p->n <= o->max_batch);
	assert_true(p->tokens <= o->max_step_tokens);
	for (size_t i = 0; i < p->n; i++) {
		const struct sched_item *item = &p->items[i];
		const struct sched_request *q = &requests[item->request];

		tokens += item->tokens;
		assert_int_equal(item->context, q->context);
		assert_true(item->prefill || item->tokens == 1);
		assert_true((uint64_t)q->n_blocks * o->block_tokens >=
			    item->context + item->tokens);
	}
	assert_int_equal(tokens, p->tokens);
}

/* First come, first served: nobody enters the batch before somebody who came earlier. */
static void check_order(const struct sched *s, const struct trace *t)
{
	const struct sched_request *requests = sched_requests(s);
	bool waits = false;

	for (size_t i = 0; i < t->n; i++) {
		if (requests[i].state == SCHED_REJECTED)
			continue;
		if (requests[i].state <= SCHED_WAITING)
			waits = true;
		else
			assert_false(waits);
	}
}

static void run_all(struct sched *s, const struct trace *t, const struct sched_options *o,
		    struct random *random)
{
	uint64_t now = 0;
	struct sched_plan p;

	for (int step = 0; !sched_done(s); step++) {
		assert_true(step < 100000);
		plan(s, now, &p);
		check_plan(s, o, &p);
		check_order(s, t);
		if (!p.n && !sched_done(s)) {
			uint64_t arrival;

			assert_true(sched_next_arrival(s, &arrival));
			assert_true(arrival > now);
			now = arrival;
			continue;
		}
		now += random_below(random, STEP_NS);
		assert_int_equal(sched_commit_step(s, now), 0);
	}
}

static void check_end(struct sched *s, const struct trace *t, const struct sched_options *o,
		      const struct blocks *b)
{
	const struct sched_request *requests = sched_requests(s);
	uint64_t produced = 0, prompts = 0;
	struct prefix_stats prefix;
	struct sched_stats stats;

	sched_get_stats(s, &stats);
	sched_prefix_stats(s, &prefix);
	for (size_t i = 0; i < t->n; i++) {
		const struct sched_request *q = &requests[i];

		assert_null(q->blocks);
		if (q->state == SCHED_REJECTED) {
			assert_true(q->spec->input_tokens + q->spec->output_tokens - 1 >
				    o->kv_blocks * BLOCK);
			continue;
		}
		assert_int_equal(q->state, SCHED_FINISHED);
		assert_int_equal(q->produced, q->spec->output_tokens);
		assert_true(q->first_token_ns >= q->spec->arrival_ns);
		assert_true(q->finish_ns >= q->first_token_ns);
		produced += q->produced;
		prompts += q->spec->input_tokens;
	}
	assert_int_equal(stats.arrived, t->n);
	assert_int_equal(stats.finished + stats.rejected, t->n);
	assert_int_equal(stats.produced_tokens, produced);
	assert_int_equal(stats.prompt_tokens, prompts);
	assert_int_equal(stats.cached_tokens + stats.prefilled_tokens, prompts);
	assert_int_equal(stats.cached_tokens, prefix.hits * BLOCK);
	assert_true(stats.peak_blocks <= o->kv_blocks);
	assert_int_equal(prefix.held, 0);
	for (uint32_t i = 0; i < b->n; i++)
		assert_int_equal(b->holds[i], 0);
	assert_int_equal(b->events[SCHED_KV_TAKE] + b->events[SCHED_KV_SHARE],
			 b->events[SCHED_KV_PUT] + b->events[SCHED_KV_FREE]);
}

static void everything_is_conserved(void **state)
{
	uint64_t shared = 0, rejected = 0;
	struct random random;

	(void)state;
	random_seed(&random, 4711);
	for (int round = 0; round < 150; round++) {
		struct sched_options o = {
			.max_batch = 1 + random_below(&random, 12),
			.block_tokens = BLOCK,
			.kv_blocks = 1 + random_below(&random, 40),
			.share_prefixes = round % 4,
		};
		struct sched_stats stats;
		struct trace t;
		struct blocks b;
		struct sched *s;

		o.max_step_tokens = o.max_batch + random_below(&random, 3 * BLOCK);
		make_trace(&t, &random);
		blocks_init(&b, o.kv_blocks);
		s = create(&t, &o, &(struct sched_hooks) { .kv = note_block, .ctx = &b });
		run_all(s, &t, &o, &random);
		check_end(s, &t, &o, &b);
		sched_get_stats(s, &stats);
		shared += stats.cached_tokens;
		rejected += stats.rejected;
		assert_true(o.share_prefixes || !stats.cached_tokens);
		sched_free(s);
		blocks_free(&b);
		trace_free(&t);
	}
	/* The rounds did what they are for. */
	assert_true(shared && rejected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_first_then_prompts_in_pieces),
		cmocka_unit_test(who_does_not_fit_waits_and_all_behind),
		cmocka_unit_test(who_can_never_fit_is_rejected),
		cmocka_unit_test(batch_is_bounded),
		cmocka_unit_test(refuses_bad_options),
		cmocka_unit_test(shares_whole_blocks_of_a_prefix),
		cmocka_unit_test(a_failing_hook_ends_the_call),
		cmocka_unit_test(everything_is_conserved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
