// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdbool.h>

#include "pattern.h"

static uint64_t word(uint64_t index, uint64_t salt)
{
	return index * 0x9e3779b97f4a7c15ULL ^ salt;
}

void fill_words(struct terrace_buffer *b, uint64_t from, uint64_t bytes, uint64_t salt)
{
	uint64_t *at = (uint64_t *)((char *)terrace_buffer_data(b) + from);

	for (uint64_t i = 0; i < bytes / 8; i++)
		at[i] = word(from / 8 + i, salt);
}

uint64_t wrong_words(struct terrace_buffer *b, uint64_t from, uint64_t bytes, uint64_t salt)
{
	const uint64_t *at = (uint64_t *)((char *)terrace_buffer_data(b) + from);
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < bytes / 8; i++)
		wrong += at[i] != word(from / 8 + i, salt);
	return wrong;
}

bool words_at(const void *at, uint64_t bytes, uint64_t offset, uint64_t salt)
{
	const uint64_t *words = at;

	for (uint64_t i = 0; i < bytes / 8; i++)
		if (words[i] != word(offset / 8 + i, salt))
			return false;
	return true;
}
