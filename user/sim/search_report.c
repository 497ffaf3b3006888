// SPDX-License-Identifier: LGPL-2.1-or-later
/* Report of a search. */
#include "sim/search_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "sim/endurance.h"
#include "sim/search_limits.h"
#include "sim/search_pareto.h"
#include "sim/search_settings.h"

#define MS_PER_S	1e3
#define KIND_MAX	32

/**
 * struct report - what is printed
 * @front: indices of @n_front points
 */
struct report {
	const struct search *search;
	const struct search_asked *asked;
	size_t *front;
	long n_front;
};

/* ---- text ---- */

static void print_value(double value, int width, int digits)
{
	if (!isfinite(value))
		printf(" %*s", width, isinf(value) ? "unlimited" : "-");
	else
		printf(" %*.*g", width, digits, value);
}

static void print_point(const struct report *r, const char *kind, const struct search_point *p)
{
	const struct search *s = r->search;
	const struct search_pool *last = &p->pool[p->pools - 1];
	char layout[256];

	search_line_layout(s, p, r->asked->places, layout, sizeof(layout));
	printf("%-11s %6u", kind, last->batch);
	print_value(p->tokens_s, 9, 5);
	print_value(p->tokens_s / s->system->devices, 9, 4);
	print_value(p->tpot_s * MS_PER_S, 9, 4);
	print_value(p->ttft_s * MS_PER_S, 9, 4);
	print_value(p->joules, 9, 4);
	print_value(p->usd, 9, 4);
	print_value(p->grams, 9, 4);
	print_value(p->life_s / ENDURANCE_YEAR_S, 9, 3);
	printf(" %-11s %-11s %-4s %s\n", search_bound_name(s, last->bound),
	       search_limit_name(p->limit), p->useful ? "yes" : "no", layout);
}

static void print_heading(const char *what)
{
	printf("\n%s\n%-11s %6s %9s %9s %9s %9s %9s %9s %9s %9s %-11s %-11s %-4s %s\n", what, "",
	       "batch", "tokens/s", "a device", "TPOT ms", "TTFT ms", "J/token", "USD/M",
	       "gCO2e/M", "life/y", "bound by", "limited by", "SLO", "layout");
}

static void print_refused(const struct search *s)
{
	size_t i;

	for (i = 0; i < s->n_refused; i++) {
		const struct search_refused *f = &s->refused[i];

		if (f->lack > 0)
			printf("TP%u PP%u DP%u EP%u: no room: a device lacks %.0f bytes\n",
			       f->layout.tp, f->layout.pp, f->layout.dp,
			       search_ep(s->model, &f->layout), f->lack);
		else
			printf("TP%u PP%u DP%u EP%u: %s\n", f->layout.tp, f->layout.pp,
			       f->layout.dp, search_ep(s->model, &f->layout), f->why.text);
	}
}

static void print_text(const struct report *r, const struct run_settings *settings)
{
	const struct search *s = r->search;
	char heading[128];
	size_t i;

	for (i = 0; i < settings->n; i++)
		printf("%-32s  %s%s\n", settings->setting[i].name, settings->setting[i].value,
		       settings->setting[i].is_default ? " (default)" : "");
	printf("\nAll figures are modelled. %llu layouts, %zu points; %zu layouts of all devices have "
	       "no room or cannot be.\n", (unsigned long long)s->layouts, s->n, s->n_refused);
	print_heading("Best within the SLO");
	for (i = 0; i < SEARCH_METRICS; i++) {
		const struct search_point *best = search_best(s->points, s->n, i);

		if (!(r->asked->best & 1U << i))
			continue;
		if (best)
			print_point(r, search_metric_name(i), best);
		else
			printf("%-11s none: %s\n", search_metric_name(i),
			       search_best(s->points, s->n, SEARCH_THROUGHPUT) ?
			       "a tier has no price" : "no point keeps the SLO and the rate");
	}
	snprintf(heading, sizeof(heading), "Front of %s and %s",
		 search_metric_name(r->asked->front[0]), search_metric_name(r->asked->front[1]));
	print_heading(heading);
	for (i = 0; i < (size_t)r->n_front; i++)
		print_point(r, "", &s->points[r->front[i]]);
	if (!r->asked->all)
		return;
	print_heading("All points");
	for (i = 0; i < s->n; i++)
		print_point(r, "", &s->points[i]);
	printf("\nLayouts that have no room or cannot be\n");
	print_refused(s);
}

/* ---- JSON lines ---- */

static json_t *json_number(double value)
{
	if (!isfinite(value))
		return json_null();
	if (value == floor(value) && fabs(value) < 0x1p53)
		return json_integer((json_int_t)value);
	return json_real(value);
}

static void print_object(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void json_point(const char *kind, const struct search_line *line)
{
	json_t *object = json_pack("{s:s}", "kind", kind);
	size_t i;

	for (i = 0; i < line->n; i++) {
		const struct search_cell *c = &line->cell[i];

		json_object_set_new(object, c->name, c->as == SEARCH_AS_TEXT ?
				    json_string(c->text) : json_number(c->value));
	}
	print_object(object);
}

static void json_refused(const struct search *s, const struct search_refused *f)
{
	print_object(json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:o, s:s}", "kind",
			       f->lack > 0 ? "no-room" : "excluded", "devices",
			       (int)s->system->devices, "tp", (int)f->layout.tp, "pp",
			       (int)f->layout.pp, "dp", (int)f->layout.dp, "ep",
			       (int)search_ep(s->model, &f->layout), "lack_bytes",
			       json_number(f->lack > 0 ? f->lack : NAN), "reason", f->why.text));
}

static void json_settings(const struct search *s, const struct run_settings *settings)
{
	json_t *object = json_pack("{s:s, s:s, s:I, s:I}", "kind", "settings", "basis", "modelled",
				   "layouts", (json_int_t)s->layouts, "points", (json_int_t)s->n);
	size_t i;

	for (i = 0; i < settings->n; i++)
		json_object_set_new(object, settings->setting[i].name,
				    json_pack("{s:s, s:b}", "value", settings->setting[i].value,
					      "default", settings->setting[i].is_default));
	print_object(object);
}

/* ---- CSV ---- */

static void csv_heading(const struct search_line *line)
{
	size_t i;

	printf("kind");
	for (i = 0; i < line->n; i++)
		printf(",%s", line->cell[i].name);
	printf(",lack_bytes,reason\n");
}

static void csv_point(const char *kind, const struct search_line *line)
{
	size_t i;

	printf("%s", kind);
	for (i = 0; i < line->n; i++) {
		const struct search_cell *c = &line->cell[i];

		if (c->as == SEARCH_AS_TEXT)
			printf(",%s", c->text);
		else if (isfinite(c->value))
			printf(",%.17g", c->value);
		else
			putchar(',');
	}
	printf(",,\n");
}

/* Names of models have no quotes in them. */
static void csv_refused(const struct search *s, const struct search_refused *f, size_t cells)
{
	size_t i;

	printf("%s,%u,%u,%u,%u,%u", f->lack > 0 ? "no-room" : "excluded", s->system->devices,
	       f->layout.tp, f->layout.pp, f->layout.dp, search_ep(s->model, &f->layout));
	for (i = 5; i < cells; i++)
		putchar(',');
	if (f->lack > 0)
		printf(",%.0f,\"%s\"\n", f->lack, f->why.text);
	else
		printf(",,\"%s\"\n", f->why.text);
}

/* ---- both ---- */

static void print_line(const struct report *r, const char *kind, const struct search_point *p)
{
	struct search_line line;

	search_line_point(r->search, p, &line);
	if (r->asked->format == SEARCH_JSON)
		json_point(kind, &line);
	else
		csv_point(kind, &line);
}

static void print_lines(const struct report *r, const struct run_settings *settings)
{
	const struct search *s = r->search;
	struct search_line line;
	char kind[KIND_MAX];
	size_t i;

	search_line_point(s, &s->points[0], &line);
	if (r->asked->format == SEARCH_JSON)
		json_settings(s, settings);
	else
		csv_heading(&line);
	for (i = 0; i < SEARCH_METRICS; i++) {
		const struct search_point *best = search_best(s->points, s->n, i);

		snprintf(kind, sizeof(kind), "best-%s", search_metric_name(i));
		if (best && r->asked->best & 1U << i)
			print_line(r, kind, best);
	}
	for (i = 0; i < (size_t)r->n_front; i++)
		print_line(r, "front", &s->points[r->front[i]]);
	for (i = 0; r->asked->all && i < s->n; i++)
		print_line(r, "point", &s->points[i]);
	for (i = 0; r->asked->all && i < s->n_refused; i++)
		if (r->asked->format == SEARCH_JSON)
			json_refused(s, &s->refused[i]);
		else
			csv_refused(s, &s->refused[i], line.n);
}

int search_report(const struct search *s, const struct run_args *args,
		  const struct search_asked *asked)
{
	struct report r = {
		.search = s, .asked = asked,
		.front = calloc(s->n + 1, sizeof(*r.front)),
	};
	struct run_settings settings;

	r.n_front = r.front ? search_front(s->points, s->n, asked->front, r.front) : -1;
	if (r.n_front < 0) {
		free(r.front);
		return command_failed("no memory for the report: free some and try again");
	}
	search_settings(s, args, &settings);
	if (asked->format == SEARCH_TEXT)
		print_text(&r, &settings);
	else
		print_lines(&r, &settings);
	free(r.front);
	return STATUS_DONE;
}
