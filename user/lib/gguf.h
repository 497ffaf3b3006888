/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the header of a GGUF model says of its experts. */
#ifndef _TERRACE_LIB_GGUF_H
#define _TERRACE_LIB_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GGUF_NAME_MAX	64	/* bytes of a tensor's name, with its NUL, as ggml has it */

/**
 * struct gguf_stack - a tensor that has a slice for each expert of a layer
 * @layer: what its name has in common with those of the layer's other stacks: "blk.3."
 * @offset: of the first slice in the file
 * @slice_bytes: of each, rounded down; one lies behind the other
 * @slices: at least 1
 */
struct gguf_stack {
	char layer[GGUF_NAME_MAX];
	uint64_t offset;
	uint64_t slice_bytes;
	uint64_t slices;
};

/* Does the file begin as a GGUF model? */
bool gguf_is(int fd);

/**
 * gguf_stacks - the stacks of a mixture of experts, or of the part of one that the file has
 * @stacks: set to an array in the order of the header, to be freed; NULL when there are none
 *
 * Nothing in the file is believed; all of a stack lies within it.
 *
 * Return: how many; 0 also when the header cannot be followed or there is no memory.
 */
size_t gguf_stacks(int fd, struct gguf_stack **stacks);

#endif /* _TERRACE_LIB_GGUF_H */
