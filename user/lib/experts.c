// SPDX-License-Identifier: LGPL-2.1-or-later
/* From the stacks of a model to the sets of a buffer. */
#include "experts.h"

#include <stdlib.h>
#include <string.h>

#include "gguf.h"
#include "internal.h"

/* Keep those that lie within the range, with their offsets in it. */
static size_t experts_within(struct gguf_stack *stacks, size_t n, uint64_t offset, uint64_t bytes)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		uint64_t from = stacks[i].offset - offset;

		/* the product is no larger than the file */
		if (stacks[i].offset < offset || from > bytes ||
		    stacks[i].slices * stacks[i].slice_bytes > bytes - from)
			continue;
		stacks[kept] = stacks[i];
		stacks[kept++].offset = from;
	}
	return kept;
}

/* Equal: a slice of one goes with a slice of the other. */
static int compare_experts(const struct gguf_stack *a, const struct gguf_stack *b)
{
	int layer = strcmp(a->layer, b->layer);

	return layer ? layer : (a->slices > b->slices) - (a->slices < b->slices);
}

/* In a set they stand as in the file. */
static int compare_stacks(const void *a, const void *b)
{
	const struct gguf_stack *x = a, *y = b;
	int experts = compare_experts(x, y);

	return experts ? experts : (x->offset > y->offset) - (x->offset < y->offset);
}

/* Of sorted stacks: the set that begins with the first one. */
static void experts_set(const struct gguf_stack *stacks, size_t n, struct experts_set *set)
{
	*set = (struct experts_set) { .pieces = stacks->slices };
	while (set->count < n && set->count < TERRACE_PIECES_RANGES &&
	       !compare_experts(stacks, &stacks[set->count])) {
		set->ranges[set->count] = (struct terrace_piece_range) {
			.offset = stacks[set->count].offset,
			.piece_bytes = stacks[set->count].slice_bytes,
		};
		set->count++;
	}
}

/* A stack that is alone makes no set. */
static size_t experts_group(struct gguf_stack *stacks, size_t n, struct experts_set *sets)
{
	size_t i = 0, found = 0;

	qsort(stacks, n, sizeof(*stacks), compare_stacks);
	while (i < n) {
		experts_set(&stacks[i], n - i, &sets[found]);
		i += sets[found].count;
		if (sets[found].count > 1)
			found++;
	}
	return found;
}

size_t experts_sets(int fd, uint64_t offset, uint64_t bytes, struct experts_set **sets)
{
	struct gguf_stack *stacks;
	size_t n = gguf_stacks(fd, &stacks), found = 0;

	n = experts_within(stacks, n, offset, bytes);
	*sets = n ? calloc(n, sizeof(**sets)) : NULL;
	if (*sets)
		found = experts_group(stacks, n, *sets);
	free(stacks);
	if (!found) {
		free(*sets);
		*sets = NULL;
	}
	return found;
}

void experts_tell(const struct terrace_buffer *b, int fd, uint64_t offset, uint64_t bytes)
{
	struct experts_set *sets, *set;
	size_t n = experts_sets(fd, offset, bytes, &sets);

	for (set = sets; set < sets + n; set++)
		if (pieces_tell(b->fd, set->ranges, set->count, set->pieces))
			break;
	free(sets);
}
