/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fields of published rows that checks have in common. Each function skips the row in the check,
 * with its reason, when the field cannot be used.
 */
#ifndef _SIM_ROWS_H
#define _SIM_ROWS_H

#include "engine/error.h"
#include "engine/model_config.h"
#include "sim/accelerators.h"
#include "sim/check.h"
#include "sim/csv.h"

/**
 * struct row - a row of a table, and the check that it is compared in
 */
struct row {
	const struct csv *table;
	size_t number;
	struct check *check;
};

/**
 * row_text - a field's text, "" when there is none
 */
const char *row_text(const struct row *r, const char *column);

/**
 * row_number - a number within limits
 *
 * Return: false when the row was skipped.
 */
bool row_number(const struct row *r, const char *column, double lowest, double highest,
		double *out);

/**
 * row_count - a whole number within limits
 */
bool row_count(const struct row *r, const char *column, uint64_t lowest, uint64_t highest,
	       uint64_t *out);

/**
 * row_model - the model that column "model" names
 *
 * Return: 0; -ENOENT the row was skipped: there is none; other errors of sim_model_find() with @e.
 */
int row_model(const struct row *r, struct model_config *out, struct engine_error *e);

/**
 * row_accelerator - the accelerator of a name
 *
 * Return: 0; -ENOENT the row was skipped: there is none; other errors of accelerator_find() with
 * @e.
 */
int row_accelerator(const struct row *r, const char *name, struct accelerator *out,
		    struct engine_error *e);

#endif /* _SIM_ROWS_H */
