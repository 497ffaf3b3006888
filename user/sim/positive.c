// SPDX-License-Identifier: LGPL-2.1-or-later
/* Numbers that have to be more than 0. */
#include "sim/positive.h"

#include <errno.h>
#include <math.h>

int check_positive(double value, const char *name, const char *what, struct engine_error *e)
{
	if (value > 0 && isfinite(value))
		return 0;
	engine_error_set(e, "%s: %s is %g: it must be more than 0", what, name, value);
	return -EINVAL;
}
