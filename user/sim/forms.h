/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Forms of tables that checks are made with. A file's form is known by its columns, not by its
 * name; files of one form are read as one table.
 */
#ifndef _SIM_FORMS_H
#define _SIM_FORMS_H

#include <stddef.h>

#include "engine/error.h"
#include "sim/csv.h"

enum form {
	FORM_GENZ,
	FORM_HBF_CLOSED,
	FORM_HBF_KYUNG,
	FORM_HBF_SON,
	FORM_VIEWER_LAYERS,
	FORM_VIEWER_TOTALS,
	FORM_SPLITWISE,
	FORM_COLLECTIVES,
	FORM_ATTENTION_KERNELS,
	FORM_DENSE_KERNELS,
	FORM_MOE_KERNELS,
	FORM_SERVING,
	FORM_REQUESTS,
	FORM_HIT_RATES,
	FORM_MEASURED,
	FORM_PREDICTED,
	FORM_BOUNDS,
	FORM_CONFIGURATIONS,
	FORMS
};

/**
 * struct forms - what a folder holds
 * @table: by form; without columns when no file is of it
 * @unknown: @n_unknown paths of CSV files of no known form
 */
struct forms {
	struct csv table[FORMS];
	char **unknown;
	size_t n_unknown;
};

/**
 * forms_read - read all *.csv files of a folder, in the order of their names
 * @f: is added to; to be freed with forms_free(), also on error
 *
 * Return: 0; as csv_read(); -ENOENT and other negative errno values of opendir(3).
 */
int forms_read(const char *folder, struct forms *f, struct engine_error *e);
void forms_free(struct forms *f);

/**
 * form_name - what a form is called in messages
 */
const char *form_name(enum form form);

#endif /* _SIM_FORMS_H */
