// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rows of a table by what some of their columns say. */
#include "sim/cells.h"

#include <string.h>

static bool says(const struct csv *t, size_t row, const struct cell_key *key)
{
	return !strcmp(csv_text(t, row, key->column), key->value);
}

bool cell_find(const struct csv *t, const struct cell_key *keys, size_t *row)
{
	const struct cell_key *key;
	size_t i;

	for (i = 0; i < t->n_rows; i++) {
		for (key = keys; key->column && says(t, i, key); key++)
			;
		if (!key->column) {
			*row = i;
			return true;
		}
	}
	return false;
}

static bool is_same(const struct csv *t, size_t a, size_t b, const char *const *same)
{
	for (; *same; same++)
		if (strcmp(csv_text(t, a, *same), csv_text(t, b, *same)))
			return false;
	return true;
}

bool cell_pair(const struct csv *t, size_t row, const char *const *same, struct cell_key key,
	       size_t *pair)
{
	size_t i;

	for (i = 0; i < t->n_rows; i++) {
		if (!says(t, i, &key) || !is_same(t, row, i, same))
			continue;
		*pair = i;
		return true;
	}
	return false;
}
