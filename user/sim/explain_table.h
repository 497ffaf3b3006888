/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each figure of terrace-sim run means: formulas as run_figures.c computes them. */
#ifndef _SIM_EXPLAIN_TABLE_H
#define _SIM_EXPLAIN_TABLE_H

#include <stddef.h>

/**
 * struct explain_line - a figure
 * @formula: in words and symbols
 */
struct explain_line {
	const char *name;
	const char *unit;
	const char *formula;
};

extern const struct explain_line explain_table[];
extern const size_t explain_lines;

#endif /* _SIM_EXPLAIN_TABLE_H */
