/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inputs that a figure's formula names, with their values and sources. */
#ifndef _SIM_EXPLAIN_USES_H
#define _SIM_EXPLAIN_USES_H

#include "sim/system.h"

/**
 * explain_uses - print the inputs of a figure, those of prices and of tiers' profiles
 *
 * Return: 0; errors of the profiles' reader.
 */
int explain_uses(const char *figure, const struct sim_system *s, struct engine_error *e);

#endif /* _SIM_EXPLAIN_USES_H */
