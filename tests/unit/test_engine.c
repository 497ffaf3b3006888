// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The engine's loop: a driver that believes nothing checks every call, and the model driver's books
 * are checked against each other and against sums made by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/fit.h"
#include "engine/model_driver.h"
#include "engine_fixture.h"

#define SLICE "tests/data/traces/conversation-120.jsonl"

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

static const struct engine_options common = {
	.sched = {
		.max_batch = 8,
		.max_step_tokens = 2048,
		.block_tokens = TRACE_BLOCK_TOKENS,
		.kv_blocks = 400,
		.share_prefixes = true,
	},
	.rebalance_steps = 7,
};

static void check_conservation(const struct trace *t, const struct engine_options *o,
			       const struct engine_result *r)
{
	uint64_t answers = 0, prompts = 0, rejected = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct trace_request *q = &t->requests[i];
		uint64_t blocks = (q->input_tokens + q->output_tokens - 1 +
				   (uint64_t)o->sched.block_tokens - 1) / o->sched.block_tokens;

		if (blocks > o->sched.kv_blocks) {
			rejected++;
			continue;
		}
		answers += q->output_tokens;
		prompts += q->input_tokens;
	}
	assert_false(r->interrupted);
	assert_int_equal(r->requests, t->n);
	assert_int_equal(r->sched.arrived, t->n);
	assert_int_equal(r->sched.rejected, rejected);
	assert_int_equal(r->sched.finished, t->n - rejected);
	assert_int_equal(r->sched.produced_tokens, answers);
	assert_int_equal(r->sched.prompt_tokens, prompts);
	assert_int_equal(r->sched.cached_tokens + r->sched.prefilled_tokens, prompts);
	assert_int_equal(r->prefix.held, 0);
	assert_int_equal(r->n_ttft, t->n - rejected);
	assert_true(r->sched.peak_batch <= o->sched.max_batch);
	assert_true(r->sched.peak_blocks <= o->sched.kv_blocks);
	for (size_t i = 1; i < r->n_ttft; i++)
		assert_true(r->ttft_ns[i - 1] <= r->ttft_ns[i]);
	for (size_t i = 1; i < r->n_tpot; i++)
		assert_true(r->tpot_ns[i - 1] <= r->tpot_ns[i]);
}

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
	check_conservation(t, o, &r);
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
	struct engine_options o = common;
	struct engine_error e = {};
	struct trace t;

	(void)state;
	if (trace_read(SLICE, NULL, &t, &e))
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
		struct engine_options o = common;
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
	struct engine_options o = common;
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
	struct engine_options o = common;
	struct engine_error e = {};
	struct stopper stopper = {};
	struct engine_result r;
	struct strict s;
	struct layout l;
	struct trace t;

	(void)state;
	if (trace_read(SLICE, NULL, &t, &e))
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
	struct engine_options o = common;
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

/* ---- the model driver ---- */

struct modelled {
	struct engine_result result;
	struct ledger ledger;
};

static void run_modelled(const struct trace *t, const struct model_config *m,
			 const struct engine_tierfile *tiers, enum policy_kind kind,
			 uint32_t kv_blocks, struct modelled *out)
{
	struct routing *routing = fixture_routing(m);
	struct model_driver_options d = { .tiers = tiers, .extent_bytes = 4096 };
	struct engine_options o = common;
	struct model_driver *driver;
	struct engine_error e = {};
	struct layout l;
	struct fit fit;

	fixture_layout(m, tiers->device.scale_shift, &l);
	policy_defaults(&d.policy, kind);
	d.policy.stay_ns = 1000000;
	d.policy.margin_ns = 1000;
	d.layout = &l;
	if (fit_model(tiers, &l, d.extent_bytes, &fit, &e))
		fail_msg("%s", e.text);
	d.kv_blocks = kv_blocks < fit.kv_blocks ? kv_blocks : fit.kv_blocks;
	o.sched.kv_blocks = d.kv_blocks;
	if (model_driver_create(&d, &driver, &e) ||
	    engine_run(t, m, &l, routing, &o, &model_driver_ops, driver, &out->result, &e))
		fail_msg("%s", e.text);
	model_driver_ledger(driver, &out->ledger);
	check_conservation(t, &o, &out->result);
	model_driver_free(driver);
	layout_free(&l);
	routing_free(routing);
}

/* One tier without latency: bytes and times are sums that can be made by hand. */
static void one_request_by_hand(void **state)
{
	const struct model_config *m = &fixture_dense;
	struct trace_request request = { .input_tokens = 3, .output_tokens = 3, .line = 1 };
	const struct trace t = { .requests = &request, .n = 1 };
	uint64_t head = (uint64_t)m->vocab * m->hidden * m->weight_dtype;
	uint64_t body = model_weight_bytes(m) - 2 * head;
	uint64_t kv = model_kv_token_bytes(m);
	uint64_t row = m->hidden * m->weight_dtype;
	const struct terrace_ledger_entry *entry;
	struct engine_tierfile tiers;
	struct modelled r;
	uint64_t bytes;

	(void)state;
	fixture_tiers(&tiers, 0, 1);
	run_modelled(&t, m, &tiers, POLICY_STATIC, 4, &r);
	/* Prefill of 3, decodes at contexts 3 and 4. */
	assert_int_equal(r.result.steps, 3);
	assert_int_equal(r.result.prefill_steps, 1);
	entry = r.ledger.tiers[0].class;
	bytes = 3 * (body + head) + (3 + 1 + 1) * row;
	assert_int_equal(entry[TERRACE_CLASS_WEIGHTS].model_read_bytes, bytes);
	assert_int_equal(entry[TERRACE_CLASS_WEIGHTS].model_write_bytes, 0);
	assert_int_equal(entry[TERRACE_CLASS_KV].model_read_bytes, (3 + 4) * kv);
	assert_int_equal(entry[TERRACE_CLASS_KV].model_write_bytes, (3 + 1 + 1) * kv);
	assert_int_equal(r.ledger.tiers[0].load_bytes, model_weight_bytes(m));
	/* 1 byte/ns each way, and 100 ns of latency a step. */
	assert_int_equal(r.result.model_ns, bytes + (7 + 5) * kv + 3 * 100);
	assert_int_equal(r.ledger.tiers[0].busy_ns, r.result.model_ns);
	assert_int_equal(r.result.serial_ns, r.result.model_ns);
	/* 1 pJ a bit in the array and on the link together. */
	assert_int_equal(entry[TERRACE_CLASS_WEIGHTS].model_energy_uj, bytes * 8 / 1000000);
	assert_int_equal(r.ledger.tiers[0].idle_uj, r.result.model_ns * 2 / 1000);
	assert_int_equal(r.result.n_ttft, 1);
	assert_int_equal(r.result.n_tpot, 1);
	assert_int_equal(r.result.ttft_ns[0] + 2 * r.result.tpot_ns[0],
			 r.result.now_ns - (r.result.now_ns - r.result.ttft_ns[0]) % 2);
	engine_result_free(&r.result);
}

/* Bytes that the accesses moved do not depend on where things are. */
static void tiers_share_the_same_bytes(void **state)
{
	struct engine_tierfile one, three;
	struct engine_error e = {};
	struct modelled a, b;
	uint64_t sum = 0;
	struct trace t;

	(void)state;
	if (trace_read(SLICE, NULL, &t, &e))
		fail_msg("%s", e.text);
	fixture_tiers(&one, 0, 1);
	fixture_tiers(&three, 0, 3);
	three.tiers[0].profile.capacity_bytes = one.tiers[0].profile.capacity_bytes / 64;
	run_modelled(&t, &fixture_moe, &one, POLICY_STATIC, 400, &a);
	run_modelled(&t, &fixture_moe, &three, POLICY_STATIC, 400, &b);
	for (uint32_t i = 0; i < 3; i++)
		sum += ledger_served_bytes(&b.ledger.tiers[i]);
	if (a.result.steps == b.result.steps)
		assert_int_equal(sum, ledger_served_bytes(&a.ledger.tiers[0]));
	assert_int_equal(b.ledger.migrations, 0);
	assert_int_equal(a.ledger.saturations, 0);
	assert_true(ledger_rank0_share(&b.ledger) < 1 && ledger_rank0_share(&b.ledger) > 0);
	assert_true(b.result.model_ns <= b.result.serial_ns);
	engine_result_free(&a.result);
	engine_result_free(&b.result);
	trace_free(&t);
}

static void policies_move_and_pay(void **state)
{
	static const enum policy_kind kinds[] = { POLICY_LRU, POLICY_CLASS };
	struct engine_tierfile tiers;
	struct engine_error e = {};
	struct trace t;

	(void)state;
	if (trace_read(SLICE, NULL, &t, &e))
		fail_msg("%s", e.text);
	fixture_tiers(&tiers, 0, 3);
	tiers.tiers[0].profile.capacity_bytes /= 64;
	for (size_t i = 0; i < 2; i++) {
		uint64_t in = 0, out = 0;
		struct modelled r;

		run_modelled(&t, &fixture_moe, &tiers, kinds[i], 400, &r);
		assert_true(r.ledger.migrations > 0);
		for (uint32_t tier = 0; tier < 3; tier++)
			for (int c = 0; c < TERRACE_CLASSES; c++) {
				in += r.ledger.tiers[tier].class[c].model_in_bytes;
				out += r.ledger.tiers[tier].class[c].model_out_bytes;
			}
		assert_int_equal(in, out);
		assert_int_equal(in, r.ledger.migrations * 4096);
		assert_int_equal(ledger_moved_bytes(&r.ledger), in);
		/* The KV class is not allowed on the third tier. */
		assert_int_equal(r.ledger.tiers[2].class[TERRACE_CLASS_KV].model_in_bytes, 0);
		assert_int_equal(r.ledger.tiers[2].class[TERRACE_CLASS_KV].model_read_bytes, 0);
		engine_result_free(&r.result);
	}
	trace_free(&t);
}

static void says_what_does_not_fit(void **state)
{
	struct model_driver_options d = { .extent_bytes = 4096, .kv_blocks = 1 };
	struct engine_tierfile tiers;
	struct engine_error e = {};
	struct model_driver *driver;
	struct layout l;
	struct fit fit;
	uint64_t weights;

	(void)state;
	fixture_layout(&fixture_dense, 0, &l);
	fixture_tiers(&tiers, 0, 1);
	policy_defaults(&d.policy, POLICY_STATIC);
	d.tiers = &tiers;
	d.layout = &l;
	weights = (l.weights_real_bytes + 4095) & ~4095ULL;

	tiers.tiers[0].profile.capacity_bytes = weights - 4096;
	assert_int_equal(model_driver_create(&d, &driver, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "fast0: short by 4096 modelled bytes for the weights"));
	tiers.tiers[0].profile.capacity_bytes = weights;
	assert_int_equal(model_driver_create(&d, &driver, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "one block of KV"));
	tiers.tiers[0].profile.capacity_bytes = weights + l.block_real_bytes + 4095;
	assert_int_equal(fit_model(&tiers, &l, 4096, &fit, &e), 0);
	assert_int_equal(fit.kv_blocks, 1);
	d.kv_blocks = 2;
	assert_int_equal(model_driver_create(&d, &driver, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "2 blocks of KV do not fit"));
	d.kv_blocks = 1;
	assert_int_equal(model_driver_create(&d, &driver, &e), 0);
	model_driver_free(driver);

	tiers.tiers[0].classes = 1 << TERRACE_CLASS_KV;
	assert_int_equal(fit_model(&tiers, &l, 4096, &fit, &e), -EXDEV);
	assert_int_equal(fit_model(&tiers, &l, 4095, &fit, &e), -EINVAL);
	tiers.device.scale_shift = 1;
	assert_int_equal(fit_model(&tiers, &l, 4096, &fit, &e), -EINVAL);
	layout_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slice_is_conserved),
		cmocka_unit_test(random_traces_are_conserved),
		cmocka_unit_test(failures_end_the_run),
		cmocka_unit_test(stops_when_asked),
		cmocka_unit_test(refuses_what_does_not_go_together),
		cmocka_unit_test(one_request_by_hand),
		cmocka_unit_test(tiers_share_the_same_bytes),
		cmocka_unit_test(policies_move_and_pay),
		cmocka_unit_test(says_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
