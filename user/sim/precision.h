/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Precisions as published tables name them: "bf16", "fp8", "int4 g32 w-only". */
#ifndef _SIM_PRECISION_H
#define _SIM_PRECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/accelerators.h"

/**
 * struct precision - what a name says
 * @weight_bits: of a weight; scales of groups are not counted
 * @dtype: what is multiplied: of weights alone ("w-only", int4) it is bf16
 */
struct precision {
	uint32_t weight_bits;
	enum accelerator_dtype dtype;
};

/**
 * precision_parse - read a name, by its first word and "w-only"
 *
 * Return: false when it is not known.
 */
bool precision_parse(const char *name, struct precision *out);

#endif /* _SIM_PRECISION_H */
