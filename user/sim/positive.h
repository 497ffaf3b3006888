/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers that have to be more than 0. */
#ifndef _SIM_POSITIVE_H
#define _SIM_POSITIVE_H

#include "engine/error.h"

/**
 * check_positive - is a number finite and more than 0?
 * @name: of the number
 * @what: whose it is, for errors
 *
 * Return: 0, or -EINVAL with the error set.
 */
int check_positive(double value, const char *name, const char *what, struct engine_error *e);

#endif /* _SIM_POSITIVE_H */
