/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of a table by what some of their columns say. */
#ifndef _SIM_CELLS_H
#define _SIM_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/csv.h"

/**
 * struct cell_key - a column and what it has to say
 */
struct cell_key {
	const char *column;
	const char *value;
};

/**
 * cell_find - the first row that says all of it
 * @keys: ends with a NULL column
 *
 * Return: false when there is none.
 */
bool cell_find(const struct csv *t, const struct cell_key *keys, size_t *row);

/**
 * cell_pair - the first row with another value in one column and the same in others
 * @row: of which row
 * @same: columns, ends with NULL
 * @key: the column that differs and what it has to say
 */
bool cell_pair(const struct csv *t, size_t row, const char *const *same, struct cell_key key,
	       size_t *pair);

#endif /* _SIM_CELLS_H */
