/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Experts in a file of weights: the slices of one, in several tensors, are read together. */
#ifndef _TERRACE_LIB_EXPERTS_H
#define _TERRACE_LIB_EXPERTS_H

#include <terrace/terrace.h>

/**
 * struct experts_set - the stacks of a layer, as terrace_read_together() takes them
 */
struct experts_set {
	struct terrace_piece_range ranges[TERRACE_PIECES_RANGES];
	uint32_t count;
	uint64_t pieces;
};

/**
 * experts_sets - what of a range of a file is read together
 * @offset, @bytes: of the range; stacks that are not all in it do not count
 * @sets: set to an array, to be freed; NULL when there are none
 *
 * Return: how many sets; 0 also when the file is no GGUF model that can be followed.
 */
size_t experts_sets(int fd, uint64_t offset, uint64_t bytes, struct experts_set **sets);

/**
 * experts_tell - tell a buffer that is filled from a range of a file
 *
 * An older kernel does not listen: that costs speed, and is no error.
 */
void experts_tell(const struct terrace_buffer *b, int fd, uint64_t offset, uint64_t bytes);

#endif /* _TERRACE_LIB_EXPERTS_H */
