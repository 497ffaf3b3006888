// SPDX-License-Identifier: LGPL-2.1-or-later
/* Error sentences and the guess at what a mistyped word means. */
#include "engine/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 64

void engine_error_set(struct engine_error *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, one row of the table at a time. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t la = strnlen(a, WORD_MAX);
	size_t lb = strnlen(b, WORD_MAX);
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t above = row[j];
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = min_size(change, min_size(above, row[j - 1]) + 1);
			diagonal = above;
		}
	}
	return row[lb];
}

const char *engine_nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t least = 0;

	for (size_t i = 0; i < n; i++) {
		size_t distance = edit_distance(word, names[i]);

		if (!best || distance < least) {
			best = names[i];
			least = distance;
		}
	}
	return best;
}
