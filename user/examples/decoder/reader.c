// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values of a file, at any alignment. */
#include "reader.h"

#include <string.h>

const void *reader_bytes(struct reader *r, uint64_t bytes)
{
	const uint8_t *p = r->data + r->at;

	if (r->over || bytes > r->size - r->at) {
		r->over = true;
		return NULL;
	}
	r->at += bytes;
	return p;
}

static void take(struct reader *r, void *value, uint64_t bytes)
{
	const void *p = reader_bytes(r, bytes);

	if (p)
		memcpy(value, p, bytes);
}

uint8_t reader_u8(struct reader *r)
{
	uint8_t value = 0;

	take(r, &value, sizeof(value));
	return value;
}

uint32_t reader_u32(struct reader *r)
{
	uint32_t value = 0;

	take(r, &value, sizeof(value));
	return value;
}

uint64_t reader_u64(struct reader *r)
{
	uint64_t value = 0;

	take(r, &value, sizeof(value));
	return value;
}

float reader_f32(struct reader *r)
{
	float value = 0;

	take(r, &value, sizeof(value));
	return value;
}
