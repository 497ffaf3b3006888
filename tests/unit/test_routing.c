// SPDX-License-Identifier: LGPL-2.1-or-later
/* Routing of tokens to experts, recorded and drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "engine/routing.h"
#include "ini_fixture.h"

#define ROUTINGS "tests/data/routing/"

/* The model of the files in ROUTINGS. */
static const struct model_config tiny = {
	.name = "tiny",
	.layers = 4,
	.experts = 4,
	.top_k = 2,
	.first_dense = 1,
	.moe_every = 1,
};

static const struct model_config wide = {
	.name = "wide",
	.layers = 3,
	.experts = 128,
	.top_k = 8,
	.moe_every = 1,
};

static struct routing *create(const struct model_config *m, const struct routing_options *o)
{
	struct engine_error e = {};
	struct routing *r;

	if (routing_create(m, o, &r, &e))
		fail_msg("%s", e.text);
	return r;
}

/* ---- recorded ---- */

static void assert_token(struct routing *r, uint32_t layer, uint32_t first, uint32_t second)
{
	uint32_t experts[2];

	routing_token(r, layer, experts);
	assert_int_equal(experts[0], first);
	assert_int_equal(experts[1], second);
}

static void replays_a_file(void **state)
{
	static const char *const files[] = { ROUTINGS "tiny.csv", ROUTINGS "tiny.jsonl" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct routing *r = create(&tiny, &(struct routing_options) { .file = files[i],
									      .strict = true });
		uint32_t experts[4];

		assert_int_equal(routing_bad_lines(r), 0);
		assert_token(r, 1, 0, 2);
		assert_token(r, 2, 3, 1);
		assert_token(r, 1, 1, 2);
		assert_token(r, 1, 0, 2);	/* from the start again */
		/* Layer 3: tokens 1 0 and 2 3, of which each step takes one. */
		assert_int_equal(routing_step(r, 3, 1, experts), 2);
		assert_int_equal(experts[0], 0);
		assert_int_equal(experts[1], 1);
		/* 1000003 tokens: all choices, and the record goes on where it should. */
		assert_int_equal(routing_step(r, 3, 1000003, experts), 4);
		assert_token(r, 3, 1, 0);
		routing_free(r);
	}
}

static const struct {
	const char *line;
	const char *reason;
} bad[] = {
	{ "1", "not \"layer,expert\"" },
	{ "1,", "not \"layer,expert\"" },
	{ "1,2,3", "not \"layer,expert\"" },
	{ "x,y", "not \"layer,expert\"" },
	{ "-1,2", "not \"layer,expert\"" },
	{ "1,99999999999999999999", "not \"layer,expert\"" },
	{ "0,1", "layer 0 has no experts" },
	{ "4,1", "layer 4 has no experts" },
	{ "1,4", "expert 4 is not 0 to 3" },
	{ "{\"layer\": 1", "not JSON" },
	{ "{\"layer\": 1}", "missing" },
	{ "{\"layer\": 7, \"topk_experts\": []}", "layer 7" },
	{ "{\"layer\": -7, \"topk_experts\": []}", "layer -7" },
	{ "{\"layer\": 1, \"topk_experts\": [[0, 1], [2]]}", "list of 2 experts" },
	{ "{\"layer\": 1, \"topk_experts\": [[0, 1], [2, 2]]}", "occurs twice" },
	{ "{\"layer\": 1, \"topk_experts\": [[0, 1], [2, \"3\"]]}", "whole number" },
	{ "{\"layer\": 1, \"topk_experts\": [[0, 1], 5]}", "list of 2 experts" },
};

#define TINY_LINES "1,0\n1,1\n2,2\n2,3\n3,0\n3,3\n"

static void leaves_malformed_lines_out_or_refuses_them(void **state)
{
	struct ini_fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct routing_options o = { .file = f->path };
		struct engine_error e = {};
		struct routing *r;

		ini_fixture_text(f, "routing", "%s\n" TINY_LINES, bad[i].line);
		r = create(&tiny, &o);
		assert_int_equal(routing_bad_lines(r), 1);
		/* Nothing of the malformed line is left. */
		assert_token(r, 1, 0, 1);
		assert_token(r, 1, 0, 1);
		routing_free(r);
		o.strict = true;
		assert_int_equal(routing_create(&tiny, &o, &r, &e), -EINVAL);
		if (!strstr(e.text, bad[i].reason) || !strstr(e.text, "/routing:1:"))
			fail_msg("\"%s\" is \"%s\", not %s", bad[i].line, e.text, bad[i].reason);
		assert_null(r);
	}
}

static void refuses_what_does_not_suffice(void **state)
{
	struct model_config dense = tiny;
	struct ini_fixture *f = *state;
	struct engine_error e = {};
	struct routing *r;

	ini_fixture_text(f, "routing", "1,0\n1,1\n3,0\n3,1\n2,1\n");
	assert_int_equal(routing_create(&tiny, &(struct routing_options) { .file = f->path }, &r,
					&e), -EINVAL);
	assert_non_null(strstr(e.text, "layer 2"));
	ini_fixture_text(f, "routing", "%s", "");
	assert_int_equal(routing_create(&tiny, &(struct routing_options) { .file = f->path }, &r,
					&e), -EINVAL);
	assert_int_equal(routing_create(&tiny, &(struct routing_options) { .file = "/nowhere" },
					&r, &e), -ENOENT);
	dense.experts = 0;
	assert_int_equal(routing_create(&dense, &(struct routing_options) {}, &r, &e), -EINVAL);
	assert_non_null(strstr(e.text, "no experts"));
	assert_int_equal(routing_create(&tiny, &(struct routing_options) { .zipf = -1 }, &r, &e),
			 -EINVAL);
	assert_int_equal(routing_create(&tiny, &(struct routing_options) { .zipf = NAN }, &r, &e),
			 -EINVAL);
	assert_int_equal(routing_create(&tiny, &(struct routing_options) { .zipf = 4.1 }, &r, &e),
			 -EINVAL);
	routing_free(NULL);
}

/* ---- drawn ---- */

static void draws_different_experts(void **state)
{
	struct routing *r = create(&wide, &(struct routing_options) { .zipf = 4, .seed = 3 });
	uint32_t experts[8];

	(void)state;
	for (int token = 0; token < 2000; token++) {
		uint64_t seen[2] = {};

		routing_token(r, 1, experts);
		for (int k = 0; k < 8; k++) {
			assert_in_range(experts[k], 0, 127);
			assert_false(seen[experts[k] / 64] >> experts[k] % 64 & 1);
			seen[experts[k] / 64] |= 1ULL << experts[k] % 64;
		}
	}
	routing_free(r);
}

static void same_seed_same_choices(void **state)
{
	const struct routing_options o = { .zipf = 1, .seed = 11 };
	struct routing *a = create(&wide, &o);
	struct routing *b = create(&wide, &o);
	struct routing *c = create(&wide, &(struct routing_options) { .zipf = 1, .seed = 12 });
	uint32_t x[128], y[128], z[128];
	int differ = 0;

	(void)state;
	for (uint32_t tokens = 1; tokens < 200; tokens += 9) {
		uint32_t n = routing_step(a, tokens % 3, tokens, x);

		assert_int_equal(routing_step(b, tokens % 3, tokens, y), n);
		assert_memory_equal(x, y, n * sizeof(*x));
		differ += routing_step(c, tokens % 3, tokens, z) != n || memcmp(x, z, n * 4);
	}
	assert_true(differ);
	routing_free(a);
	routing_free(b);
	routing_free(c);
}

/* How often each expert is drawn in a layer. */
static void count_draws(struct routing *r, uint32_t layer, int tokens, int *count)
{
	uint32_t experts[MODEL_EXPERTS_MAX];

	memset(count, 0, wide.experts * sizeof(*count));
	for (int token = 0; token < tokens; token++) {
		routing_token(r, layer, experts);
		for (uint32_t k = 0; k < wide.top_k; k++)
			count[experts[k]]++;
	}
}

static uint32_t most_drawn(const int *count)
{
	uint32_t at = 0;

	for (uint32_t i = 1; i < wide.experts; i++)
		if (count[i] > count[at])
			at = i;
	return at;
}

static void popularity_follows_zipf(void **state)
{
	const int tokens = 20000;
	int count[3][128];
	struct routing *r;

	(void)state;
	r = create(&wide, &(struct routing_options) { .zipf = 0, .seed = 5 });
	count_draws(r, 0, tokens, count[0]);
	/* Uniform: 8 of 128, with ten standard deviations on either side. */
	for (int i = 0; i < 128; i++)
		assert_in_range(count[0][i], tokens / 16 - 350, tokens / 16 + 350);
	routing_free(r);

	r = create(&wide, &(struct routing_options) { .zipf = 1.2, .seed = 5 });
	for (uint32_t layer = 0; layer < 3; layer++)
		count_draws(r, layer, tokens, count[layer]);
	assert_true(count[0][most_drawn(count[0])] > tokens * 8 / 10);
	/* Layers have their own favourites. */
	assert_false(most_drawn(count[0]) == most_drawn(count[1]) &&
		     most_drawn(count[1]) == most_drawn(count[2]));
	routing_free(r);
}

/* One token at a time and all at once lead to as many distinct experts. */
static void large_steps_have_the_same_expectation(void **state)
{
	const struct routing_options o = { .zipf = 1, .seed = 21 };
	struct routing *one = create(&wide, &o);
	struct routing *all = create(&wide, &o);
	double mean_one = 0, mean_all = 0;
	uint32_t experts[128];

	(void)state;
	for (int round = 0; round < 300; round++) {
		bool seen[128] = {};
		uint32_t token_experts[8];
		int distinct = 0;

		for (int token = 0; token < 2 * ROUTING_EXACT; token++) {
			routing_token(one, 0, token_experts);
			for (int k = 0; k < 8; k++) {
				distinct += !seen[token_experts[k]];
				seen[token_experts[k]] = true;
			}
		}
		mean_one += distinct / 300.0;
		mean_all += routing_step(all, 0, 2 * ROUTING_EXACT, experts) / 300.0;
	}
	assert_true(fabs(mean_one - mean_all) < 1.5);
	routing_free(one);
	routing_free(all);
}

static void steps_list_experts_in_order(void **state)
{
	static const uint32_t tokens[] = { 1, 2, ROUTING_EXACT, ROUTING_EXACT + 1, 100000 };
	struct routing *r = create(&wide, &(struct routing_options) { .zipf = 0.5, .seed = 1 });
	uint32_t experts[128];

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++) {
		uint32_t n = routing_step(r, 2, tokens[i], experts);

		assert_in_range(n, i > 2 ? 64 : 8, 128);
		for (uint32_t k = 1; k < n; k++)
			assert_true(experts[k] > experts[k - 1]);
	}
	routing_free(r);
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, ini_fixture_begin, ini_fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replays_a_file),
		WITH_FILES(leaves_malformed_lines_out_or_refuses_them),
		WITH_FILES(refuses_what_does_not_suffice),
		cmocka_unit_test(draws_different_experts),
		cmocka_unit_test(same_seed_same_choices),
		cmocka_unit_test(popularity_follows_zipf),
		cmocka_unit_test(large_steps_have_the_same_expectation),
		cmocka_unit_test(steps_list_experts_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
