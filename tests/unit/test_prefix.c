// SPDX-License-Identifier: LGPL-2.1-or-later
/* The prefix cache, against a list that is searched from end to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/prefix.h"
#include "engine/random.h"
#include "engine/trace.h"

/* ---- the oracle: ids from least to most recently touched ---- */

struct oracle {
	uint64_t *ids;
	size_t n;
	size_t capacity;
	uint64_t lookups;
	uint64_t hits;
	uint64_t evictions;
};

static void oracle_init(struct oracle *o, size_t capacity)
{
	*o = (struct oracle) { .capacity = capacity };
	o->ids = calloc(capacity + 1, sizeof(*o->ids));
	assert_non_null(o->ids);
}

static size_t oracle_find(const struct oracle *o, uint64_t id)
{
	size_t i = 0;

	while (i < o->n && o->ids[i] != id)
		i++;
	return i;
}

static void oracle_drop(struct oracle *o, size_t at)
{
	memmove(&o->ids[at], &o->ids[at + 1], (o->n - at - 1) * sizeof(*o->ids));
	o->n--;
}

static void oracle_touch(struct oracle *o, uint64_t id)
{
	size_t at = oracle_find(o, id);

	if (at < o->n) {
		oracle_drop(o, at);
	} else if (o->n == o->capacity) {
		oracle_drop(o, 0);
		o->evictions++;
	}
	o->ids[o->n++] = id;
}

static void oracle_replay(struct oracle *o, const uint64_t *ids, size_t n, bool head_first)
{
	size_t found = 0;

	while (found < n && oracle_find(o, ids[found]) < o->n)
		found++;
	o->lookups += n;
	o->hits += found;
	for (size_t i = 0; i < n; i++)
		oracle_touch(o, ids[head_first ? i : n - 1 - i]);
}

/* ---- replay ---- */

static void replay_both(const struct trace *t, uint32_t capacity, enum prefix_order order)
{
	struct prefix_cache *c = prefix_create(capacity);
	struct prefix_stats stats;
	struct oracle o;

	assert_non_null(c);
	oracle_init(&o, capacity);
	for (size_t i = 0; i < t->n; i++) {
		const struct trace_request *q = &t->requests[i];
		const uint64_t *ids = &t->hashes[q->first_hash];
		uint64_t hits = o.hits;

		oracle_replay(&o, ids, q->n_hashes, order == PREFIX_HEAD_FIRST);
		assert_int_equal(prefix_replay(c, ids, q->n_hashes, order), o.hits - hits);
	}
	prefix_get_stats(c, &stats);
	assert_int_equal(stats.lookups, o.lookups);
	assert_int_equal(stats.hits, o.hits);
	assert_int_equal(stats.evictions, o.evictions);
	assert_int_equal(stats.cached, o.n);
	assert_int_equal(stats.held, 0);
	free(o.ids);
	prefix_free(c);
}

static void replays_the_trace_like_the_oracle(void **state)
{
	static const uint32_t capacities[] = { 1, 2, 10, 100, 300, 1000, 1 << 20 };
	struct engine_error e = {};
	struct trace t;

	(void)state;
	if (trace_read("tests/data/traces/conversation-120.jsonl", NULL, &t, &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < sizeof(capacities) / sizeof(*capacities); i++) {
		replay_both(&t, capacities[i], PREFIX_TAIL_FIRST);
		replay_both(&t, capacities[i], PREFIX_HEAD_FIRST);
	}
	trace_free(&t);
}

/* Prompts that share much: each one an older one up to a point and then its own. */
static void make_prompts(struct trace *t, struct random *random)
{
	t->n = 400;
	t->requests = calloc(t->n, sizeof(*t->requests));
	t->hashes = calloc(t->n * 16, sizeof(*t->hashes));
	assert_non_null(t->requests);
	assert_non_null(t->hashes);
	for (size_t i = 0; i < t->n; i++) {
		struct trace_request *q = &t->requests[i];
		const struct trace_request *old =
			&t->requests[random_below(random, (uint32_t)i + 1)];
		uint32_t common = random_below(random, old->n_hashes + 1);

		q->first_hash = t->n_hashes;
		q->n_hashes = common + random_below(random, 17 - common);
		for (uint32_t k = 0; k < q->n_hashes; k++)
			t->hashes[t->n_hashes++] = k < common ? t->hashes[old->first_hash + k] :
							       random_next(random);
	}
}

static void replays_random_prompts_like_the_oracle(void **state)
{
	struct random random;

	(void)state;
	random_seed(&random, 7);
	for (int round = 0; round < 20; round++) {
		struct trace t = {};

		make_prompts(&t, &random);
		replay_both(&t, 1 + random_below(&random, 600), round % 2);
		trace_free(&t);
	}
}

static void repeats_within_a_prompt_are_touched(void **state)
{
	static const uint64_t ids[] = { 5, 6, 5, 5 };
	struct prefix_cache *c = prefix_create(8);
	struct prefix_stats stats;

	(void)state;
	assert_int_equal(prefix_replay(c, ids, 4, PREFIX_TAIL_FIRST), 0);
	assert_int_equal(prefix_replay(c, ids, 4, PREFIX_TAIL_FIRST), 4);
	prefix_get_stats(c, &stats);
	assert_int_equal(stats.cached, 2);
	prefix_free(c);
}

/* ---- holding ---- */

static void holds_and_gives_back(void **state)
{
	struct prefix_cache *c = prefix_create(2);
	struct prefix_stats stats;
	bool evicted;
	uint32_t a, b;

	(void)state;
	a = prefix_take(c, &evicted);
	assert_false(evicted);
	b = prefix_take(c, NULL);
	assert_int_not_equal(a, b);
	assert_int_equal(prefix_available(c), 0);
	assert_int_equal(prefix_take(c, NULL), PREFIX_NONE);

	assert_int_equal(prefix_publish(c, a, 42), 0);
	assert_int_equal(prefix_publish(c, a, 43), -EEXIST);
	assert_int_equal(prefix_publish(c, b, 42), -EEXIST);
	assert_int_equal(prefix_publish(c, 7, 1), -EINVAL);
	assert_int_equal(prefix_hold(c, 42), a);
	assert_int_equal(prefix_hold(c, 43), PREFIX_NONE);

	assert_int_equal(prefix_put(c, a), PREFIX_HELD);
	assert_int_equal(prefix_put(c, a), PREFIX_CACHED);
	assert_int_equal(prefix_put(c, a), -EINVAL);
	assert_int_equal(prefix_put(c, b), PREFIX_EMPTY);
	assert_int_equal(prefix_put(c, 99), -EINVAL);
	assert_int_equal(prefix_publish(c, b, 44), -EINVAL);

	/* Empty blocks go before cached ones. */
	assert_int_equal(prefix_take(c, &evicted), b);
	assert_false(evicted);
	assert_int_equal(prefix_take(c, &evicted), a);
	assert_true(evicted);
	assert_int_equal(prefix_hold(c, 42), PREFIX_NONE);
	prefix_get_stats(c, &stats);
	assert_int_equal(stats.evictions, 1);
	assert_int_equal(stats.held, 2);
	assert_int_equal(stats.cached, 0);
	prefix_free(c);
}

/* To be kept is to be published under an id that nobody asks for. */
static void keeps_what_nobody_looks_for(void **state)
{
	struct prefix_cache *kept = prefix_create(20), *published = prefix_create(20);
	uint32_t a[8], b[8];
	struct prefix_stats x, y;
	struct random random;
	uint64_t id = 1000;
	bool gone_a, gone_b;

	(void)state;
	random_seed(&random, 3);
	for (int round = 0; round < 500; round++) {
		uint32_t n = 1 + random_below(&random, 8), i;

		for (i = 0; i < n; i++) {
			a[i] = prefix_take(kept, &gone_a);
			b[i] = prefix_take(published, &gone_b);
			assert_int_equal(a[i], b[i]);
			assert_int_equal(gone_a, gone_b);
		}
		for (i = 0; i < n; i++) {
			uint64_t shared = random_below(&random, 10);
			bool keeps = random_below(&random, 2);

			assert_int_equal(keeps ? prefix_keep(kept, a[i]) :
						 prefix_publish(kept, a[i], shared),
					 prefix_publish(published, b[i], keeps ? id++ : shared));
			assert_int_equal(prefix_put(kept, a[i]), prefix_put(published, b[i]));
		}
	}
	prefix_get_stats(kept, &x);
	prefix_get_stats(published, &y);
	assert_int_equal(x.held, y.held);
	assert_int_equal(x.cached, y.cached);
	assert_int_equal(x.evictions, y.evictions);
	assert_true(x.evictions > 100 && x.cached > 0);
	a[0] = prefix_take(kept, NULL);
	assert_int_equal(prefix_keep(kept, a[0]), 0);
	assert_int_equal(prefix_keep(kept, a[0]), -EEXIST);
	assert_int_equal(prefix_publish(kept, a[0], 5000), -EEXIST);
	assert_int_equal(prefix_put(kept, a[0]), PREFIX_CACHED);
	assert_int_equal(prefix_keep(kept, a[0]), -EINVAL);
	prefix_free(kept);
	prefix_free(published);
}

static void counts_idle_blocks_of_a_match(void **state)
{
	static const uint64_t ids[] = { 1, 2, 3 };
	struct prefix_cache *c = prefix_create(4);
	size_t idle;

	(void)state;
	prefix_replay(c, ids, 2, PREFIX_TAIL_FIRST);
	assert_int_equal(prefix_match(c, ids, 3, &idle), 2);
	assert_int_equal(idle, 2);
	assert_int_not_equal(prefix_hold(c, 1), PREFIX_NONE);
	assert_int_equal(prefix_match(c, ids, 3, &idle), 2);
	assert_int_equal(idle, 1);
	assert_int_equal(prefix_available(c), 3);
	prefix_free(c);
}

static void refuses_silly_sizes(void **state)
{
	(void)state;
	assert_null(prefix_create(0));
	assert_int_equal(errno, EINVAL);
	assert_null(prefix_create(PREFIX_BLOCKS_MAX + 1));
	prefix_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replays_the_trace_like_the_oracle),
		cmocka_unit_test(replays_random_prompts_like_the_oracle),
		cmocka_unit_test(repeats_within_a_prompt_are_touched),
		cmocka_unit_test(holds_and_gives_back),
		cmocka_unit_test(keeps_what_nobody_looks_for),
		cmocka_unit_test(counts_idle_blocks_of_a_match),
		cmocka_unit_test(refuses_silly_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
