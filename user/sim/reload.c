// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether KV of a prompt is better read from a slower tier than computed again. */
#include "sim/reload.h"

/* Operations of a token and layer: a x tokens x hidden for attention, b x hidden^2 for the rest. */
#define ATTENTION_OPS	4.0
#define LINEAR_OPS	22.0

double reload_break_even(const struct reload_shape *shape, double tokens, double flops_per_second)
{
	double d = shape->hidden;
	double bytes = 2 * d * shape->kv_bytes / shape->gqa;
	double ops = ATTENTION_OPS * tokens * d + LINEAR_OPS * d * d;

	return bytes / ops * flops_per_second;
}
