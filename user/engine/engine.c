// SPDX-License-Identifier: LGPL-2.1-or-later
/* The engine: time, steps and what became of the requests. */
#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/engine_emit.h"

/**
 * struct run - a run
 * @steps_left: steps until the next rebalance
 */
struct run {
	const struct trace *trace;
	const struct engine_options *options;
	struct emitter emit;
	struct sched *sched;
	struct engine_result *result;
	uint64_t tokens_all;
	uint32_t steps_left;
};

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static int check(const struct trace *trace, const struct model_config *model,
		 const struct layout *layout, const struct routing *routing,
		 const struct engine_options *o, struct engine_error *e)
{
	if (!trace->n) {
		engine_error_set(e, "the trace has no request");
		return -EINVAL;
	}
	if (!model->experts != !routing) {
		engine_error_set(e, "%s %s experts; routing belongs to those that have",
				 model->name, model->experts ? "has" : "has no");
		return -EINVAL;
	}
	if (o->sched.block_tokens != layout->block_tokens) {
		engine_error_set(e, "KV blocks of %u tokens in the schedule, of %u in the layout",
				 o->sched.block_tokens, layout->block_tokens);
		return -EINVAL;
	}
	return 0;
}

static int tell_kv(void *ctx, enum sched_kv_event event, const struct sched_block *block)
{
	const struct run *r = ctx;
	const struct emitter *m = &r->emit;

	if (!m->ops->kv)
		return 0;
	return m->ops->kv(m->ctx, event, block->number, block->content, m->e);
}

/* ---- steps ---- */

static int load(struct run *r)
{
	const struct emitter *m = &r->emit;
	struct engine_step step = { .load = true, .kind = TERRACE_STEP_PREFILL };
	int err = m->ops->step_begin(m->ctx, &step, m->e);

	if (!err)
		err = emit_load(m);
	if (!err)
		err = m->ops->step_end(m->ctx, &r->result->load, m->e);
	if (!err)
		err = m->ops->seal(m->ctx, m->e);
	return err;
}

static void work_of(const struct sched_plan *plan, struct model_work *work)
{
	*work = (struct model_work) { .tokens = plan->tokens };
	for (size_t i = 0; i < plan->n; i++) {
		const struct sched_item *item = &plan->items[i];
		uint64_t n = item->tokens;
		/* The first attends to what was there and itself, the next to one more. */
		uint64_t context = n * item->context + n * (n + 1) / 2;

		work->sampled += item->sampled;
		if (item->prefill)
			work->prefill_context += context;
		else
			work->decode_context += context;
	}
}

static int access_all(const struct run *r, const struct sched_plan *plan, uint64_t sampled)
{
	const struct sched_request *requests = sched_requests(r->sched);
	int err = emit_weights(&r->emit, (uint32_t)plan->tokens, sampled);

	for (size_t i = 0; i < plan->n && !err; i++)
		err = emit_kv(&r->emit, &requests[plan->items[i].request], &plan->items[i]);
	return err;
}

static void count_step(struct engine_result *t, const struct sched_plan *plan, uint64_t flops,
		       const struct engine_cost *cost)
{
	t->steps++;
	t->prefill_steps += plan->prefill_tokens > 0;
	t->flops = add(t->flops, flops);
	t->model_ns = add(t->model_ns, cost->model_ns);
	t->serial_ns = add(t->serial_ns, cost->serial_ns);
	t->compute_ns = add(t->compute_ns, cost->compute_ns);
	t->wall_ns = add(t->wall_ns, cost->wall_ns);
	t->now_ns = add(t->now_ns, cost->model_ns);
}

static int do_step(struct run *r, const struct sched_plan *plan)
{
	const struct emitter *m = &r->emit;
	struct engine_cost cost = {};
	struct model_work work;
	struct engine_step step;
	int err;

	work_of(plan, &work);
	step = (struct engine_step) {
		.kind = plan->prefill_tokens ? TERRACE_STEP_PREFILL : TERRACE_STEP_DECODE,
		.flops = model_flops(m->model, &work),
		.tokens = (uint32_t)plan->tokens,
		.requests = (uint32_t)plan->n,
		.now_ns = r->result->now_ns,
	};
	err = m->ops->step_begin(m->ctx, &step, m->e);
	if (!err)
		err = access_all(r, plan, work.sampled);
	if (!err)
		err = m->ops->step_end(m->ctx, &cost, m->e);
	if (err)
		return err;
	count_step(r->result, plan, step.flops, &cost);
	return sched_commit_step(r->sched, r->result->now_ns);
}

static int rebalance(struct run *r)
{
	const struct emitter *m = &r->emit;

	if (!r->options->rebalance_steps || !m->ops->rebalance || --r->steps_left)
		return 0;
	r->steps_left = r->options->rebalance_steps;
	return m->ops->rebalance(m->ctx, r->result->now_ns, m->e);
}

static int wait_for_arrival(struct run *r)
{
	const struct emitter *m = &r->emit;
	struct engine_result *t = r->result;
	uint64_t arrival_ns;
	int err;

	if (!sched_next_arrival(r->sched, &arrival_ns)) {
		engine_error_set(m->e, "no request can go on; this is a mistake in the scheduler");
		return -EDEADLK;
	}
	err = m->ops->advance(m->ctx, arrival_ns - t->now_ns, m->e);
	if (!err)
		t->now_ns = arrival_ns;
	return err;
}

static void report_progress(const struct run *r)
{
	struct engine_progress progress;
	struct sched_stats stats;

	if (!r->options->progress)
		return;
	sched_get_stats(r->sched, &stats);
	progress = (struct engine_progress) {
		.steps = r->result->steps,
		.tokens = stats.cached_tokens + stats.prefilled_tokens + stats.produced_tokens +
			  stats.rejected_tokens,
		.tokens_all = r->tokens_all,
		.now_ns = r->result->now_ns,
	};
	r->options->progress(r->options->progress_ctx, &progress);
}

static bool stopped(const struct run *r)
{
	return r->options->stop && *r->options->stop;
}

static int loop(struct run *r)
{
	struct sched_plan plan;
	int err = 0;

	while (!err && !stopped(r)) {
		err = sched_plan_step(r->sched, r->result->now_ns, &plan);
		if (err || sched_done(r->sched))
			return err;
		if (!plan.n) {
			err = wait_for_arrival(r);
			continue;
		}
		err = do_step(r, &plan);
		if (!err)
			err = rebalance(r);
		report_progress(r);
	}
	r->result->interrupted = !err && !sched_done(r->sched);
	return err;
}

/* ---- results ---- */

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int collect(struct run *r)
{
	const struct sched_request *requests = sched_requests(r->sched);
	struct engine_result *t = r->result;

	sched_get_stats(r->sched, &t->sched);
	sched_prefix_stats(r->sched, &t->prefix);
	t->ttft_ns = calloc(r->trace->n, sizeof(*t->ttft_ns));
	t->tpot_ns = calloc(r->trace->n, sizeof(*t->tpot_ns));
	if (!t->ttft_ns || !t->tpot_ns)
		return -ENOMEM;
	for (size_t i = 0; i < r->trace->n; i++) {
		const struct sched_request *q = &requests[i];

		if (q->produced)
			t->ttft_ns[t->n_ttft++] = q->first_token_ns - q->spec->arrival_ns;
		if (q->state == SCHED_FINISHED && q->produced > 1)
			t->tpot_ns[t->n_tpot++] = (q->finish_ns - q->first_token_ns) /
						  (q->produced - 1);
	}
	qsort(t->ttft_ns, t->n_ttft, sizeof(*t->ttft_ns), compare_u64);
	qsort(t->tpot_ns, t->n_tpot, sizeof(*t->tpot_ns), compare_u64);
	return 0;
}

static int prepare(struct run *r)
{
	struct sched_hooks hooks = { .kv = tell_kv, .ctx = r };
	struct emitter *m = &r->emit;

	for (size_t i = 0; i < r->trace->n; i++)
		r->tokens_all += (uint64_t)r->trace->requests[i].input_tokens +
				 r->trace->requests[i].output_tokens;
	if (m->model->experts) {
		m->experts = calloc(m->model->experts, sizeof(*m->experts));
		if (!m->experts)
			return -ENOMEM;
	}
	return sched_create(r->trace, &r->options->sched, &hooks, &r->sched, m->e);
}

int engine_run(const struct trace *trace, const struct model_config *model,
	       const struct layout *layout, struct routing *routing,
	       const struct engine_options *options, const struct engine_ops *ops, void *ctx,
	       struct engine_result *out, struct engine_error *e)
{
	struct run r = {
		.trace = trace,
		.options = options,
		.emit = {
			.ops = ops,
			.ctx = ctx,
			.model = model,
			.layout = layout,
			.routing = routing,
			.e = e,
		},
		.result = out,
		.steps_left = options->rebalance_steps,
	};
	int err;

	*out = (struct engine_result) { .requests = trace->n };
	err = check(trace, model, layout, routing, options, e);
	if (err)
		return err;
	engine_error_set(e, "no memory for a run of %zu requests", trace->n);
	err = prepare(&r);
	if (!err)
		err = load(&r);
	if (!err)
		err = loop(&r);
	if (!err)
		err = collect(&r);
	sched_free(r.sched);
	free(r.emit.experts);
	if (err)
		engine_result_free(out);
	return err;
}

void engine_result_free(struct engine_result *r)
{
	free(r->ttft_ns);
	free(r->tpot_ns);
	*r = (struct engine_result) {};
}

uint64_t engine_percentile(const uint64_t *sorted, size_t n, uint32_t permille)
{
	size_t rank;

	if (!n)
		return 0;
	rank = (n * permille + 999) / 1000;
	return sorted[rank ? rank - 1 : 0];
}
