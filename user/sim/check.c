// SPDX-License-Identifier: LGPL-2.1-or-later
/* Checks: rows of ours against rows of others, with limits. */
#include "sim/check.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdict_names[] = {
	[CHECK_PASSED] = "pass",
	[CHECK_FAILED] = "FAIL",
	[CHECK_REPORTED] = "told",
	[CHECK_EMPTY] = "none",
};

struct check *check_begin(struct checks *all, const char *name, const struct check_limit *limit)
{
	struct check *check = reallocarray(all->check, all->n + 1, sizeof(*check));
	struct check *c;

	if (!check)
		return NULL;
	all->check = check;
	c = &check[all->n++];
	*c = (struct check) { .reported = !limit, .limit.unit = "%" };
	if (limit)
		c->limit = *limit;
	snprintf(c->name, sizeof(c->name), "%s", name);
	return c;
}

/* How far a deviation is towards its limit: 1 at the limit, more beyond. */
static double nearness(const struct check *c, double deviation)
{
	double middle = (c->limit.lowest + c->limit.highest) / 2;
	double half = (c->limit.highest - c->limit.lowest) / 2;

	if (c->reported)
		return fabs(deviation);
	return half > 0 ? fabs(deviation - middle) / half : fabs(deviation - middle);
}

static bool within(const struct check *c, double deviation)
{
	return deviation >= c->limit.lowest && deviation <= c->limit.highest;
}

static bool keep(struct check *c, double deviation)
{
	size_t room = c->room ? 2 * c->room : 64;
	double *values;

	if (c->n == c->room) {
		values = reallocarray(c->values, room, sizeof(*values));
		if (!values)
			return false;
		c->values = values;
		c->room = room;
	}
	c->values[c->n++] = deviation;
	return true;
}

void check_row(struct check *c, double deviation, const char *label, ...)
{
	va_list args;

	if (!c)
		return;
	if (!isfinite(deviation))
		deviation = HUGE_VAL;
	if (!keep(c, deviation)) {
		c->failed_memory = true;
		return;
	}
	if (c->n > 1 && nearness(c, deviation) <= nearness(c, c->worst))
		return;
	c->worst = deviation;
	va_start(args, label);
	vsnprintf(c->label, sizeof(c->label), label, args);
	va_end(args);
}

static struct check_reason *find_reason(struct check *c, const char *text)
{
	struct check_reason *reasons;
	size_t i;

	for (i = 0; i < c->n_reasons; i++)
		if (!strcmp(c->reasons[i].text, text))
			return &c->reasons[i];
	reasons = reallocarray(c->reasons, c->n_reasons + 1, sizeof(*reasons));
	if (!reasons)
		return NULL;
	c->reasons = reasons;
	reasons += c->n_reasons++;
	reasons->rows = 0;
	snprintf(reasons->text, sizeof(reasons->text), "%s", text);
	return reasons;
}

void check_skip(struct check *c, const char *reason, ...)
{
	char text[CHECK_LABEL_MAX];
	struct check_reason *r;
	va_list args;

	if (!c)
		return;
	va_start(args, reason);
	vsnprintf(text, sizeof(text), reason, args);
	va_end(args);
	c->skipped++;
	r = find_reason(c, text);
	if (r)
		r->rows++;
	else
		c->failed_memory = true;
}

void check_note(struct check *c, const char *note, ...)
{
	va_list args;

	if (!c)
		return;
	va_start(args, note);
	vsnprintf(c->note, sizeof(c->note), note, args);
	va_end(args);
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double check_median(const struct check *c)
{
	double *sizes = calloc(c->n, sizeof(*sizes));
	double median = 0;
	size_t i;

	if (!sizes || !c->n)
		goto out;
	for (i = 0; i < c->n; i++)
		sizes[i] = fabs(c->values[i]);
	qsort(sizes, c->n, sizeof(*sizes), ascending);
	median = (sizes[(c->n - 1) / 2] + sizes[c->n / 2]) / 2;
out:
	free(sizes);
	return median;
}

enum check_verdict check_verdict(const struct check *c)
{
	size_t i;

	if (c->failed_memory)
		return CHECK_FAILED;
	if (!c->n)
		return CHECK_EMPTY;
	if (c->reported)
		return CHECK_REPORTED;
	for (i = 0; i < c->n; i++)
		if (!within(c, c->values[i]))
			return CHECK_FAILED;
	if (c->limit.median > 0 && check_median(c) > c->limit.median)
		return CHECK_FAILED;
	return CHECK_PASSED;
}

static void print_figures(FILE *out, const struct check *c)
{
	const char *unit = c->limit.unit;

	fprintf(out, "%zu row%s", c->n, c->n == 1 ? "" : "s");
	if (c->n)
		fprintf(out, ", worst %+.3g %s (%s), median %.3g %s", c->worst, unit, c->label,
			check_median(c), unit);
	if (!c->reported)
		fprintf(out, ", limit %.3g .. %.3g %s", c->limit.lowest, c->limit.highest, unit);
	if (c->limit.median > 0)
		fprintf(out, ", of the median %.3g %s", c->limit.median, unit);
	if (c->skipped)
		fprintf(out, ", %zu skipped", c->skipped);
	fputc('\n', out);
}

static void print_check(FILE *out, const struct check *c)
{
	size_t i;

	fprintf(out, "%s  %s: ", verdict_names[check_verdict(c)], c->name);
	print_figures(out, c);
	if (*c->note)
		fprintf(out, "      %s\n", c->note);
	for (i = 0; i < c->n_reasons; i++)
		fprintf(out, "      skipped %zu: %s\n", c->reasons[i].rows, c->reasons[i].text);
}

bool checks_print(FILE *out, const struct checks *all)
{
	size_t count[] = { 0, 0, 0, 0 }, skipped = 0, i;

	for (i = 0; i < all->n; i++) {
		print_check(out, &all->check[i]);
		count[check_verdict(&all->check[i])]++;
		skipped += all->check[i].skipped;
	}
	fprintf(out, "%zu passed, %zu failed, %zu rows skipped\n", count[CHECK_PASSED],
		count[CHECK_FAILED], skipped);
	return !count[CHECK_FAILED];
}

/* JSON has no infinite numbers, which a row that is no number has as its deviation. */
static json_t *figure_json(double figure)
{
	return isfinite(figure) ? json_real(figure) : json_null();
}

static json_t *check_json(const struct check *c)
{
	json_t *reasons = json_object(), *json;
	size_t i;

	for (i = 0; i < c->n_reasons; i++)
		json_object_set_new(reasons, c->reasons[i].text,
				    json_integer(c->reasons[i].rows));
	json = json_pack("{s:s, s:s, s:I, s:s, s:s, s:o}", "check", c->name, "verdict",
			 verdict_names[check_verdict(c)], "rows", (json_int_t)c->n, "unit",
			 c->limit.unit, "worst_row", c->label, "skipped", reasons);
	if (!json)
		return NULL;
	json_object_set_new(json, "worst", figure_json(c->worst));
	json_object_set_new(json, "median", figure_json(check_median(c)));
	if (!c->reported)
		json_object_set_new(json, "limit", json_pack("[f, f]", c->limit.lowest,
							     c->limit.highest));
	if (*c->note)
		json_object_set_new(json, "note", json_string(c->note));
	return json;
}

json_t *checks_json(const struct checks *all)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < all->n; i++)
		if (json_array_append_new(array, check_json(&all->check[i]))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

void checks_free(struct checks *all)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		free(all->check[i].values);
		free(all->check[i].reasons);
	}
	free(all->check);
	*all = (struct checks) { 0 };
}
