/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Constants of the code and defaults of options that formulas of figures name. */
#ifndef _SIM_EXPLAIN_CONSTANTS_H
#define _SIM_EXPLAIN_CONSTANTS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct explain_constant - a constant
 * @option: it is what an option is when it is not given
 * @published: a public document states it
 */
struct explain_constant {
	const char *name;
	double value;
	const char *unit;
	bool option;
	bool published;
	const char *source;
};

extern const struct explain_constant explain_constants[];
extern const size_t explain_constants_n;

#endif /* _SIM_EXPLAIN_CONSTANTS_H */
