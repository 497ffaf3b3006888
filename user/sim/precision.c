// SPDX-License-Identifier: LGPL-2.1-or-later
/* Precisions as published tables name them. */
#include "sim/precision.h"

#include <string.h>

static const struct {
	const char *name;
	struct precision precision;
} known[] = {
	{ "bf16", { 16, ACCELERATOR_BF16 } },
	{ "fp16", { 16, ACCELERATOR_BF16 } },
	{ "fp8", { 8, ACCELERATOR_FP8 } },
	{ "int8", { 8, ACCELERATOR_INT8 } },
	{ "fp4", { 4, ACCELERATOR_FP4 } },
	{ "nvfp4", { 4, ACCELERATOR_FP4 } },
	{ "int4", { 4, ACCELERATOR_BF16 } },
};

bool precision_parse(const char *name, struct precision *out)
{
	size_t n = strcspn(name, " "), i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strlen(known[i].name) != n || strncmp(name, known[i].name, n))
			continue;
		*out = known[i].precision;
		if (strstr(name + n, "w-only"))
			out->dtype = ACCELERATOR_BF16;
		return true;
	}
	return false;
}
