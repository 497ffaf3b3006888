/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables that compare published figures with those the project's profiles and formulas give.
 * What each holds and why figures differ: Documentation/models/tables.md.
 */
#ifndef _SIM_TABLE_H
#define _SIM_TABLE_H

#include "sim/table_inputs.h"

#define TABLE_ROWS_MAX	128

/**
 * enum table_verdict - how two figures compare
 * @TABLE_COMPUTED: nothing is published
 * @TABLE_QUOTED: published in words that no formula gives
 * @TABLE_AGREES: equal in the digits that are published, or within what is published
 * @TABLE_DIFFERS: neither
 */
enum table_verdict { TABLE_COMPUTED, TABLE_QUOTED, TABLE_AGREES, TABLE_DIFFERS };

/**
 * struct table_row - a row
 * @subject: what the figure is of
 * @published: as it is written in the inputs; NULL = nothing
 * @source: of it
 * @computed: NAN = nothing, or @words say it
 * @words: "" = nothing
 * @basis: how it is computed
 */
struct table_row {
	char subject[40];
	const char *figure;
	const char *unit;
	const char *published;
	const struct engine_source *source;
	double computed;
	const char *words;
	char basis[160];
};

/**
 * struct table - a table with its inputs
 */
struct table {
	struct table_inputs in;
	struct table_row row[TABLE_ROWS_MAX];
	size_t n;
};

/**
 * struct table_definition - a table that there is
 * @compute: fills the rows from the inputs; returns 0, or a negative errno with the error set
 */
struct table_definition {
	const char *name;
	const struct table_group *groups;
	int (*compute)(struct table *t, struct engine_error *e);
};

extern const struct table_definition table_memories;
extern const struct table_definition table_bottlenecks;
extern const struct table_definition table_near;
extern const struct table_definition table_h3;
extern const struct table_definition table_sandisk;

/* ---- rows, table_rows.c ---- */

/**
 * table_add - add a row with a computed figure
 * @basis: how it is computed
 *
 * Return: the row, to which more may be said. Ends the program when there are too many.
 */
struct table_row *table_add(struct table *t, const char *subject, const char *figure,
			    const char *unit, double computed, const char *basis, ...)
	__attribute__((format(printf, 6, 7)));

/**
 * table_publish - say what is published of a row's figure
 * @section, @key: a TABLE_PUBLISHED of the inputs
 */
void table_publish(struct table *t, struct table_row *r, const char *section, const char *key);

/**
 * table_verdict - compare the figures of a row
 * @difference: computed / the nearest published value - 1, 0 when they agree; NAN when one of them
 *              is no number; may be NULL
 */
enum table_verdict table_verdict(const struct table_row *r, double *difference);

/* ---- output, table_print.c ---- */

enum table_format { TABLE_FORMAT_TEXT, TABLE_FORMAT_CSV, TABLE_FORMAT_JSON };

/**
 * table_print - print on standard output
 *
 * JSON: {"table", "description", "rows": [{"subject", "figure", "unit", "published", "source",
 * "computed", "difference", "verdict", "basis"}], "inputs": [{"section", "key", "value",
 * "published", "source"}]}; what there is not is null.
 *
 * Return: an exit status (cli/command.h).
 */
int table_print(const char *name, const struct table *t, enum table_format format);

#endif /* _SIM_TABLE_H */
