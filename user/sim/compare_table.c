// SPDX-License-Identifier: LGPL-2.1-or-later
/* Runs beside each other. */
#include "sim/compare_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/run_result.h"

#define NAMES_MAX	1024

/**
 * struct comparing - a table that is being made
 * @figures: of it
 * @runs: how many have been looked at
 */
struct comparing {
	json_t *figures;
	size_t runs;
};

/* ---- settings ---- */

static const char *setting_of(const struct compared_run *run, const char *name)
{
	json_t *settings = json_object_get(run->result, "settings");

	return json_string_value(json_object_get(json_object_get(settings, name), "value")) ?: "-";
}

static bool differs(const struct compared_run *runs, size_t n, const char *name)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (strcmp(setting_of(&runs[0], name), setting_of(&runs[i], name)))
			return true;
	return false;
}

static void add_setting(json_t *all, const struct compared_run *runs, size_t n, const char *name)
{
	json_t *values = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(values, json_string(setting_of(&runs[i], name)));
	json_object_set_new(all, name, values);
}

static json_t *settings(const struct compared_run *runs, size_t n)
{
	json_t *all = json_object(), *setting;
	const char *name;
	size_t i;

	for (i = 0; i < n; i++)
		json_object_foreach(json_object_get(runs[i].result, "settings"), name, setting)
			if (!json_object_get(all, name) && differs(runs, n, name))
				add_setting(all, runs, n, name);
	return all;
}

/* ---- figures ---- */

/* A figure that runs before this one do not have is null in them. */
static int add_value(void *ctx, const char *name, json_t *figure)
{
	struct comparing *c = ctx;
	json_t *line = json_object_get(c->figures, name), *values;

	if (!line) {
		line = json_pack("{s:O, s:[]}", "unit", json_object_get(figure, "unit"), "values");
		if (json_object_set_new(c->figures, name, line))
			return -ENOMEM;
	}
	values = json_object_get(line, "values");
	while (json_array_size(values) < c->runs)
		if (json_array_append_new(values, json_null()))
			return -ENOMEM;
	return json_array_append(values, json_object_get(figure, "value")) ? -ENOMEM : 0;
}

static void fill(json_t *figures, size_t n)
{
	const char *name;
	json_t *line;

	json_object_foreach(figures, name, line) {
		json_t *values = json_object_get(line, "values");

		while (json_array_size(values) < n && !json_array_append_new(values, json_null()))
			;
	}
}

static json_t *number(double value)
{
	if (!isfinite(value))
		return json_null();
	return value == floor(value) && fabs(value) < 0x1p53 ? json_integer((json_int_t)value) :
							       json_real(value);
}

static double value_of(json_t *values, size_t run)
{
	json_t *value = json_array_get(values, run);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

static void compare(json_t *figures, size_t n)
{
	const char *name;
	json_t *line;
	size_t i;

	json_object_foreach(figures, name, line) {
		json_t *values = json_object_get(line, "values");
		json_t *differences = json_array(), *ratios = json_array();
		double first = value_of(values, 0);

		for (i = 1; i < n; i++) {
			double other = value_of(values, i);

			json_array_append_new(differences, number(other - first));
			json_array_append_new(ratios, number(first == 0 ? NAN : other / first));
		}
		json_object_set_new(line, "differences", differences);
		json_object_set_new(line, "ratios", ratios);
	}
}

static json_t *figures(const struct compared_run *runs, size_t n)
{
	struct comparing c = { .figures = json_object() };
	int err = c.figures ? 0 : -ENOMEM;

	for (c.runs = 0; !err && c.runs < n; c.runs++)
		err = run_result_each(runs[c.runs].result, add_value, &c);
	if (err) {
		json_decref(c.figures);
		return NULL;
	}
	fill(c.figures, n);
	compare(c.figures, n);
	return c.figures;
}

/* ---- some of them ---- */

static void no_figure(json_t *all, const char *name, struct engine_error *e)
{
	const char *names[NAMES_MAX], *key;
	json_t *line;
	size_t n = 0;

	json_object_foreach(all, key, line)
		if (n < NAMES_MAX)
			names[n++] = key;
	engine_error_set(e, "no figure '%s'; did you mean '%s'?", name,
			 engine_nearest(name, names, n));
}

/* Frees @all. */
static json_t *choose(json_t *all, const char *names, struct engine_error *e)
{
	char *copy = strdup(names), *rest = copy, *name;
	json_t *some = copy ? json_object() : NULL;

	if (!some)
		engine_error_set(e, "no memory for the names of figures");
	while (some && (name = strsep(&rest, ","))) {
		json_t *line = json_object_get(all, name);

		if (line && !json_object_set(some, name, line))
			continue;
		no_figure(all, name, e);
		json_decref(some);
		some = NULL;
	}
	free(copy);
	json_decref(all);
	return some;
}

json_t *compare_table(const struct compared_run *runs, size_t n, const char *names,
		      struct engine_error *e)
{
	json_t *all = figures(runs, n), *of = json_array();
	size_t i;

	engine_error_set(e, "no memory for the comparison");
	if (all && names)
		all = choose(all, names, e);
	if (!all) {
		json_decref(of);
		return NULL;
	}
	for (i = 0; i < n; i++)
		json_array_append_new(of, json_string(runs[i].name));
	return json_pack("{s:s, s:o, s:o, s:o}", "basis", "modelled", "runs", of, "settings",
			 settings(runs, n), "figures", all);
}
