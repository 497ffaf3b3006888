/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IEEE 754 binary16, as files of weights and the KV cache hold it. */
#ifndef DECODER_HALF_H
#define DECODER_HALF_H

#include <stdint.h>

typedef uint16_t half;

float half_to_float(half h);
half half_of_float(float f);	/* to nearest, ties to even */

#endif
