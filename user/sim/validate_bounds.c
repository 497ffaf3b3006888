// SPDX-License-Identifier: LGPL-2.1-or-later
/* Check 5: measured throughput and the roofline's bound. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bound.h"
#include "sim/precision.h"
#include "sim/rows.h"
#include "sim/validate.h"

/* Mean tokens of an answer in MLPerf's llama2-70b (OpenORCA); its prompts are taken for as long. */
#define MLPERF_TOKENS	294

/* KV in the rows of requests has one byte a number, as their formula says. */
#define SERVING_KV_BITS	8

/* Of batches and lengths. */
#define NUMBER_MAX	1000000

enum kind { KIND_STREAM, KIND_SERVING, KIND_COMPUTE, KIND_NONE };

/* How the formula of a kind begins where the table gives one. */
static const char *const formulas[KIND_NONE] = {
	[KIND_STREAM] = "n*BW/(streamed weight bytes)",
	[KIND_SERVING] = "batch=(capacity-weights)/(1-byte KV of ISL+OSL/2)",
	[KIND_COMPUTE] = "compute only: n*peak/(2*params)/((in+out)/out)",
};

/* What a configuration says; lengths in tokens. */
struct setting {
	enum kind kind;
	unsigned int batch;
	unsigned int input;
	unsigned int output;
};

/* A number behind a word. Return: what follows it, NULL when there is none. */
static const char *number_after(const char *text, const char *word, unsigned int *out)
{
	size_t n = strlen(word);
	unsigned long value;
	char *end;

	if (!text || strncmp(text, word, n) || !isdigit((unsigned char)text[n]))
		return NULL;
	value = strtoul(text + n, &end, 10);
	if (!value || value > NUMBER_MAX)
		return NULL;
	*out = value;
	return end;
}

static struct setting read_config(const char *config)
{
	struct setting s = { .kind = KIND_NONE };

	if (number_after(number_after(config, "ISL/OSL=", &s.input), "/", &s.output))
		s.kind = KIND_SERVING;
	else if (number_after(config, "batch=", &s.batch))
		s.kind = KIND_STREAM;
	if (strncmp(config, "MLPerf ", 7) || !strstr(config, "llama2-70b") ||
	    !strstr(config, "Offline"))
		return s;
	return (struct setting) { KIND_COMPUTE, 0, MLPERF_TOKENS, MLPERF_TOKENS };
}

/* A mean length that the formula states is taken from there. */
static void read_formula(const char *formula, struct setting *s)
{
	const char *at = strstr(formula, "in=out=");

	if (s->kind == KIND_COMPUTE && number_after(at, "in=out=", &s->input))
		s->output = s->input;
}

static bool has_setting(const struct row *r, struct setting *s)
{
	const char *formula = row_text(r, "bound_formula");

	*s = read_config(row_text(r, "config"));
	if (s->kind == KIND_NONE) {
		check_skip(r->check, "the configuration is none that a bound is computed for");
		return false;
	}
	if (*formula && strncmp(formula, formulas[s->kind], strlen(formulas[s->kind]))) {
		check_skip(r->check, "the bound's formula is not the one of the configuration");
		return false;
	}
	read_formula(formula, s);
	return true;
}

static double bound_of(const struct setting *s, const struct bound_model *m,
		       const struct bound_node *n)
{
	switch (s->kind) {
	case KIND_STREAM:
		return bound_stream(m, n, s->batch);
	case KIND_SERVING:
		return bound_serving(m, n, s->input, s->output);
	case KIND_COMPUTE:
		return bound_compute(m, n, s->input, s->output);
	default:
		return 0;
	}
}

/* Model and precision. Return: 0, or a negative errno; -ENOENT: the row was skipped. */
static int read_model(const struct row *r, struct bound_model *m, enum accelerator_dtype *dtype,
		      struct engine_error *e)
{
	const char *name = row_text(r, "precision");
	struct precision p;

	if (!precision_parse(name, &p)) {
		check_skip(r->check, "precision '%s' is not known", name);
		return -ENOENT;
	}
	m->weight_bits = p.weight_bits;
	m->kv_bits = SERVING_KV_BITS;
	*dtype = p.dtype;
	return row_model(r, &m->config, e);
}

static int read_node(const struct row *r, bool needs_peak, enum accelerator_dtype dtype,
		     struct bound_node *n, struct engine_error *e)
{
	struct accelerator a;
	int err = row_accelerator(r, row_text(r, "hardware"), &a, e);

	if (err)
		return err;
	if (!row_number(r, "n_devices", 1, 1e6, &n->devices))
		return -ENOENT;
	n->peak_ops = a.peak_ops[dtype];
	n->bandwidth_bps = a.bandwidth_bps;
	n->capacity_bytes = a.capacity_bytes;
	if (!needs_peak || (n->peak_ops > 0 && n->capacity_bytes > 0))
		return 0;
	check_skip(r->check, "peak or capacity of %s is not known", a.name);
	return -ENOENT;
}

static int compute_bound(const struct row *r, double *bound, struct engine_error *e)
{
	enum accelerator_dtype dtype;
	struct bound_model m;
	struct bound_node n;
	struct setting s;
	int err;

	if (!has_setting(r, &s))
		return -ENOENT;
	err = read_model(r, &m, &dtype, e) ?:
	      read_node(r, s.kind != KIND_STREAM, dtype, &n, e);
	if (err)
		return err;
	*bound = bound_of(&s, &m, &n);
	if (*bound > 0)
		return 0;
	check_skip(r->check, "the weights do not fit into memory");
	return -ENOENT;
}

#define ROW_LABEL	"%s %s %sx %s %s"

static void compare(const struct row *r, double deviation)
{
	check_row(r->check, deviation, ROW_LABEL, row_text(r, "model"), row_text(r, "precision"),
		  row_text(r, "n_devices"), row_text(r, "hardware"), row_text(r, "config"));
}

/* Our bound against the table's. */
static int compare_bound(const struct row *r, struct engine_error *e)
{
	double published, bound;
	int err;

	if (!row_number(r, "bound_tok_s", 0.001, 1e12, &published))
		return 0;
	err = compute_bound(r, &bound, e);
	if (!err)
		compare(r, check_percent(bound, published));
	return err == -ENOENT ? 0 : err;
}

static bool is_throughput(const struct row *r)
{
	const char *metric = row_text(r, "metric");
	size_t n = strlen(metric);

	return n >= 10 && !strcmp(metric + n - 10, "throughput") && strncmp(metric, "prefill", 7);
}

/* What was measured against our bound. */
static int compare_measured(const struct row *r, const char *column, struct engine_error *e)
{
	double measured, bound;
	int err;

	if (!is_throughput(r)) {
		check_skip(r->check, "the metric is no throughput of output");
		return 0;
	}
	if (!row_number(r, column, 0.001, 1e12, &measured))
		return 0;
	err = compute_bound(r, &bound, e);
	if (!err)
		compare(r, measured / bound);
	return err == -ENOENT ? 0 : err;
}

static int all_bounds(const struct csv *t, struct checks *all, struct engine_error *e)
{
	static const struct check_limit limit = { -1, 1, 0, "%" };
	struct row r = { .table = t };
	int err = 0;

	r.check = check_begin(all, "5 throughput bound (engine)", &limit);
	for (; !err && r.number < t->n_rows; r.number++)
		err = compare_bound(&r, e);
	return err;
}

static int all_measured(const struct validate *v, struct checks *all, struct engine_error *e)
{
	/* From -1 on, so that the row nearest to the bound is told and not the one furthest off. */
	static const struct check_limit limit = { -1, 1, 0, "x" };
	const struct csv *bounds = &v->published.table[FORM_BOUNDS];
	const struct csv *others = &v->published.table[FORM_MEASURED];
	struct row r = { .table = bounds };
	int err = 0;

	r.check = check_begin(all, "5 measured throughput / bound (engine)", &limit);
	for (; !err && r.number < bounds->n_rows; r.number++)
		err = compare_measured(&r, "measured_tok_s", e);
	r.table = others;
	for (r.number = 0; !err && r.number < others->n_rows; r.number++)
		err = compare_measured(&r, "value", e);
	return err;
}

int validate_bounds(const struct validate *v, struct checks *all, struct engine_error *e)
{
	return all_bounds(&v->published.table[FORM_BOUNDS], all, e) ?: all_measured(v, all, e);
}
