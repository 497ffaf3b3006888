// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kernels that were measured. */
#include "sim/kernel_tables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/models.h"

/* ---- functions of two variables ---- */

static struct kernel_line *line_at(struct kernel_grid *g, double x)
{
	struct kernel_line *line;
	size_t at = 0;

	while (at < g->n && g->line[at].x < x)
		at++;
	if (at < g->n && g->line[at].x <= x)
		return &g->line[at];
	line = reallocarray(g->line, g->n + 1, sizeof(*line));
	if (!line)
		return NULL;
	g->line = line;
	memmove(line + at + 1, line + at, (g->n - at) * sizeof(*line));
	line[at] = (struct kernel_line) { .x = x };
	g->n++;
	return &line[at];
}

static int grid_add(struct kernel_grid *g, double x, double y, double value)
{
	struct kernel_line *line = line_at(g, x);

	return line ? curve_add(&line->curve, y, value) : -ENOMEM;
}

static void grid_free(struct kernel_grid *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		curve_free(&g->line[i].curve);
	free(g->line);
}

/* The two lines around @x, the first two before all and the last two beyond. */
static const struct kernel_line *lines_around(const struct kernel_grid *g, double x)
{
	size_t at = 1;

	while (at < g->n - 1 && g->line[at].x < x)
		at++;
	return &g->line[at - 1];
}

/* Before the first line values are those of the first: a kernel has a least time. */
static double between(const struct kernel_line *line, double x, double first, double second)
{
	double value = first + (second - first) * (x - line[0].x) / (line[1].x - line[0].x);

	if (x <= line[0].x)
		return first;
	return value > 0 ? value : 0;
}

static double grid_at(const struct kernel_grid *g, double x, double y)
{
	const struct kernel_line *line;

	if (!g->n)
		return 0;
	if (g->n == 1)
		return curve_at(&g->line[0].curve, y);
	line = lines_around(g, x);
	return between(line, x, curve_at(&line[0].curve, y), curve_at(&line[1].curve, y));
}

/* ---- reading ---- */

struct wanted {
	const struct forms *forms;
	const char *hardware;
	const char *model;
	double tp;
};

static bool is_wanted(const struct wanted *w, const struct csv *t, size_t row)
{
	double tp;

	return csv_number(t, row, "tp", &tp) && tp >= w->tp && tp <= w->tp &&
	       !strcmp(csv_text(t, row, "hardware"), w->hardware) &&
	       sim_model_same(csv_text(t, row, "model"), w->model);
}

static struct kernel_part *find_part(const struct kernel_tables *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n_parts; i++)
		if (!strcmp(t->part[i].name, name))
			return (struct kernel_part *)&t->part[i];
	return NULL;
}

static int add_part(struct kernel_tables *out, const char *name, double tokens, double us)
{
	struct kernel_part *part = find_part(out, name);

	if (!part) {
		if (out->n_parts == KERNEL_PARTS_MAX)
			return -ENOSPC;
		part = &out->part[out->n_parts++];
		snprintf(part->name, sizeof(part->name), "%s", name);
	}
	return curve_add(&part->us, tokens, us);
}

static int read_dense(const struct wanted *w, struct kernel_tables *out)
{
	const struct csv *t = &w->forms->table[FORM_DENSE_KERNELS];
	double tokens, us;
	size_t row;
	int err = 0;

	for (row = 0; !err && row < t->n_rows; row++)
		if (is_wanted(w, t, row) && csv_number(t, row, "tokens_or_seqs", &tokens) &&
		    csv_number(t, row, "time_us", &us))
			err = add_part(out, csv_text(t, row, "layer"), tokens, us);
	return err;
}

/* Rows in which both prompts and decodes take part are measured for something else. */
static int add_attention(const struct csv *t, size_t row, struct kernel_tables *out)
{
	double chunk, before, decodes, kv, us;

	if (!csv_number(t, row, "prefill_chunk", &chunk) ||
	    !csv_number(t, row, "kv_prefill", &before) ||
	    !csv_number(t, row, "n_decode", &decodes) || !csv_number(t, row, "kv_decode", &kv) ||
	    !csv_number(t, row, "time_us", &us))
		return 0;
	if (chunk > 0 && decodes > 0)
		return 0;
	return chunk > 0 ? grid_add(&out->prefill, chunk, before, us) :
			   grid_add(&out->decode, decodes, kv, us);
}

static int read_attention(const struct wanted *w, struct kernel_tables *out)
{
	const struct csv *t = &w->forms->table[FORM_ATTENTION_KERNELS];
	size_t row;
	int err = 0;

	for (row = 0; !err && row < t->n_rows; row++)
		if (is_wanted(w, t, row))
			err = add_attention(t, row, out);
	return err;
}

static int read_experts(const struct wanted *w, struct kernel_tables *out)
{
	const struct csv *t = &w->forms->table[FORM_MOE_KERNELS];
	double tokens, experts, us;
	size_t row;
	int err = 0;

	for (row = 0; !err && row < t->n_rows; row++)
		if (is_wanted(w, t, row) && csv_number(t, row, "tokens", &tokens) &&
		    csv_number(t, row, "activated_experts", &experts) &&
		    csv_number(t, row, "time_us", &us))
			err = grid_add(&out->experts, tokens, experts, us);
	return err;
}

int kernel_tables_read(const struct forms *f, const char *hardware, const char *model, double tp,
		       struct kernel_tables *out, struct engine_error *e)
{
	const struct wanted w = { f, hardware, model, tp };
	int err;

	*out = (struct kernel_tables) { 0 };
	err = read_dense(&w, out) ?: read_attention(&w, out) ?: read_experts(&w, out);
	if (!err && (!out->n_parts || !out->decode.n || !out->prefill.n))
		err = -ENOENT;
	if (err)
		engine_error_set(e, err == -ENOENT ? "no kernels of %s on %s were measured" :
				    err == -ENOSPC ? "the kernels of %s on %s have too many parts" :
						     "no memory for kernels of %s on %s",
				 model, hardware);
	return err;
}

void kernel_tables_free(struct kernel_tables *t)
{
	size_t i;

	for (i = 0; i < t->n_parts; i++)
		curve_free(&t->part[i].us);
	grid_free(&t->decode);
	grid_free(&t->prefill);
	grid_free(&t->experts);
	*t = (struct kernel_tables) { 0 };
}

/* ---- asking ---- */

double kernel_part_us(const struct kernel_tables *t, const char *name, double tokens)
{
	const struct kernel_part *part = find_part(t, name);

	return part && tokens > 0 ? curve_at(&part->us, tokens) : 0;
}

double kernel_decode_us(const struct kernel_tables *t, double requests, double context)
{
	return requests > 0 ? grid_at(&t->decode, requests, context / requests) : 0;
}

/*
 * Along tokens time is not straight: without KV before them it goes with their square. It is along
 * what is attended to, so that is where lines are drawn.
 */
static double attended(double tokens, double before)
{
	return tokens * (before + (tokens + 1) / 2);
}

static double piece_us(const struct kernel_tables *t, double tokens, double before)
{
	const struct kernel_grid *g = &t->prefill;
	const struct kernel_line *line;

	if (g->n == 1)
		return curve_at(&g->line[0].curve, before);
	line = lines_around(g, tokens);
	if (tokens <= line[0].x)
		return curve_at(&line[0].curve, before);
	return curve_at(&line[0].curve, before) +
	       (curve_at(&line[1].curve, before) - curve_at(&line[0].curve, before)) *
	       (attended(tokens, before) - attended(line[0].x, before)) /
	       (attended(line[1].x, before) - attended(line[0].x, before));
}

double kernel_prefill_us(const struct kernel_tables *t, double pieces, double tokens,
			 double context)
{
	double each = tokens / pieces;
	double before = context / tokens - (each + 1) / 2;

	if (tokens <= 0 || !t->prefill.n)
		return 0;
	return pieces * piece_us(t, each, before > 0 ? before : 0);
}

/* What a further token attended to costs, in a kernel that fills the accelerator. */
static double pair_us(const struct kernel_tables *t)
{
	const struct kernel_line *line = &t->prefill.line[t->prefill.n - 1];
	const struct curve_point *a, *b;

	if (line->curve.n < 2)
		return 0;
	b = &line->curve.point[line->curve.n - 1];
	a = b - 1;
	return (b->y - a->y) / (b->x - a->x) / line->x;
}

double kernel_mixed_us(const struct kernel_tables *t, double requests, double context)
{
	double alone = kernel_decode_us(t, requests, context);
	double tiled = requests > 0 ? KERNEL_TILE * context * pair_us(t) : 0;

	return tiled > alone ? tiled : alone;
}

double kernel_experts_us(const struct kernel_tables *t, double tokens, double experts)
{
	return tokens > 0 ? grid_at(&t->experts, tokens, experts) : 0;
}
