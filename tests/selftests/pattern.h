/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Known content of buffers. */
#ifndef _SELFTESTS_PATTERN_H
#define _SELFTESTS_PATTERN_H

#include <terrace/terrace.h>

/* Every word tells its place and @salt. */
void fill_words(struct terrace_buffer *b, uint64_t from, uint64_t bytes, uint64_t salt);

/* How many words are not what fill_words() wrote. */
uint64_t wrong_words(struct terrace_buffer *b, uint64_t from, uint64_t bytes, uint64_t salt);

/* Whether memory is what fill_words() wrote at an offset. */
bool words_at(const void *at, uint64_t bytes, uint64_t offset, uint64_t salt);

#endif /* _SELFTESTS_PATTERN_H */
