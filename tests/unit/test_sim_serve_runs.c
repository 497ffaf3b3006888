// SPDX-License-Identifier: LGPL-2.1-or-later
/* Blocks that are counted, and blocks that have ids which no two requests share, do the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/random.h"
#include "sim/serve.h"

#define REQUESTS	400

static uint64_t step_ns(void *ctx, const struct serve_step *steps, uint32_t n)
{
	uint64_t tokens = 0;
	uint32_t i;

	(void)ctx;
	for (i = 0; i < n; i++)
		tokens += steps[i].prefill_tokens + steps[i].decodes;
	return 1000000 + 1000 * tokens;
}

/* Lengths of up to @longest, and an id for each block of a prompt that no other has. */
static struct trace make(uint32_t longest, uint64_t seed)
{
	struct trace t = {
		.n = REQUESTS,
		.requests = calloc(REQUESTS, sizeof(*t.requests)),
		.hashes = calloc(REQUESTS, 8 * sizeof(*t.hashes)),
	};
	struct random random;
	uint64_t ns = 0;
	size_t i;

	assert_non_null(t.requests);
	assert_non_null(t.hashes);
	random_seed(&random, seed);
	for (i = 0; i < REQUESTS; i++) {
		struct trace_request *q = &t.requests[i];

		ns += random_below(&random, 20000000);
		*q = (struct trace_request) {
			.arrival_ns = ns,
			.input_tokens = 1 + random_below(&random, longest),
			.output_tokens = 1 + random_below(&random, longest),
			.first_hash = t.n_hashes,
		};
		q->n_hashes = (q->input_tokens + TRACE_BLOCK_TOKENS - 1) / TRACE_BLOCK_TOKENS;
		for (uint32_t k = 0; k < q->n_hashes; k++)
			t.hashes[t.n_hashes++] = random_next(&random);
	}
	return t;
}

static void forget_ids(struct trace *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		t->requests[i].n_hashes = 0;
	t->n_hashes = 0;
}

static struct serve_stats serve_it(const struct trace *t, const struct serve_options *o,
				   struct serve_request *out)
{
	const struct serve_time time = { step_ns, NULL };
	struct serve_stats stats;
	struct engine_error e;

	assert_int_equal(0, serve(t, o, &time, out, &stats, &e));
	/* Work is less where blocks are counted. */
	stats.visits = 0;
	return stats;
}

static void same(const struct serve_stats *a, const struct serve_stats *b)
{
	assert_int_equal(a->end_ns, b->end_ns);
	assert_int_equal(a->steps, b->steps);
	assert_int_equal(a->decoded, b->decoded);
	assert_int_equal(a->prefilled, b->prefilled);
	assert_int_equal(a->recomputed, b->recomputed);
	assert_int_equal(a->cached_tokens, b->cached_tokens);
	assert_int_equal(a->preemptions, b->preemptions);
	assert_int_equal(a->evictions, b->evictions);
	assert_int_equal(a->served, b->served);
	assert_int_equal(a->rejected, b->rejected);
	assert_int_equal(a->peak_batch, b->peak_batch);
}

static void counted_as_with_ids(void **state)
{
	static const struct {
		uint32_t ranks, blocks, longest;
		bool ahead, caching;
	} cases[] = {
		{ 1, 400, 2000, true, true }, { 1, 400, 2000, false, true },
		{ 1, 400, 2000, true, false }, { 3, 260, 2000, true, true },
		{ 1, 150, 1000, true, true }, { 2, 1000, 4000, true, true },
		{ 1, 100, 4000, false, true },
	};
	uint64_t preemptions = 0, found = 0, evictions = 0;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct serve_options o = {
			.ranks = cases[i].ranks, .max_batch = 50, .max_step_tokens = 512,
			.block_tokens = 16, .kv_blocks = cases[i].blocks,
			.ahead = cases[i].ahead, .prefix_caching = cases[i].caching,
		};
		struct serve_request with[REQUESTS], without[REQUESTS];
		struct trace t = make(cases[i].longest, i);
		struct serve_stats a = serve_it(&t, &o, with), b;

		forget_ids(&t);
		b = serve_it(&t, &o, without);
		same(&a, &b);
		for (k = 0; k < REQUESTS; k++) {
			assert_int_equal(with[k].first_token_ns, without[k].first_token_ns);
			assert_int_equal(with[k].finish_ns, without[k].finish_ns);
			assert_int_equal(with[k].put_off, without[k].put_off);
		}
		assert_int_equal(a.served + a.rejected, REQUESTS);
		preemptions += a.preemptions;
		found += a.cached_tokens;
		evictions += a.evictions;
		trace_free(&t);
	}
	assert_true(preemptions > 100 && found > 1000 && evictions > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counted_as_with_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
