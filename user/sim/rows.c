// SPDX-License-Identifier: LGPL-2.1-or-later
/* Fields of published rows that checks have in common. */
#include "sim/rows.h"

#include <errno.h>
#include <math.h>

#include "sim/models.h"

const char *row_text(const struct row *r, const char *column)
{
	return csv_text(r->table, r->number, column);
}

bool row_number(const struct row *r, const char *column, double lowest, double highest,
		double *out)
{
	double value;

	if (csv_number(r->table, r->number, column, &value) && value >= lowest &&
	    value <= highest) {
		*out = value;
		return true;
	}
	check_skip(r->check, "%s is no number from %g to %g", column, lowest, highest);
	return false;
}

bool row_count(const struct row *r, const char *column, uint64_t lowest, uint64_t highest,
	       uint64_t *out)
{
	double value;

	if (!row_number(r, column, lowest, highest, &value))
		return false;
	*out = value;
	if (*out == value)
		return true;
	check_skip(r->check, "%s is not whole", column);
	return false;
}

int row_model(const struct row *r, struct model_config *out, struct engine_error *e)
{
	const char *name = row_text(r, "model");
	int err = sim_model_find(name, MODEL_BF16, out, e);

	if (err == -ENOENT)
		check_skip(r->check, "there is no model '%s'", name);
	return err;
}

int row_accelerator(const struct row *r, const char *name, struct accelerator *out,
		    struct engine_error *e)
{
	int err = accelerator_find(name, out, e);

	if (err == -ENOENT)
		check_skip(r->check, "there is no accelerator '%s'", name);
	return err;
}
