// SPDX-License-Identifier: LGPL-2.1-or-later
/* Grids. */
#include "sim/sweep_grid.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/inifile.h"
#include "sim/run_load.h"
#include "sim/run_scenario.h"

/**
 * struct reading - a grid that is being read
 * @args: with the first value of each key so far
 * @next: with the present value
 */
struct reading {
	struct sweep_grid *grid;
	struct run_inputs *in;
	struct run_args args;
	struct run_args next;
};

static int set(struct run_args *args, const char *name, const char *value, struct engine_error *e)
{
	if (!strcmp(name, SWEEP_SCENARIO))
		return run_scenario_read(args, value, e);
	return run_args_set(args, name, value, e);
}

/* ---- values ---- */

static int append(struct sweep_axis *a, const char *value)
{
	char **more = reallocarray(a->value, a->n + 1, sizeof(*more));
	char *copy = strdup(value);

	if (more)
		a->value = more;
	if (!more || !copy) {
		free(copy);
		return -ENOMEM;
	}
	a->value[a->n++] = copy;
	return 0;
}

/* Each value is tried with the first ones of the keys before it. */
static int add_value(struct engine_ini *ini, struct reading *r, const char *value)
{
	struct sweep_axis *a = &r->grid->axis[r->grid->n - 1];
	struct engine_error e;
	uint64_t key;

	r->next = r->args;
	if (set(&r->next, a->name, value, &e) || run_inputs_key(r->in, &r->next, &key, &e))
		return engine_ini_fail(ini, "%s", e.text);
	if (append(a, value))
		return engine_ini_fail(ini, "no memory for the values of %s", a->name);
	if (__builtin_mul_overflow(r->grid->cells / (a->n > 1 ? a->n - 1 : 1), a->n,
				   &r->grid->cells) || r->grid->cells > SWEEP_CELLS_MAX)
		return engine_ini_fail(ini, "the grid has more than %d cells: leave values out",
				       SWEEP_CELLS_MAX);
	return 0;
}

static char *trimmed(char *text)
{
	size_t n;

	while (isspace((unsigned char)*text))
		text++;
	n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	return text;
}

/* A comma at the end of a line is for the line that goes on. */
static int add_values(struct engine_ini *ini, struct reading *r, const char *list)
{
	char *copy = strdup(list), *rest = copy, *value;
	int err = copy ? 0 : engine_ini_fail(ini, "no memory for the values");

	while (!err && rest) {
		value = trimmed(strsep(&rest, ","));
		if (*value)
			err = add_value(ini, r, value);
		else if (rest || !strchr(list, ','))
			err = engine_ini_fail(ini, "a value of %s is empty: give one, or leave out a comma",
					      r->grid->axis[r->grid->n - 1].name);
	}
	free(copy);
	return err;
}

/* A note may have commas, and is one value. */
static int add_list(struct engine_ini *ini, struct reading *r, const char *list)
{
	const char *name = r->grid->axis[r->grid->n - 1].name;

	if (!strcmp(name, run_args_text_name(RUN_NOTE)))
		return add_value(ini, r, list);
	return add_values(ini, r, list);
}

/* ---- keys ---- */

static int add_axis(struct engine_ini *ini, struct sweep_grid *g, const char *name)
{
	struct sweep_axis *more;
	size_t i;

	for (i = 0; i < g->n; i++)
		if (!strcmp(g->axis[i].name, name))
			return engine_ini_fail(ini, "%s is given before: write its values in one list",
					       name);
	if (g->n && !strcmp(name, SWEEP_SCENARIO))
		return engine_ini_fail(ini, "%s replaces what stands before it: let it be the first",
				       name);
	more = reallocarray(g->axis, g->n + 1, sizeof(*more));
	if (!more)
		return engine_ini_fail(ini, "no memory for %s", name);
	g->axis = more;
	g->axis[g->n] = (struct sweep_axis) { .name = strdup(name) };
	if (!g->axis[g->n].name)
		return engine_ini_fail(ini, "no memory for %s", name);
	g->n++;
	return 0;
}

static int take_key(struct engine_ini *ini, void *user, const char *section, const char *key,
		    const char *value)
{
	struct reading *r = user;
	int err;

	if (*section)
		return engine_ini_fail(ini, "a grid has no section; leave [%s] out", section);
	if (ini->continued)
		return add_list(ini, r, value);
	if (r->grid->n)
		set(&r->args, r->grid->axis[r->grid->n - 1].name,
		    r->grid->axis[r->grid->n - 1].value[0], NULL);
	err = add_axis(ini, r->grid, key);
	return err ?: add_list(ini, r, value);
}

static int check(const struct sweep_grid *g, const char *path, struct engine_error *e)
{
	struct run_args args;
	struct engine_error why;
	size_t i;

	if (!g->n) {
		engine_error_set(e, "%s is empty: give at least model and requests", path);
		return -EINVAL;
	}
	for (i = 0; i < g->n; i++)
		if (!g->axis[i].n) {
			engine_error_set(e, "%s: %s has no value", path, g->axis[i].name);
			return -EINVAL;
		}
	for (i = 0; i < g->cells; i++)
		if (sweep_grid_args(g, i, &args, &why)) {
			engine_error_set(e, "%s: cell %zu: %s", path, i + 1, why.text);
			return -EINVAL;
		}
	return 0;
}

int sweep_grid_read(struct sweep_grid *out, const char *path, struct run_inputs *in,
		    struct engine_error *e)
{
	struct reading *r = calloc(1, sizeof(*r));
	int err;

	*out = (struct sweep_grid) { .cells = 1 };
	if (!r) {
		engine_error_set(e, "no memory for %s", path);
		return -ENOMEM;
	}
	r->grid = out;
	r->in = in;
	err = engine_ini_read(path, take_key, r, e) ?: check(out, path, e);
	free(r);
	return err;
}

void sweep_grid_free(struct sweep_grid *g)
{
	while (g->n) {
		struct sweep_axis *a = &g->axis[--g->n];

		while (a->n)
			free(a->value[--a->n]);
		free(a->value);
		free(a->name);
	}
	free(g->axis);
	*g = (struct sweep_grid) { 0 };
}

/* ---- cells ---- */

const char *sweep_grid_value(const struct sweep_grid *g, size_t cell, size_t axis)
{
	size_t i;

	for (i = g->n - 1; i > axis; i--)
		cell /= g->axis[i].n;
	return g->axis[axis].value[cell % g->axis[axis].n];
}

int sweep_grid_args(const struct sweep_grid *g, size_t cell, struct run_args *out,
		    struct engine_error *e)
{
	size_t i;
	int err = 0;

	*out = (struct run_args) { 0 };
	for (i = 0; !err && i < g->n; i++)
		err = set(out, g->axis[i].name, sweep_grid_value(g, cell, i), e);
	if (err)
		return err;
	if (!run_args_text(out, RUN_MODEL)) {
		engine_error_set(e, "there is no model: give one");
		return -EINVAL;
	}
	if (!run_args_text(out, RUN_TRACE) && !run_load_given(out)) {
		engine_error_set(e, "there are no requests: give a trace, or requests");
		return -EINVAL;
	}
	return 0;
}
