// SPDX-License-Identifier: LGPL-2.1-or-later
/* The engine's calls: a driver that believes nothing checks what may be touched at that moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine_fixture.h"

/* ---- a driver that believes nothing ---- */

struct block_state {
	uint64_t content;
	uint64_t filled;
	int holds;
	bool cached;
};

struct strict {
	const struct layout *layout;
	const struct model_config *model;
	struct block_state *blocks;
	bool *part_written;
	bool sealed;
	bool in_step;
	struct engine_step step;
	uint64_t steps;
	uint64_t weights_read;
	uint64_t kv_written;
	uint64_t dependent;
	uint64_t advanced_ns;
	uint64_t rebalances;
	uint64_t fail_at;
	uint64_t calls;
};

static int strict_call(struct strict *s, struct engine_error *e)
{
	if (++s->calls != s->fail_at)
		return 0;
	engine_error_set(e, "asked to fail");
	return -EIO;
}

static int strict_begin(void *ctx, const struct engine_step *step, struct engine_error *e)
{
	struct strict *s = ctx;

	assert_false(s->in_step);
	assert_int_equal(step->load, !s->sealed);
	if (!step->load) {
		assert_true(step->tokens >= step->requests && step->requests);
		assert_true(step->flops > 0);
		if (step->kind == TERRACE_STEP_DECODE)
			assert_int_equal(step->tokens, step->requests);
		s->steps++;
	}
	s->step = *step;
	s->in_step = true;
	return strict_call(s, e);
}

static void check_weights(struct strict *s, const struct engine_access *a)
{
	size_t index = (size_t)(a->part - s->layout->parts);

	assert_true(index < s->layout->n);
	assert_int_equal(a->block, PREFIX_NONE);
	assert_int_equal(a->write, !s->sealed);
	assert_true(a->real_bytes && a->real_offset + a->real_bytes <= a->part->real_bytes);
	assert_int_equal(a->buffer_offset, a->part->real_offset + a->real_offset);
	assert_true(a->model_bytes <= a->part->model_bytes);
	if (a->write) {
		assert_false(s->part_written[index]);
		s->part_written[index] = true;
		assert_int_equal(a->real_bytes, a->part->real_bytes);
		return;
	}
	assert_true(s->part_written[index]);
	s->weights_read += a->model_bytes;
	s->dependent += a->dependent;
	assert_true(!a->dependent || a->part->part == MODEL_EXPERT);
}

static void check_kv(struct strict *s, const struct engine_access *a)
{
	struct block_state *b = &s->blocks[a->block];
	uint64_t end = a->real_offset + a->real_bytes;

	assert_true(s->sealed);
	assert_null(a->part);
	assert_true(b->holds > 0);
	assert_int_equal(a->content, b->content);
	assert_true(a->real_bytes && end <= s->layout->block_real_bytes);
	assert_int_equal(a->buffer_offset,
			 a->block * s->layout->block_real_bytes + a->real_offset);
	if (!a->write) {
		/* Nothing is read that was not written since the block was taken. */
		assert_true(end <= b->filled);
		return;
	}
	/* A shared block is full and never written again. */
	assert_int_equal(b->holds, 1);
	assert_int_equal(a->real_offset, b->filled);
	b->filled = end;
	s->kv_written += a->model_bytes;
}

static int strict_access(void *ctx, const struct engine_access *a, struct engine_error *e)
{
	struct strict *s = ctx;

	assert_true(s->in_step);
	if (a->class_id == TERRACE_CLASS_WEIGHTS)
		check_weights(s, a);
	else
		check_kv(s, a);
	return strict_call(s, e);
}

static int strict_end(void *ctx, struct engine_cost *cost, struct engine_error *e)
{
	struct strict *s = ctx;

	assert_true(s->in_step);
	assert_int_equal(cost->model_ns, 0);
	s->in_step = false;
	*cost = (struct engine_cost) {
		.model_ns = s->step.load ? 999 : 1000 + s->step.tokens,
		.serial_ns = 2000,
		.compute_ns = 10,
		.wall_ns = 1,
	};
	return strict_call(s, e);
}

static int strict_seal(void *ctx, struct engine_error *e)
{
	struct strict *s = ctx;

	assert_false(s->sealed);
	for (size_t i = 0; i < s->layout->n; i++)
		assert_true(s->part_written[i]);
	s->sealed = true;
	return strict_call(s, e);
}

static int strict_kv(void *ctx, enum sched_kv_event event, uint32_t block, uint64_t content,
		     struct engine_error *e)
{
	struct strict *s = ctx;
	struct block_state *b = &s->blocks[block];

	assert_false(s->in_step);
	if (event == SCHED_KV_TAKE) {
		assert_int_equal(b->holds, 0);
		*b = (struct block_state) { .content = content, .holds = 1 };
		return strict_call(s, e);
	}
	assert_int_equal(content, b->content);
	if (event == SCHED_KV_SHARE) {
		assert_int_equal(b->filled, s->layout->block_real_bytes);
		assert_true(b->holds || b->cached);
		b->holds++;
		return strict_call(s, e);
	}
	assert_true(b->holds > 0);
	b->holds--;
	b->cached = event == SCHED_KV_PUT && !b->holds;
	if (event == SCHED_KV_FREE)
		assert_int_equal(b->holds, 0);
	return strict_call(s, e);
}

static int strict_rebalance(void *ctx, uint64_t now_ns, struct engine_error *e)
{
	struct strict *s = ctx;

	(void)now_ns;
	assert_false(s->in_step);
	s->rebalances++;
	return strict_call(s, e);
}

static int strict_advance(void *ctx, uint64_t ns, struct engine_error *e)
{
	struct strict *s = ctx;

	assert_false(s->in_step);
	assert_true(ns > 0);
	s->advanced_ns += ns;
	return strict_call(s, e);
}

static const struct engine_ops strict_ops = {
	.step_begin = strict_begin,
	.access = strict_access,
	.step_end = strict_end,
	.seal = strict_seal,
	.kv = strict_kv,
	.rebalance = strict_rebalance,
	.advance = strict_advance,
};

static void strict_init(struct strict *s, const struct model_config *m, const struct layout *l,
			uint32_t kv_blocks)
{
	*s = (struct strict) { .layout = l, .model = m };
	s->blocks = calloc(kv_blocks, sizeof(*s->blocks));
	s->part_written = calloc(l->n, sizeof(*s->part_written));
	assert_non_null(s->blocks);
	assert_non_null(s->part_written);
}

static void strict_free(struct strict *s)
{
	free(s->blocks);
	free(s->part_written);
}

/* ---- conservation ---- */

static void run_strict(const struct trace *t, const struct model_config *m, uint32_t shift,
		       const struct engine_options *o)
{
	struct routing *routing = fixture_routing(m);
	struct engine_result r;
	struct engine_error e = {};
	struct layout l;
	struct strict s;
	uint64_t written;

	fixture_layout(m, shift, &l);
	strict_init(&s, m, &l, o->sched.kv_blocks);
	if (engine_run(t, m, &l, routing, o, &strict_ops, &s, &r, &e))
		fail_msg("%s", e.text);
	fixture_check_conserved(t, o, &r);
	assert_int_equal(r.steps, s.steps);
	assert_int_equal(r.now_ns, r.model_ns + s.advanced_ns);
	assert_int_equal(r.serial_ns, 2000 * r.steps);
	assert_int_equal(r.wall_ns, r.steps);
	assert_int_equal(r.load.model_ns, 999);
	assert_int_equal(s.rebalances, o->rebalance_steps ? r.steps / o->rebalance_steps : 0);
	/* Every token but an answer's last leaves its KV; what does not fill a byte is not told. */
	written = (r.sched.prefilled_tokens + r.sched.produced_tokens - r.sched.finished) *
		  l.kv_token_bytes;
	assert_true(s.kv_written <= written);
	if (!shift)
		assert_int_equal(s.kv_written, written);
	for (uint32_t i = 0; i < o->sched.kv_blocks; i++)
		assert_int_equal(s.blocks[i].holds, 0);
	assert_int_equal(s.dependent > 0, m->experts > 0);
	engine_result_free(&r);
	strict_free(&s);
	layout_free(&l);
	routing_free(routing);
}

static void slice_is_conserved(void **state)
{
	struct engine_options o = fixture_options;
	struct engine_error e = {};
	struct trace t;

	(void)state;
	if (trace_read(FIXTURE_SLICE, NULL, &t, &e))
		fail_msg("%s", e.text);
	run_strict(&t, &fixture_dense, 0, &o);
	run_strict(&t, &fixture_moe, 4, &o);
	o.sched.share_prefixes = false;
	o.rebalance_steps = 0;
	run_strict(&t, &fixture_dense, 4, &o);
	o.sched.share_prefixes = true;
	o.sched.kv_blocks = 60;
	run_strict(&t, &fixture_mla, 10, &o);
	trace_free(&t);
}

/* Short prompts, ties, bursts and idle times, few blocks. */
static void random_traces_are_conserved(void **state)
{
	struct random random;

	(void)state;
	random_seed(&random, 11);
	for (int round = 0; round < 40; round++) {
		struct engine_options o = fixture_options;
		struct trace t;

		fixture_trace(&t, &random, 1 + random_below(&random, 40));
		o.sched.kv_blocks = 2 + random_below(&random, 30);
		o.sched.max_batch = 1 + random_below(&random, 6);
		o.sched.max_step_tokens = o.sched.max_batch + random_below(&random, 700);
		run_strict(&t, round % 2 ? &fixture_moe : &fixture_dense,
			   random_below(&random, 8), &o);
		trace_free(&t);
	}
}

/* Whichever call fails, the run ends with its error and leaves nothing behind. */
static void failures_end_the_run(void **state)
{
	struct engine_options o = fixture_options;
	struct random random;
	struct layout l;
	struct trace t;

	(void)state;
	random_seed(&random, 5);
	fixture_trace(&t, &random, 6);
	fixture_layout(&fixture_dense, 3, &l);
	o.rebalance_steps = 1;
	for (uint64_t at = 1; at < 400; at++) {
		struct engine_error e = {};
		struct engine_result r;
		struct strict s;

		strict_init(&s, &fixture_dense, &l, o.sched.kv_blocks);
		s.fail_at = at;
		assert_int_equal(engine_run(&t, &fixture_dense, &l, NULL, &o, &strict_ops, &s, &r,
					    &e), -EIO);
		assert_string_equal(e.text, "asked to fail");
		assert_null(r.ttft_ns);
		assert_int_equal(s.calls, at);
		strict_free(&s);
	}
	layout_free(&l);
	trace_free(&t);
}

struct stopper {
	volatile sig_atomic_t stop;
	struct engine_progress last;
};

static void stop_after_five(void *ctx, const struct engine_progress *p)
{
	struct stopper *s = ctx;

	assert_int_equal(p->steps, s->last.steps + 1);
	assert_true(p->tokens > s->last.tokens && p->tokens <= p->tokens_all);
	s->last = *p;
	s->stop = p->steps == 5;
}

static void stops_when_asked(void **state)
{
	struct engine_options o = fixture_options;
	struct engine_error e = {};
	struct stopper stopper = {};
	struct engine_result r;
	struct strict s;
	struct layout l;
	struct trace t;

	(void)state;
	if (trace_read(FIXTURE_SLICE, NULL, &t, &e))
		fail_msg("%s", e.text);
	fixture_layout(&fixture_dense, 0, &l);
	strict_init(&s, &fixture_dense, &l, o.sched.kv_blocks);
	o.stop = &stopper.stop;
	o.progress = stop_after_five;
	o.progress_ctx = &stopper;
	assert_int_equal(engine_run(&t, &fixture_dense, &l, NULL, &o, &strict_ops, &s, &r, &e), 0);
	assert_true(r.interrupted);
	assert_int_equal(r.steps, 5);
	engine_result_free(&r);
	strict_free(&s);
	layout_free(&l);
	trace_free(&t);
}

static void refuses_what_does_not_go_together(void **state)
{
	struct routing *routing = fixture_routing(&fixture_moe);
	struct engine_options o = fixture_options;
	struct engine_error e = {};
	struct trace empty = {}, t;
	struct engine_result r;
	struct random random;
	struct layout l;

	(void)state;
	random_seed(&random, 1);
	fixture_trace(&t, &random, 3);
	fixture_layout(&fixture_dense, 0, &l);
	assert_int_equal(engine_run(&empty, &fixture_dense, &l, NULL, &o, &strict_ops, NULL, &r,
				    &e), -EINVAL);
	assert_non_null(strstr(e.text, "no request"));
	assert_int_equal(engine_run(&t, &fixture_dense, &l, routing, &o, &strict_ops, NULL, &r,
				    &e), -EINVAL);
	assert_non_null(strstr(e.text, "has no experts"));
	o.sched.block_tokens = 16;
	assert_int_equal(engine_run(&t, &fixture_dense, &l, NULL, &o, &strict_ops, NULL, &r, &e),
			 -EINVAL);
	assert_non_null(strstr(e.text, "16 tokens"));
	layout_free(&l);
	trace_free(&t);
	routing_free(routing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slice_is_conserved),
		cmocka_unit_test(random_traces_are_conserved),
		cmocka_unit_test(failures_end_the_run),
		cmocka_unit_test(stops_when_asked),
		cmocka_unit_test(refuses_what_does_not_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
