/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables in CSV files: a line of column names, then rows (RFC 4180: fields may stand in double
 * quotes, which are doubled inside).
 *
 * All of a table is kept in memory. Not for concurrent use while it grows.
 */
#ifndef _SIM_CSV_H
#define _SIM_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "engine/error.h"

#define CSV_COLUMNS_MAX	64

/**
 * struct csv - a table
 * @columns: names, @n_columns of them
 * @cells: @n_rows x @n_columns texts, row by row
 */
struct csv {
	char *columns[CSV_COLUMNS_MAX];
	size_t n_columns;
	char **cells;
	size_t n_rows;
	size_t room;
};

/**
 * csv_read - read a file
 * @out: to be freed with csv_free(); holds nothing on error
 *
 * Return: 0; -EINVAL malformed: a row of another length, an open quote, too many columns, a NUL;
 * -ENOMEM; negative errno values of fopen(3) and getline(3).
 */
int csv_read(const char *path, struct csv *out, struct engine_error *e);

/**
 * csv_free - free what a table holds; one that is all zero is allowed
 */
void csv_free(struct csv *t);

/**
 * csv_append - move all rows of another table to the end of this one
 * @from: is empty afterwards; columns this one does not have are left out, those it lacks are empty
 *
 * Return: 0, -ENOMEM.
 */
int csv_append(struct csv *t, struct csv *from);

/**
 * csv_column - the place of a column
 *
 * Return: -1 when there is none.
 */
int csv_column(const struct csv *t, const char *name);

/**
 * csv_text - a field
 * @column: its name
 *
 * Return: its text, "" when the table has no such column.
 */
const char *csv_text(const struct csv *t, size_t row, const char *column);

/**
 * csv_number - a field that is a decimal number
 * @out: set when it is one
 *
 * Return: false when the field is empty, no number, or not finite.
 */
bool csv_number(const struct csv *t, size_t row, const char *column, double *out);

/**
 * csv_put - write a field, in quotes when it needs them
 */
void csv_put(FILE *out, const char *text);

#endif /* _SIM_CSV_H */
