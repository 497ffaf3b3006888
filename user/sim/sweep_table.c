// SPDX-License-Identifier: LGPL-2.1-or-later
/* What came out of a sweep. */
#include "sim/sweep_table.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/csv.h"
#include "sim/run_result.h"

/**
 * struct writing - a table that is being written
 * @columns: the figures' names, in their order, and their units
 */
struct writing {
	FILE *out;
	const struct sweep_grid *grid;
	struct sweep_journal *journal;
	const uint64_t *keys;
	json_t *columns;
};

/* To be freed by json_decref(); NULL without memory, or when it is none. */
static json_t *result_of(const struct writing *w, size_t cell)
{
	char *text = sweep_journal_get(w->journal, w->keys[cell]);
	json_t *result = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

	free(text);
	return result;
}

typedef int cell_fn(struct writing *w, size_t cell, json_t *result);

static int visit_cells(struct writing *w, cell_fn *fn)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < w->grid->cells; i++) {
		json_t *result = result_of(w, i);

		err = result ? fn(w, i, result) : -EIO;
		json_decref(result);
	}
	return err;
}

/* ---- JSON lines ---- */

static int write_line(struct writing *w, size_t cell, json_t *result)
{
	json_t *values = json_object(), *line = json_pack("{s:o}", "values", values);
	size_t i;
	int err;

	for (i = 0; i < w->grid->n; i++)
		json_object_set_new(values, w->grid->axis[i].name,
				    json_string(sweep_grid_value(w->grid, cell, i)));
	err = !line || json_object_update(line, result) || json_dumpf(line, w->out, JSON_COMPACT);
	fputc('\n', w->out);
	json_decref(line);
	return err ? -ENOMEM : 0;
}

/* ---- CSV ---- */

static int find_column(void *ctx, const char *name, json_t *figure)
{
	struct writing *w = ctx;

	if (json_object_get(w->columns, name))
		return 0;
	return json_object_set(w->columns, name, json_object_get(figure, "unit")) ? -ENOMEM : 0;
}

static int find_columns(struct writing *w, size_t cell, json_t *result)
{
	(void)cell;
	return run_result_each(result, find_column, w);
}

static void write_head(struct writing *w)
{
	const char *name;
	json_t *unit;
	size_t i;

	for (i = 0; i < w->grid->n; i++)
		fprintf(w->out, "%s,", w->grid->axis[i].name);
	fputs("refused", w->out);
	json_object_foreach(w->columns, name, unit)
		fprintf(w->out, ",%s (%s)", name, json_string_value(unit));
	fputc('\n', w->out);
}

/* Names to values, for the row of a cell. */
static int collect(void *ctx, const char *name, json_t *figure)
{
	return json_object_set(ctx, name, json_object_get(figure, "value")) ? -ENOMEM : 0;
}

static int write_row(struct writing *w, size_t cell, json_t *result)
{
	json_t *unit, *value, *figures = json_object();
	const char *name;
	size_t i;
	int err;

	err = run_result_each(result, collect, figures);
	for (i = 0; i < w->grid->n; i++) {
		csv_put(w->out, sweep_grid_value(w->grid, cell, i));
		fputc(',', w->out);
	}
	csv_put(w->out, run_result_refused(result) ?: "");
	json_object_foreach(w->columns, name, unit) {
		value = json_object_get(figures, name);
		fputc(',', w->out);
		if (json_is_number(value))
			fprintf(w->out, "%.17g", json_number_value(value));
	}
	fputc('\n', w->out);
	json_decref(figures);
	return err;
}

static int write_csv(struct writing *w)
{
	int err;

	w->columns = json_object();
	if (!w->columns)
		return -ENOMEM;
	err = visit_cells(w, find_columns);
	if (!err) {
		write_head(w);
		err = visit_cells(w, write_row);
	}
	json_decref(w->columns);
	return err;
}

int sweep_table_write(FILE *out, enum sweep_format format, const struct sweep_grid *g,
		      struct sweep_journal *journal, const uint64_t *keys, struct engine_error *e)
{
	struct writing w = { .out = out, .grid = g, .journal = journal, .keys = keys };
	int err = format == SWEEP_CSV ? write_csv(&w) : visit_cells(&w, write_line);

	if (!err && (fflush(out) || ferror(out)))
		err = -EIO;
	if (err)
		engine_error_set(e, "cannot write what came out: %s", strerror(-err));
	return err;
}
