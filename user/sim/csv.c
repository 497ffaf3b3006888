// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables in CSV files. */
#include "sim/csv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file that is being read. */
struct reader {
	const char *path;
	FILE *file;
	char *line;
	size_t room;
	size_t number;
	struct engine_error *e;
};

static int fail(const struct reader *r, const char *why)
{
	engine_error_set(r->e, "%s:%zu: %s", r->path, r->number, why);
	return -EINVAL;
}

/* Return: 1 a line, 0 the end, or a negative errno. */
static int next_line(struct reader *r)
{
	ssize_t n;

	do {
		errno = 0;
		n = getline(&r->line, &r->room, r->file);
		if (n < 0) {
			if (errno)
				engine_error_set(r->e, "%s: %s", r->path, strerror(errno));
			return -errno;
		}
		r->number++;
		if (strlen(r->line) != (size_t)n)
			return fail(r, "a NUL in the line");
		while (n && strchr("\r\n", r->line[n - 1]))
			r->line[--n] = '\0';
	} while (!n);
	return 1;
}

/*
 * Cut one field off the line; in quotes its text is moved together in place. Return: what follows
 * it, NULL when the quote is never closed.
 */
static char *cut_field(char *at, char **field)
{
	char *to = at;

	*field = at;
	if (*at != '"')
		return at + strcspn(at, ",");
	for (at++; *at; at++) {
		if (*at == '"' && *++at != '"') {
			*to = '\0';
			return at;
		}
		*to++ = *at;
	}
	return NULL;
}

/* Return: how many fields, or a negative errno. */
static int split(const struct reader *r, char *fields[CSV_COLUMNS_MAX])
{
	char *at = r->line;
	int n = 0;

	for (;;) {
		if (n == CSV_COLUMNS_MAX)
			return fail(r, "more than 64 columns");
		at = cut_field(at, &fields[n++]);
		if (!at)
			return fail(r, "a quote that is not closed on its line");
		if (!*at)
			return n;
		if (*at != ',')
			return fail(r, "text behind a closed quote");
		*at++ = '\0';
	}
}

static int read_columns(struct reader *r, struct csv *t)
{
	char *fields[CSV_COLUMNS_MAX];
	int i, n = next_line(r);

	if (!n)
		return fail(r, "the file is empty: a line of column names was expected");
	if (n > 0)
		n = split(r, fields);
	for (i = 0; i < n; i++) {
		t->columns[i] = strdup(fields[i]);
		if (!t->columns[i])
			return -ENOMEM;
		t->n_columns++;
	}
	return n < 0 ? n : 0;
}

/* Make room for one more row. */
static int grow(struct csv *t)
{
	size_t room = t->room ? 2 * t->room : 64;
	char **cells;

	if (t->n_rows < t->room)
		return 0;
	cells = reallocarray(t->cells, room * t->n_columns, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	t->cells = cells;
	t->room = room;
	return 0;
}

static int add_row(struct csv *t, char *const *fields)
{
	char **row;
	size_t i;

	if (grow(t))
		return -ENOMEM;
	row = t->cells + t->n_rows * t->n_columns;
	for (i = 0; i < t->n_columns; i++) {
		row[i] = strdup(fields[i]);
		if (!row[i])
			goto undo;
	}
	t->n_rows++;
	return 0;
undo:
	while (i--)
		free(row[i]);
	return -ENOMEM;
}

static int read_rows(struct reader *r, struct csv *t)
{
	char *fields[CSV_COLUMNS_MAX];
	int n, err = 0;

	while (!err && (n = next_line(r)) > 0) {
		n = split(r, fields);
		if (n < 0)
			return n;
		if ((size_t)n != t->n_columns)
			return fail(r, "the row has not as many fields as there are columns");
		err = add_row(t, fields);
	}
	return err ?: n;
}

int csv_read(const char *path, struct csv *out, struct engine_error *e)
{
	struct reader r = { .path = path, .e = e };
	int err;

	*out = (struct csv) { 0 };
	r.file = fopen(path, "re");
	if (!r.file) {
		err = -errno;
		engine_error_set(e, "%s: %s", path, strerror(errno));
		return err;
	}
	err = read_columns(&r, out) ?: read_rows(&r, out);
	if (err == -ENOMEM)
		engine_error_set(e, "%s: memory is short", path);
	free(r.line);
	fclose(r.file);
	if (err)
		csv_free(out);
	return err;
}

void csv_free(struct csv *t)
{
	size_t i;

	for (i = 0; i < t->n_rows * t->n_columns; i++)
		free(t->cells[i]);
	for (i = 0; i < t->n_columns; i++)
		free(t->columns[i]);
	free(t->cells);
	*t = (struct csv) { 0 };
}

int csv_append(struct csv *t, struct csv *from)
{
	const char *fields[CSV_COLUMNS_MAX];
	size_t row, i;
	int err = 0;

	for (row = 0; !err && row < from->n_rows; row++) {
		for (i = 0; i < t->n_columns; i++)
			fields[i] = csv_text(from, row, t->columns[i]);
		err = add_row(t, (char *const *)fields);
	}
	csv_free(from);
	return err;
}

int csv_column(const struct csv *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n_columns; i++)
		if (!strcmp(t->columns[i], name))
			return i;
	return -1;
}

const char *csv_text(const struct csv *t, size_t row, const char *column)
{
	int i = csv_column(t, column);

	return i < 0 ? "" : t->cells[row * t->n_columns + i];
}

bool csv_number(const struct csv *t, size_t row, const char *column, double *out)
{
	const char *text = csv_text(t, row, column);
	double value;
	char *end;

	value = strtod(text, &end);
	if (end == text || *end || !isfinite(value))
		return false;
	*out = value;
	return true;
}

void csv_put(FILE *out, const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}
