// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The parts of a search: closed forms against steps counted by hand, bisection, fronts, limits.
 *
 * A step of the tiny model takes 2672 us for its weights, 16 for a token's row of the embedding, 96
 * for each token of KV that is read or written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "shard_fixture.h"
#include "sim/search_limits.h"
#include "sim/search_pareto.h"
#include "sim/search_space.h"

#define CLASS(c)	(1U << TERRACE_CLASS_##c)
#define S_IN_US		1e6
#define FULL		(160 + 2672)	/* bytes of the tiny model's weights */
#define BLOCK		(4 * 96)

/* Steps are rounded up to nanoseconds. */
static void assert_near(double got, double wanted)
{
	if (!(fabs(got - wanted) * 100000 <= fabs(wanted)))
		fail_msg("%.10g is not %.10g", got, wanted);
}

/* ---- a pool's steps ---- */

struct pool_case {
	struct search_work work;
	uint32_t batch;
	double step_us;
	double prompt_us;
	double steps;	/* from a request to the next one in its place */
	double ttft_us;
	double tpot_us;
};

static const struct pool_case pool_cases[] = {
	/* A prompt of 4 alone, then three steps that attend to 5, 6 and 7. */
	{ { SEARCH_WHOLE, 4, 4 }, 1, (3504 + 3 * 3360) / 4.0, 3504, 4, 3504, 3360 },
	/*
	 * Five steps with the one in which a place waits; two of them have a prompt, beside which
	 * one token is decoded, else two are. Another prompt is in one of four steps of a request.
	 */
	{ { SEARCH_WHOLE, 4, 4 }, 2, .6 * 4048 + .4 * 4192, 4192, 5, 4192 + 1.5 * 4105.6,
	  4048 + .25 * 144 },
	/* Pieces of 50 tokens that end at 50 and 100, and a step that attends to 101. */
	{ { SEARCH_WHOLE, 100, 2 }, 1, (2 * 15472 + 12480) / 3.0, 15472, 3, 2 * 15472, 12480 },
	{ { SEARCH_PREFILL, 4, 4 }, 2, 4336, 4336, 1, 2.5 * 4336, 0 },
	{ { SEARCH_DECODE, 4, 4 }, 2, 4048, 4048, 4, 0, 4048 * 1.5 },
	/* Answers of one token have no further ones. */
	{ { SEARCH_WHOLE, 4, 1 }, 1, 3504, 3504, 1, 3504, 0 },
};

static void pools_are_as_counted_by_hand(void **state)
{
	struct model_config m = shard_tiny();
	struct search_pool pool;
	struct sim_system s;
	struct shard shard;
	size_t i;

	(void)state;
	shard_system(&s, 1);
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	for (i = 0; i < sizeof(pool_cases) / sizeof(pool_cases[0]); i++) {
		const struct pool_case *c = &pool_cases[i];

		search_pool_time(&shard, &c->work, c->batch, &pool);
		assert_near(pool.step_s * S_IN_US, c->step_us);
		assert_near(pool.prompt_s * S_IN_US, c->prompt_us);
		assert_near(pool.capacity, c->batch / (c->steps * c->step_us) * S_IN_US);
		assert_near(pool.ttft_s * S_IN_US, c->ttft_us);
		assert_near(pool.tpot_s * S_IN_US, c->tpot_us);
		assert_int_equal(pool.bound, SEARCH_BY_TIER + 1);
	}
	shard_free(&shard);
}

/* Two groups serve twice as much; nothing else is different. */
static void groups_work_side_by_side(void **state)
{
	const struct search_work w = { SEARCH_WHOLE, 4, 4 };
	struct model_config m = shard_tiny();
	struct search_pool one, two;
	struct sim_system s;
	struct shard shard;
	double read;

	(void)state;
	shard_system(&s, 1);
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	search_pool_time(&shard, &w, 2, &one);
	read = shard.sums.bytes.read[1][ROOFLINE_KV];
	shard_free(&shard);
	s.devices = 2;
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 2));
	search_pool_time(&shard, &w, 2, &two);
	assert_near(two.capacity, 2 * one.capacity);
	assert_near(two.tpot_s, one.tpot_s);
	assert_near(shard.sums.bytes.read[1][ROOFLINE_KV], 2 * read);
	shard_free(&shard);
}

/* Groups that share experts wait for each other's prompts: 4 of 5 steps have one, not 2. */
static void groups_with_experts_step_together(void **state)
{
	const struct search_work w = { SEARCH_WHOLE, 4, 4 };
	struct model_config m = shard_tiny();
	struct search_pool pool;
	struct sim_system s;
	struct shard shard;
	double decodes, prompt;

	(void)state;
	m.experts = 4;
	m.top_k = 1;
	m.expert_ffn = 6;
	shard_system(&s, 2);
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 2));
	search_pool_time(&shard, &w, 2, &pool);
	/* Common weights; half of the experts, as far as 4 tokens, or 7, choose them. */
	decodes = 2672 - 3 * 288 + 3 * 64 + 3 * 4 * 288 / 2.0 * (1 - pow(.75, 4)) +
		  2 * 16 + 14 * 96;
	prompt = 2672 - 3 * 288 + 3 * 64 + 3 * 4 * 288 / 2.0 * (1 - pow(.75, 7)) +
		 5 * 16 + (6 + 4 + 5) * 96;
	assert_near(pool.prompt_s * S_IN_US, prompt);
	assert_near(pool.step_s * S_IN_US, .2 * decodes + .8 * prompt);
	assert_near(pool.capacity, 4 / (5 * pool.step_s));
	shard_free(&shard);
}

static void energy_is_that_of_the_bytes(void **state)
{
	const struct search_work w = { SEARCH_WHOLE, 4, 4 };
	double read = (2672 + 64 + 384 + 3 * (2672 + 16 + 576)) / 4.0;
	double written = (384 + 3 * 96) / 4.0;
	struct model_config m = shard_tiny();
	struct search_pool pool;
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 1);
	s.tiers.tiers[1].profile.read_fj_per_bit = 1000;
	s.tiers.tiers[1].profile.write_fj_per_bit = 2000;
	s.tiers.tiers[1].profile.idle_uw = 3;
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	search_pool_time(&shard, &w, 1, &pool);
	search_pool_use(&shard, pool.capacity / 2, &pool);
	assert_near(pool.busy, .5);
	/* 3 uW, and a pJ a bit that is read, two a bit that is written. */
	assert_near(pool.watts, (3 + 8 / S_IN_US * (read + 2 * written) / (2 * 3396 / S_IN_US)) /
		    S_IN_US);
	assert_true(isnan(pool.usd_s) && isnan(pool.g_s));
	assert_true(isinf(pool.life_s));
	shard_free(&shard);
}

/* Half of the time there is a request less. */
static void a_rate_between_two_batches_is_both(void **state)
{
	const struct search_work w = { SEARCH_WHOLE, 4, 4 };
	struct model_config m = shard_tiny();
	struct search_pool one, two, pool;
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 1);
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	search_pool_time(&shard, &w, 1, &one);
	search_pool_time(&shard, &w, 2, &two);
	search_pool_at(&shard, &w, 2, (one.capacity + two.capacity) / 2, &pool);
	assert_near(pool.tpot_s * S_IN_US, (3360 + 4084) / 2.0);
	assert_near(pool.capacity, two.capacity);
	search_pool_at(&shard, &w, 2, INFINITY, &pool);
	assert_near(pool.tpot_s * S_IN_US, 4084);
	assert_near(pool.busy, 1);
	search_pool_at(&shard, &w, 1, one.capacity / 4, &pool);
	assert_near(pool.busy, .25);
	shard_free(&shard);
}

/* ---- the largest batch ---- */

static void batches_end_where_room_does(void **state)
{
	const struct search_work w = { SEARCH_WHOLE, 4, 4 }, long_prompt = { SEARCH_WHOLE, 60, 2 };
	struct model_config m = shard_tiny();
	enum search_limit limit;
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 1);
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	assert_int_equal(search_pool_blocks(&shard, &w), 2);
	assert_int_equal(search_pool_most(&shard, &w, &limit), 8);
	assert_int_equal(limit, SEARCH_MAX_BATCH);
	/* Of 64 tokens in each of three steps, 61 a request. */
	assert_int_equal(search_pool_most(&shard, &long_prompt, &limit), 3);
	assert_int_equal(limit, SEARCH_STEP_TOKENS);
	shard_free(&shard);
	s.tiers.tiers[1].profile.capacity_bytes = FULL + 5 * BLOCK;
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	assert_int_equal(search_pool_most(&shard, &w, &limit), 2);
	assert_int_equal(limit, SEARCH_KV_ROOM);
	shard_free(&shard);
	s.tiers.tiers[1].profile.capacity_bytes = FULL + BLOCK;
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	assert_int_equal(search_pool_most(&shard, &w, &limit), 0);
	shard_free(&shard);
}

static bool is_below(void *ctx, uint32_t n)
{
	return n <= *(uint32_t *)ctx;
}

static void bisection_finds_each_limit(void **state)
{
	uint32_t most, limit;

	(void)state;
	for (most = 0; most < 40; most++)
		for (limit = 0; limit < 50; limit++)
			assert_int_equal(search_largest(most, is_below, &limit),
					 limit < most ? limit : most);
}

static void batches_keep_the_slo(void **state)
{
	const struct search_slo any = { INFINITY, INFINITY }, tpot = { INFINITY, .0035 };
	const struct search_slo ttft = { .004, INFINITY }, none = { .001, .001 };
	const struct search_work w = { SEARCH_WHOLE, 4, 4 };
	struct search_batch batches[SEARCH_BATCHES_MAX];
	enum search_limit limit = SEARCH_FREE;
	struct model_config m = shard_tiny();
	struct sim_system s;
	struct shard shard;
	uint32_t n;

	(void)state;
	shard_system(&s, 1);
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	assert_int_equal(search_slo_batch(&shard, &w, &any, 8, &limit), 8);
	assert_int_equal(limit, SEARCH_FREE);
	assert_int_equal(search_slo_batch(&shard, &w, &tpot, 8, &limit), 1);
	assert_int_equal(limit, SEARCH_SLO_TPOT);
	assert_int_equal(search_slo_batch(&shard, &w, &ttft, 8, &limit), 1);
	assert_int_equal(limit, SEARCH_SLO_TTFT);
	assert_int_equal(search_slo_batch(&shard, &w, &none, 8, &limit), 0);
	n = search_batches(&shard, &w, &tpot, batches);
	assert_int_equal(n, 4);
	assert_int_equal(batches[0].batch, 1);
	assert_int_equal(batches[0].limit, SEARCH_SLO_TPOT);
	assert_int_equal(batches[2].batch, 4);
	assert_int_equal(batches[2].limit, SEARCH_FREE);
	assert_int_equal(batches[3].batch, 8);
	assert_int_equal(batches[3].limit, SEARCH_MAX_BATCH);
	/* 73.6 requests/s of one at a time, 97.4 of two. */
	assert_int_equal(search_rate_batch(&shard, &w, 70, batches, n), 1);
	assert_int_equal(search_rate_batch(&shard, &w, 80, batches, n), 2);
	assert_int_equal(search_rate_batch(&shard, &w, 1e9, batches, n), 0);
	shard_free(&shard);
}

/*
 * The faster tier holds KV of 24 tokens, of four requests that decode: of five one has its prompt
 * or waits. Beyond it requests/s fall.
 */
static void a_tier_that_is_full_is_a_batch(void **state)
{
	const struct search_slo any = { INFINITY, INFINITY };
	const struct search_work w = { SEARCH_WHOLE, 4, 4 };
	struct search_batch batches[SEARCH_BATCHES_MAX];
	struct model_config m = shard_tiny();
	struct sim_system s;
	struct shard shard;
	uint32_t n;

	(void)state;
	shard_system(&s, 1);
	s.tiers.tiers[1].profile.capacity_bytes = FULL + 24 * 96 * 32 / 31 + 1;
	shard_add_tier(&s, "slow", CLASS(KV), 1 << 20, 1000);
	shard_must_init(&shard, &s, &m, shard_tiny_options(1, 1, 1));
	n = search_batches(&shard, &w, &any, batches);
	assert_int_equal(n, 5);
	assert_int_equal(batches[3].batch, 5);
	assert_int_equal(search_most_batch(&shard, &w, batches, n).batch, 5);
	shard_free(&shard);
}

/* ---- what is best ---- */

static struct search_point point(double tokens_s, double tpot_s)
{
	return (struct search_point) {
		.tokens_s = tokens_s, .tpot_s = tpot_s, .usd = NAN, .joules = tpot_s,
		.life_s = INFINITY, .useful = true,
	};
}

static void fronts_hold_what_nobody_beats(void **state)
{
	static const enum search_metric by[2] = { SEARCH_THROUGHPUT, SEARCH_TPOT };
	static const enum search_metric priced[2] = { SEARCH_COST, SEARCH_TPOT };
	const struct search_point points[] = {
		point(5, 5),	/* beaten by the next one */
		point(6, 4),
		point(10, 9),
		point(10, 8),	/* as many, but sooner */
		point(1, 1),
		point(6, 4),	/* equal: the first is kept */
		point(2, 1),	/* more, as soon */
	};
	size_t front[7];

	(void)state;
	assert_int_equal(search_front(points, 7, by, front), 3);
	assert_int_equal(front[0], 3);
	assert_int_equal(front[1], 1);
	assert_int_equal(front[2], 6);
	assert_int_equal(search_front(points, 7, priced, front), 0);
	assert_int_equal(search_front(points, 0, by, front), 0);
}

static void the_best_is_useful(void **state)
{
	struct search_point points[] = { point(5, 5), point(6, 4), point(10, 4), point(10, 9) };

	(void)state;
	assert_ptr_equal(search_best(points, 4, SEARCH_THROUGHPUT), &points[2]);
	/* Of those that are as soon the one with more tokens/s. */
	assert_ptr_equal(search_best(points, 4, SEARCH_TPOT), &points[2]);
	assert_ptr_equal(search_best(points, 4, SEARCH_LIFE), &points[2]);
	points[2].useful = false;
	assert_ptr_equal(search_best(points, 4, SEARCH_TPOT), &points[1]);
	assert_null(search_best(points, 4, SEARCH_COST));
	assert_null(search_best(points, 0, SEARCH_TPOT));
}

static void metrics_have_names(void **state)
{
	struct engine_error e;
	int i;

	(void)state;
	for (i = 0; i < SEARCH_METRICS; i++)
		assert_int_equal(search_metric_parse(search_metric_name(i), &e), i);
	assert_int_equal(search_metric_parse("energie", &e), -ENOENT);
	assert_non_null(strstr(e.text, "did you mean 'energy'"));
}

/* ---- what is looked at ---- */

static void models_are_divided_evenly(void **state)
{
	static const struct {
		struct capacity_shard layout;
		uint32_t kv_heads;
		uint32_t experts;
		const char *why;
	} cases[] = {
		{ { 2, 1, 1 }, 2, 0, NULL },
		{ { 6, 1, 1 }, 3, 0, NULL },	/* a KV head is on two devices */
		{ { 1, 8, 1 }, 3, 0, NULL },
		{ { 1, 1, 16 }, 3, 8, NULL },	/* two devices share an expert */
		{ { 5, 1, 1 }, 3, 0, "12 heads" },
		{ { 4, 1, 1 }, 3, 0, "3 KV heads" },
		{ { 12, 1, 1 }, 12, 0, "an FFN of 18" },
		{ { 1, 1, 3 }, 3, 8, "8 experts with an FFN of 6 cannot be divided by EP 3" },
		{ { 1, 1, 32 }, 3, 8, "8 experts with an FFN of 6 cannot be divided by EP 32" },
		{ { 1, 9, 1 }, 3, 0, "8 layers" },
		{ { 1, 1, 2048 }, 3, 0, "DP is at most 1024" },
	};
	struct engine_error why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct model_config m = {
			.layers = 8, .heads = 12, .kv_heads = cases[i].kv_heads, .ffn = 18,
			.experts = cases[i].experts, .top_k = 1, .expert_ffn = 6,
			.first_dense = 1, .moe_every = 1,
		};

		assert_int_equal(search_excluded(&m, &cases[i].layout, &why), !!cases[i].why);
		if (cases[i].why)
			assert_non_null(strstr(why.text, cases[i].why));
	}
}

static void places_are_all_orders(void **state)
{
	struct search_places places;
	struct engine_error e;
	struct sim_system s;
	char text[64];

	(void)state;
	shard_system(&s, 1);
	shard_add_tier(&s, "more", CLASS(WEIGHTS), 1 << 20, 1000);
	shard_add_tier(&s, "most", CLASS(WEIGHTS), 1 << 20, 1000);
	assert_int_equal(search_places(&s.tiers, false, &places, &e), 0);
	assert_int_equal(places.weights.n, 1);
	assert_int_equal(search_places(&s.tiers, true, &places, &e), 0);
	assert_int_equal(places.weights.n, 6);
	assert_int_equal(places.kv.n, 1);
	search_order_text(&s.tiers, &places.weights.order[0], text, sizeof(text));
	assert_string_equal(text, "memory>more>most");
	search_order_text(&s.tiers, &places.weights.order[5], text, sizeof(text));
	assert_string_equal(text, "most>memory>more");
	shard_add_tier(&s, "fourth", CLASS(WEIGHTS), 1 << 20, 1000);
	shard_add_tier(&s, "fifth", CLASS(WEIGHTS), 1 << 20, 1000);
	assert_int_equal(search_places(&s.tiers, true, &places, &e), -EINVAL);
	s.tiers.tiers[1].classes = CLASS(WEIGHTS);
	assert_int_equal(search_places(&s.tiers, false, &places, &e), -EXDEV);
}

/* Weights fill the tier that is told, KV the other one first. */
static void orders_are_obeyed(void **state)
{
	struct shard_options o = shard_tiny_options(1, 1, 1);
	struct model_config m = shard_tiny();
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 1);
	shard_add_tier(&s, "more", CLASS(WEIGHTS) | CLASS(KV), 1 << 20, 1000000);
	shard_must_init(&shard, &s, &m, o);
	assert_true(shard.stage[0].share[1][ROOFLINE_WEIGHTS] == 1);
	assert_int_equal(shard.kv_order[0], 1);
	shard_free(&shard);
	o.weights = (struct shard_order) { 2, { 2, 1 } };
	o.kv = (struct shard_order) { 2, { 2, 1 } };
	shard_must_init(&shard, &s, &m, o);
	assert_true(shard.stage[0].share[2][ROOFLINE_WEIGHTS] == 1);
	assert_true(shard.stage[0].share[1][ROOFLINE_WEIGHTS] == 0);
	assert_int_equal(shard.n_kv, 2);
	assert_int_equal(shard.kv_order[0], 2);
	assert_true(shard.stage[0].kv_room[1] > shard.stage[0].kv_room[2]);
	shard_free(&shard);
}

static void prepare(struct search *found, const struct sim_system *s, const struct model_config *m)
{
	struct engine_error e;

	memset(found, 0, sizeof(*found));
	found->system = s;
	found->model = m;
	found->options = shard_tiny_options(0, 0, 0);
	found->load = (struct search_load) { 4, 4, 0 };
	found->slo = (struct search_slo) { INFINITY, INFINITY };
	assert_int_equal(search_places(&s->tiers, false, &found->places, &e), 0);
}

/* Of 4 devices TP 4 has too few heads and PP 4 too few layers; the rest have 4 batches each. */
static void layouts_are_found_or_refused(void **state)
{
	struct model_config m = shard_tiny();
	struct search found;
	struct sim_system s;
	size_t i;

	(void)state;
	shard_system(&s, 4);
	prepare(&found, &s, &m);
	assert_int_equal(search_layouts(&found), 0);
	assert_int_equal(found.layouts, 6);
	assert_int_equal(found.n_refused, 2);
	assert_int_equal(found.n, 4 * 4);
	for (i = 0; i < found.n; i++) {
		assert_near(found.points[i].tokens_s, 4 * found.points[i].rate);
		assert_true(found.points[i].useful);
	}
	search_free(&found);
	/* A byte less than weights and the KV of a request need on one device. */
	s.tiers.tiers[1].profile.capacity_bytes = FULL + 2 * BLOCK - 1;
	s.devices = 1;
	prepare(&found, &s, &m);
	assert_int_equal(search_layouts(&found), 0);
	assert_int_equal(found.n, 0);
	assert_int_equal(found.n_refused, 1);
	assert_near(found.refused[0].lack, 1);
	search_free(&found);
	s.tiers.tiers[1].profile.capacity_bytes = FULL - 7;
	prepare(&found, &s, &m);
	assert_int_equal(search_layouts(&found), 0);
	assert_near(found.refused[0].lack, 7);
	search_free(&found);
}

static void a_rate_makes_one_point(void **state)
{
	struct model_config m = shard_tiny();
	struct search found;
	struct sim_system s;

	(void)state;
	shard_system(&s, 1);
	prepare(&found, &s, &m);
	found.load.rate = 80;
	assert_int_equal(search_layouts(&found), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.points[0].pool[0].batch, 2);
	assert_int_equal(found.points[0].limit, SEARCH_RATE);
	assert_near(found.points[0].rate, 80);
	assert_true(found.points[0].useful);
	search_free(&found);
	prepare(&found, &s, &m);
	found.load.rate = 1e6;
	assert_int_equal(search_layouts(&found), 0);
	assert_int_equal(found.points[0].limit, SEARCH_MAX_BATCH);
	assert_false(found.points[0].useful);
	search_free(&found);
}

/*
 * One device for prompts, 8 of them in a step of 2672 + 8 x 4 x (16 + 2 x 96) us, the other one for
 * further tokens. A prompt's KV takes 10 us.
 */
static void pools_feed_each_other(void **state)
{
	double prompts = 8 / (2672 + 32 * 208.) * S_IN_US;
	const struct search_point *first, *last;
	struct model_config m = shard_tiny();
	struct search found;
	struct sim_system s;
	size_t i;

	(void)state;
	shard_system(&s, 2);
	s.network.send_ns = 10000;
	prepare(&found, &s, &m);
	assert_int_equal(search_splits(&found), 0);
	assert_int_equal(found.n, 4);
	first = &found.points[0];
	last = &found.points[3];
	assert_int_equal(first->pool[1].batch, 1);
	assert_near(first->transfer_s, 10 / S_IN_US);
	/* Three further tokens, which attend to 5, 6 and 7, and no wait for a step. */
	assert_near(first->rate, S_IN_US / (3 * 3360));
	assert_near(first->tpot_s * S_IN_US, 3360 + 10 / 3.0);
	assert_near(first->ttft_s * S_IN_US, 2.5 * (2672 + 32 * 208));
	assert_near(first->pool[0].busy, first->rate / prompts);
	assert_int_equal(last->pool[1].batch, 8);
	for (i = 0; i < found.n; i++) {
		const struct search_point *p = &found.points[i];

		assert_int_equal(p->pool[0].devices + p->pool[1].devices, 2);
		assert_true(p->rate <= p->pool[0].capacity * 1.000000001);
		assert_true(p->rate <= p->pool[1].capacity * 1.000000001);
	}
	search_free(&found);
}

/* Transfers of 20 ms are what bounds it: no more than one at a time. */
static void transfers_bound_the_rate(void **state)
{
	struct model_config m = shard_tiny();
	struct search found;
	struct sim_system s;
	size_t i;

	(void)state;
	shard_system(&s, 2);
	s.network.send_ns = 20000000;
	prepare(&found, &s, &m);
	assert_int_equal(search_splits(&found), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.points[0].limit, SEARCH_OTHER_POOL);
	for (i = 0; i < found.n; i++)
		assert_near(found.points[i].rate, 50);
	search_free(&found);
}

/* ---- the load ---- */

static void loads_are_means_of_traces(void **state)
{
	struct trace_request requests[] = {
		{ .arrival_ns = 1000000000, .input_tokens = 10, .output_tokens = 1 },
		{ .arrival_ns = 1500000000, .input_tokens = 20, .output_tokens = 2 },
		{ .arrival_ns = 2000000000, .input_tokens = 31, .output_tokens = 9 },
	};
	const struct trace trace = { .requests = requests, .n = 3 };
	struct search_load load;

	(void)state;
	search_load_of(&trace, &load);
	assert_int_equal(load.input, 20);
	assert_int_equal(load.output, 4);
	assert_near(load.rate, 2);
	requests[1].arrival_ns = requests[0].arrival_ns;
	requests[2].arrival_ns = requests[0].arrival_ns;
	search_load_of(&trace, &load);
	assert_true(load.rate == 0);
}

static void loads_are_checked(void **state)
{
	static const char *const bad_rates[] = { "", "0", "-1", "nan", "inf", "2x", "1e10" };
	static const char *const bad_tokens[] = { "", "0", "-1", "16777217", "1.5", "ten" };
	struct engine_error e;
	uint32_t tokens;
	double rate;
	size_t i;

	(void)state;
	assert_int_equal(search_load_rate("2.5", &rate, &e), 0);
	assert_near(rate, 2.5);
	assert_int_equal(search_load_rate("any", &rate, &e), 0);
	assert_true(rate == 0);
	for (i = 0; i < sizeof(bad_rates) / sizeof(bad_rates[0]); i++)
		assert_int_equal(search_load_rate(bad_rates[i], &rate, &e), -EINVAL);
	assert_int_equal(search_load_tokens("16777216", &tokens, &e), 0);
	assert_int_equal(tokens, 16777216);
	for (i = 0; i < sizeof(bad_tokens) / sizeof(bad_tokens[0]); i++)
		assert_int_equal(search_load_tokens(bad_tokens[i], &tokens, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pools_are_as_counted_by_hand),
		cmocka_unit_test(groups_work_side_by_side),
		cmocka_unit_test(groups_with_experts_step_together),
		cmocka_unit_test(energy_is_that_of_the_bytes),
		cmocka_unit_test(a_rate_between_two_batches_is_both),
		cmocka_unit_test(batches_end_where_room_does),
		cmocka_unit_test(bisection_finds_each_limit),
		cmocka_unit_test(batches_keep_the_slo),
		cmocka_unit_test(a_tier_that_is_full_is_a_batch),
		cmocka_unit_test(fronts_hold_what_nobody_beats),
		cmocka_unit_test(the_best_is_useful),
		cmocka_unit_test(metrics_have_names),
		cmocka_unit_test(models_are_divided_evenly),
		cmocka_unit_test(places_are_all_orders),
		cmocka_unit_test(orders_are_obeyed),
		cmocka_unit_test(layouts_are_found_or_refused),
		cmocka_unit_test(a_rate_makes_one_point),
		cmocka_unit_test(pools_feed_each_other),
		cmocka_unit_test(transfers_bound_the_rate),
		cmocka_unit_test(loads_are_means_of_traces),
		cmocka_unit_test(loads_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
