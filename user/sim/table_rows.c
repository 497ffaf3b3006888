// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rows of a table. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/table.h"

struct table_row *table_add(struct table *t, const char *subject, const char *figure,
			    const char *unit, double computed, const char *basis, ...)
{
	struct table_row *r = &t->row[t->n++];
	va_list args;

	if (t->n > TABLE_ROWS_MAX)
		abort();
	*r = (struct table_row) {
		.figure = figure,
		.unit = unit,
		.computed = computed,
		.words = "",
	};
	snprintf(r->subject, sizeof(r->subject), "%s", subject);
	va_start(args, basis);
	vsnprintf(r->basis, sizeof(r->basis), basis, args);
	va_end(args);
	return r;
}

void table_publish(struct table *t, struct table_row *r, const char *section, const char *key)
{
	size_t i = table_input(&t->in, section, key);

	r->published = t->in.value[i].text;
	r->source = &t->in.source[i];
}

/* What rounds to the published digits is equal to them. */
static double deviation(const struct table_range *r, double computed)
{
	if (computed < r->low - r->step / 2)
		return computed / r->low - 1;
	if (computed > r->high + r->step / 2)
		return computed / r->high - 1;
	return 0;
}

enum table_verdict table_verdict(const struct table_row *r, double *difference)
{
	struct table_range range;
	double none;

	difference = difference ?: &none;
	*difference = NAN;
	if (!r->published)
		return TABLE_COMPUTED;
	if (*r->words)
		return strcmp(r->words, r->published) ? TABLE_DIFFERS : TABLE_AGREES;
	range = table_range(r->published);
	if (isnan(r->computed) || isnan(range.low))
		return TABLE_QUOTED;
	*difference = deviation(&range, r->computed);
	return *difference == 0 ? TABLE_AGREES : TABLE_DIFFERS;
}
