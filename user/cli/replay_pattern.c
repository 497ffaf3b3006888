// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "cli/replay_pattern.h"

#define STEP	0x9e3779b97f4a7c15ULL	/* odd: 2^64 / golden ratio */

/* Neighbouring contents give words far apart. */
static uint64_t mix(uint64_t content)
{
	content ^= content >> 32;
	content *= 0xd6e8feb86659fd93ULL;
	content ^= content >> 32;
	return content * 0xd6e8feb86659fd93ULL;
}

static uint8_t byte_at(uint64_t base, uint64_t offset)
{
	return (base + (offset / 8) * STEP) >> (offset % 8 * 8);
}

/* Bytes before the first whole word of the object, at most @bytes. */
static size_t head_bytes(uint64_t offset, size_t bytes)
{
	size_t head = (8 - offset % 8) % 8;

	return head < bytes ? head : bytes;
}

void pattern_fill(void *at, uint64_t content, uint64_t offset, size_t bytes)
{
	uint64_t base = mix(content);
	size_t head = head_bytes(offset, bytes);
	uint8_t *out = at;
	size_t i;

	for (i = 0; i < head; i++)
		out[i] = byte_at(base, offset + i);
	for (; bytes - i >= 8; i += 8) {
		uint64_t word = base + (offset + i) / 8 * STEP;

		memcpy(out + i, &word, 8);
	}
	for (; i < bytes; i++)
		out[i] = byte_at(base, offset + i);
}

static size_t check_bytes(const uint8_t *in, uint64_t base, uint64_t offset, size_t from, size_t to)
{
	while (from < to && in[from] == byte_at(base, offset + from))
		from++;
	return from;
}

size_t pattern_check(const void *at, uint64_t content, uint64_t offset, size_t bytes)
{
	uint64_t base = mix(content);
	size_t head = head_bytes(offset, bytes);
	size_t words = (bytes - head) / 8;
	size_t tail = head + words * 8;
	uint64_t expect = base + (offset + head) / 8 * STEP;
	const uint8_t *in = at;
	uint64_t wrong = 0;
	size_t i;

	for (i = 0; i < words; i++, expect += STEP) {
		uint64_t word;

		memcpy(&word, in + head + i * 8, 8);
		wrong |= word ^ expect;
	}
	if (!wrong && check_bytes(in, base, offset, 0, head) == head)
		return check_bytes(in, base, offset, tail, bytes);
	return check_bytes(in, base, offset, 0, bytes);
}
