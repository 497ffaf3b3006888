// SPDX-License-Identifier: LGPL-2.1-or-later
/* binary16: sign, 5 bits of exponent (bias 15), 10 of fraction; binary32 has 8 (127) and 23. */
#include "half.h"

#include <string.h>

static float float_of_bits(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static uint32_t bits_of_float(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

float half_to_float(half h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = h & 0x7fff;

	if (rest >= 0x7c00)	/* infinite, or no number */
		return float_of_bits(sign | 0x7f800000 | (rest & 0x3ff) << 13);
	if (rest < 0x400)	/* zero, or without the implied bit: so many times 2^-24 */
		return float_of_bits(sign | bits_of_float((float)rest / (1 << 24)));
	return float_of_bits(sign | ((rest << 13) + ((127 - 15) << 23)));
}

half half_of_float(float f)
{
	uint32_t bits = bits_of_float(f), sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff;

	if (rest > 0x7f800000)
		return sign | 0x7e00;
	if (rest >= 0x477ff000)	/* would round up to 2^16 */
		return sign | 0x7c00;
	/* below 2^-14 the last bit is worth 2^-24, as that of 0.5F is: the addition rounds to it */
	if (rest < 0x38800000)
		return sign | (bits_of_float(float_of_bits(rest) + 0.5F) - 0x3f000000);
	rest += 0xfff + (rest >> 13 & 1);
	return sign | (rest - ((127 - 15) << 23)) >> 13;
}
