// SPDX-License-Identifier: LGPL-2.1-or-later
/* Requests that vLLM served, served again. */
#include "sim/requests.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/trace.h"
#include "sim/kernel_time.h"
#include "sim/models.h"
#include "sim/vllm_memory.h"

static const char *const columns[REQUEST_FIGURES] = { "ttft_ms", "tpot_ms", "e2e_ms" };

/**
 * struct setup - how a kind is served
 * @row: of the configuration
 */
struct setup {
	size_t row;
	struct serve_options options;
	struct model_config model;
	struct kernel_tables tables;
	struct kernel_time time;
};

/* ---- the engines ---- */

static bool find_configuration(const struct validate *v, const struct requests *q, size_t *row)
{
	const struct csv *t = &v->published.table[FORM_CONFIGURATIONS];

	for (*row = 0; *row < t->n_rows; ++*row)
		if (!strcmp(csv_text(t, *row, "hardware"), q->hardware) &&
		    sim_model_same(csv_text(t, *row, "model"), q->model))
			return true;
	return false;
}

/* A number of the configuration; @otherwise when it is not there. */
static double setting(const struct validate *v, size_t row, const char *column, double otherwise)
{
	double value;

	if (!csv_number(&v->published.table[FORM_CONFIGURATIONS], row, column, &value) || value < 0)
		return otherwise;
	return value;
}

/* The same for what is counted; what is far too much is for serve() to refuse. */
static uint32_t count(const struct validate *v, size_t row, const char *column, double otherwise)
{
	return (uint32_t)fmin(setting(v, row, column, otherwise), 1U << 30);
}

static uint32_t blocks_of(const struct validate *v, const struct setup *s)
{
	const struct vllm_memory memory = {
		.memory_bytes = setting(v, s->row, "gpu_mem_GB", 0) * (1ULL << 30),
		.utilization = setting(v, s->row, "gpu_mem_utilization", 0.9),
		.tp = s->time.tp,
		.ep = s->time.ep,
		.batch = s->options.max_batch,
		.step_tokens = s->options.max_step_tokens,
		.block_tokens = s->options.block_tokens,
	};
	uint32_t given = count(v, s->row, "num_gpu_blocks", 0);

	return given ?: vllm_memory_blocks(&memory, &s->model);
}

/* What a configuration does not say is vLLM's default. */
static void set_up(const struct validate *v, struct setup *s)
{
	uint32_t dp = count(v, s->row, "dp", 1);

	s->time = (struct kernel_time) {
		.tables = &s->tables,
		.model = &s->model,
		.tp = setting(v, s->row, "tp", 1),
		.ep = s->model.experts ? fmax(setting(v, s->row, "ep", 1), 1) : 1,
		.link_bytes_s = setting(v, s->row, "link_bw_GBps", INFINITY) * 1e9,
		.link_latency_s = setting(v, s->row, "link_latency_ns", 0) / 1e9,
	};
	s->options = (struct serve_options) {
		.ranks = dp,
		.lockstep = dp > 1 && s->time.ep > 1,
		.max_batch = count(v, s->row, "max_num_seqs", 256),
		.max_step_tokens = count(v, s->row, "max_num_batched_tokens", 2048),
		.block_tokens = count(v, s->row, "block_tokens", 16),
		.ahead = true,
		.prefix_caching = setting(v, s->row, "prefix_caching", 1) > 0,
	};
	s->options.kv_blocks = blocks_of(v, s);
}

static int prepare(const struct validate *v, const struct requests *q, struct setup *s,
		   struct engine_error *e)
{
	int err;

	if (!find_configuration(v, q, &s->row)) {
		engine_error_set(e, "no configuration of %s on %s", q->model, q->hardware);
		return -ENOENT;
	}
	err = sim_model_find(q->model, MODEL_BF16, &s->model, e);
	if (!err)
		err = kernel_tables_read(&v->kernels, q->hardware, q->model,
					 setting(v, s->row, "tp", 1), &s->tables, e);
	if (!err)
		err = kernel_time_check(&s->tables, &s->model, q->hardware, e);
	if (!err)
		set_up(v, s);
	return err;
}

/* ---- the trace ---- */

/* Return: whether it is a request of the kind; how long it took there is noted. */
static bool take_row(const struct csv *t, size_t row, struct requests *q,
		     struct trace_request *spec)
{
	double in, out, arrival, took[REQUEST_FIGURES];
	unsigned int i;

	if (strcmp(csv_text(t, row, "hardware"), q->hardware) ||
	    strcmp(csv_text(t, row, "model"), q->model))
		return false;
	for (i = 0; i < REQUEST_FIGURES; i++)
		if (!csv_number(t, row, columns[i], &took[i]))
			return false;
	if (!csv_number(t, row, "input_toks", &in) || !csv_number(t, row, "output_toks", &out) ||
	    !csv_number(t, row, "arrival_s", &arrival) || in < 1 || in > TRACE_TOKENS_MAX ||
	    out < 2 || out > TRACE_TOKENS_MAX || arrival < 0 ||
	    arrival > TRACE_ARRIVAL_NS_MAX / 1e9)
		return false;
	for (i = 0; i < REQUEST_FIGURES; i++)
		q->theirs[i][q->n] = took[i];
	*spec = (struct trace_request) {
		.arrival_ns = (uint64_t)(arrival * 1e9),
		.input_tokens = (uint32_t)in,
		.output_tokens = (uint32_t)out,
		.line = (uint32_t)row,
	};
	return true;
}

static int by_arrival(const void *a, const void *b)
{
	const struct trace_request *x = a, *y = b;

	if (x->arrival_ns != y->arrival_ns)
		return x->arrival_ns < y->arrival_ns ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static int make_trace(const struct validate *v, struct requests *q, struct trace *trace)
{
	const struct csv *t = &v->published.table[FORM_REQUESTS];
	unsigned int i;
	size_t row;

	trace->requests = calloc(t->n_rows + 1, sizeof(*trace->requests));
	if (!trace->requests)
		return -ENOMEM;
	for (i = 0; i < REQUEST_FIGURES; i++) {
		q->theirs[i] = calloc(t->n_rows + 1, sizeof(double));
		q->ours[i] = calloc(t->n_rows + 1, sizeof(double));
		if (!q->theirs[i] || !q->ours[i])
			return -ENOMEM;
	}
	for (row = 0; row < t->n_rows; row++)
		if (take_row(t, row, q, &trace->requests[q->n]))
			q->n++;
	trace->n = q->n;
	qsort(trace->requests, trace->n, sizeof(*trace->requests), by_arrival);
	return 0;
}

/* ---- serving ---- */

static void note_ours(struct requests *q, const struct trace *trace,
		      const struct serve_request *done)
{
	size_t i;

	for (i = 0; i < trace->n; i++) {
		const struct serve_request *r = &done[i];
		double first = (double)(r->first_token_ns - r->taken_ns) / 1e6;
		double last = (double)(r->finish_ns - r->taken_ns) / 1e6;

		q->ours[REQUEST_TTFT][i] = first;
		q->ours[REQUEST_LATENCY][i] = last;
		q->ours[REQUEST_TPOT][i] = (last - first) /
					   (trace->requests[i].output_tokens - 1);
	}
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void sort_all(struct requests *q)
{
	unsigned int i;

	for (i = 0; i < REQUEST_FIGURES; i++) {
		qsort(q->ours[i], q->n, sizeof(double), ascending);
		qsort(q->theirs[i], q->n, sizeof(double), ascending);
	}
}

static int serve_kind(const struct validate *v, struct requests *q, struct engine_error *e)
{
	struct serve_request *done = NULL;
	struct setup s = { 0 };
	struct trace trace = { 0 };
	int err = prepare(v, q, &s, e) ?: make_trace(v, q, &trace);

	if (!err) {
		const struct serve_time time = { kernel_time_step, &s.time };

		done = calloc(trace.n + 1, sizeof(*done));
		err = done ? serve(&trace, &s.options, &time, done, &q->stats, e) : -ENOMEM;
	}
	if (!err) {
		note_ours(q, &trace, done);
		sort_all(q);
	}
	free(done);
	trace_free(&trace);
	kernel_tables_free(&s.tables);
	return err;
}

/* ---- all kinds ---- */

static bool is_known(const struct served *s, const char *hardware, const char *model)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->kind[i].hardware, hardware) && !strcmp(s->kind[i].model, model))
			return true;
	return false;
}

static struct requests *add_kind(struct served *s, const char *hardware, const char *model)
{
	struct requests *kind = reallocarray(s->kind, s->n + 1, sizeof(*kind));

	if (!kind)
		return NULL;
	s->kind = kind;
	kind[s->n] = (struct requests) { .hardware = hardware, .model = model };
	return &kind[s->n++];
}

int served_make(const struct validate *v, struct served *out, struct engine_error *e)
{
	const struct csv *t = &v->published.table[FORM_REQUESTS];
	struct engine_error why = { 0 };
	size_t row;
	int err = 0;

	*out = (struct served) { 0 };
	for (row = 0; row < t->n_rows && err != -ENOMEM; row++) {
		const char *hardware = csv_text(t, row, "hardware");
		const char *model = csv_text(t, row, "model");
		struct requests *q;

		if (is_known(out, hardware, model))
			continue;
		q = add_kind(out, hardware, model);
		err = q ? serve_kind(v, q, &why) : -ENOMEM;
		if (err && err != -ENOMEM)
			snprintf(q->skipped, sizeof(q->skipped), "%.*s",
				 (int)sizeof(q->skipped) - 1, why.text);
	}
	if (err == -ENOMEM)
		engine_error_set(e, "no memory for serving requests again");
	return err == -ENOMEM ? err : 0;
}

void served_free(struct served *s)
{
	unsigned int i;
	size_t k;

	for (k = 0; k < s->n; k++)
		for (i = 0; i < REQUEST_FIGURES; i++) {
			free(s->kind[k].ours[i]);
			free(s->kind[k].theirs[i]);
		}
	free(s->kind);
	*s = (struct served) { 0 };
}

/* ---- figures ---- */

const char *requests_figure_name(enum request_figure figure)
{
	static const char *const names[REQUEST_FIGURES] = { "TTFT", "TPOT", "Latency" };

	return names[figure];
}

double requests_mean(const double *values, size_t n)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += values[i];
	return n ? sum / (double)n : 0;
}

double requests_percentile(const double *values, size_t n, double p)
{
	double place = p / 100 * (double)(n - 1);
	size_t at = (size_t)place;

	if (!n)
		return 0;
	if (at + 1 >= n)
		return values[n - 1];
	return values[at] + (values[at + 1] - values[at]) * (place - (double)at);
}
