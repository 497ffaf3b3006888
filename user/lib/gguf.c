// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The header of a GGUF model: magic, version, counts; keys with typed values; for each tensor its
 * name, dimensions, type and offset; and from the next multiple of the alignment on the tensors
 * (github.com/ggml-org/ggml, docs/gguf.md). A header that cannot be followed says nothing.
 */
#include "gguf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYS_MAX	4096U
#define TENSORS_MAX	65536U
#define DIMS_MAX	4U
#define HEADER_MAX	(256ULL << 20)	/* bytes looked at */
#define ALIGNMENT	32U		/* of the tensors, when no key says otherwise */

/* Types of values; those below are not followed. */
enum { GGUF_UINT32 = 4, GGUF_STRING = 8, GGUF_ARRAY = 9, GGUF_TYPES = 13 };

static const uint8_t value_bytes[GGUF_TYPES] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

struct reader {
	int fd;
	uint64_t at;		/* of the file */
	uint64_t window;	/* where @bytes begins in the file */
	size_t held;
	char bytes[65536];
};

static bool gguf_read(struct reader *r, void *to, size_t n)
{
	ssize_t got;

	if (n > sizeof(r->bytes) || r->at > HEADER_MAX - n)
		return false;
	if (r->at < r->window || r->at + n > r->window + r->held) {
		got = pread(r->fd, r->bytes, sizeof(r->bytes), r->at);
		r->window = r->at;
		r->held = got > 0 ? got : 0;
	}
	if (r->at + n > r->window + r->held)
		return false;
	memcpy(to, r->bytes + (r->at - r->window), n);
	r->at += n;
	return true;
}

static bool gguf_skip(struct reader *r, uint64_t n)
{
	if (r->at > HEADER_MAX || n > HEADER_MAX - r->at)
		return false;
	r->at += n;
	return true;
}

static bool skip_string(struct reader *r)
{
	uint64_t length;

	return gguf_read(r, &length, sizeof(length)) && gguf_skip(r, length);
}

static bool skip_array(struct reader *r)
{
	uint64_t n, i;
	uint32_t type;

	if (!gguf_read(r, &type, sizeof(type)) || !gguf_read(r, &n, sizeof(n)) ||
	    type >= GGUF_TYPES || type == GGUF_ARRAY || n > HEADER_MAX)
		return false;
	if (type != GGUF_STRING)
		return gguf_skip(r, n * value_bytes[type]);
	for (i = 0; i < n; i++)
		if (!skip_string(r))
			return false;
	return true;
}

static bool skip_value(struct reader *r, uint32_t type)
{
	if (type == GGUF_STRING)
		return skip_string(r);
	if (type == GGUF_ARRAY)
		return skip_array(r);
	return type < GGUF_TYPES && gguf_skip(r, value_bytes[type]);
}

/* Read a text; one that is too long is none that is looked for, and reads as empty. */
static bool read_text(struct reader *r, char *text, size_t room)
{
	uint64_t length;

	*text = '\0';
	if (!gguf_read(r, &length, sizeof(length)))
		return false;
	if (length >= room)
		return gguf_skip(r, length);
	text[length] = '\0';
	return gguf_read(r, text, length);
}

/* Go past the keys. */
static bool read_keys(struct reader *r, uint64_t keys, uint32_t *alignment)
{
	char key[64];
	uint32_t type;
	bool ok;

	for (; keys; keys--) {
		if (!read_text(r, key, sizeof(key)) || !gguf_read(r, &type, sizeof(type)))
			return false;
		if (!strcmp(key, "general.alignment") && type == GGUF_UINT32)
			ok = gguf_read(r, alignment, sizeof(*alignment));
		else
			ok = skip_value(r, type);
		if (!ok)
			return false;
	}
	return true;
}

/**
 * struct tensor - what the header says of one
 * @offset: from where the tensors begin
 */
struct tensor {
	char name[GGUF_NAME_MAX];
	uint32_t dims;
	uint64_t dim[DIMS_MAX];
	uint64_t offset;
};

static bool read_tensor(struct reader *r, struct tensor *t)
{
	uint32_t type;

	return read_text(r, t->name, sizeof(t->name)) && gguf_read(r, &t->dims, sizeof(t->dims)) &&
	       t->dims <= DIMS_MAX && gguf_read(r, t->dim, t->dims * sizeof(t->dim[0])) &&
	       gguf_read(r, &type, sizeof(type)) && gguf_read(r, &t->offset, sizeof(t->offset));
}

/**
 * struct model - what is found
 * @offsets: of all tensors, of which there are @tensors
 * @stacks: those of them that are stacks, of which there are @n; their offsets are still as the
 *          header has them, and there is no @slice_bytes
 */
struct model {
	uint64_t *offsets;
	uint64_t tensors;
	struct gguf_stack *stacks;
	size_t n;
};

static void model_add(struct model *m, const struct tensor *t)
{
	const char *experts = strstr(t->name, "_exps.");
	struct gguf_stack *stack = &m->stacks[m->n];
	size_t layer;

	m->offsets[m->tensors++] = t->offset;
	if (t->dims != 3 || !experts)
		return;
	for (layer = experts - t->name; layer && t->name[layer - 1] != '.'; layer--)
		;
	memcpy(stack->layer, t->name, layer);
	stack->offset = t->offset;
	stack->slices = t->dim[2];
	m->n++;
}

static int compare_offsets(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Where the tensor that begins at @offset ends: at the next one, or with the file. */
static uint64_t model_end(const struct model *m, uint64_t offset, uint64_t data_bytes)
{
	uint64_t low = 0, high = m->tensors, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (m->offsets[middle] > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low < m->tensors && m->offsets[low] < data_bytes ? m->offsets[low] : data_bytes;
}

/* From what the header says to what is in the file, in which the tensors begin at @data. */
static bool model_place(struct model *m, uint64_t data, uint64_t file_bytes)
{
	struct gguf_stack *stack;

	if (data > file_bytes)
		return false;
	qsort(m->offsets, m->tensors, sizeof(m->offsets[0]), compare_offsets);
	for (stack = m->stacks; stack < m->stacks + m->n; stack++) {
		uint64_t end = model_end(m, stack->offset, file_bytes - data);

		if (!stack->slices || stack->offset > end)
			return false;
		stack->slice_bytes = (end - stack->offset) / stack->slices;
		if (!stack->slice_bytes)
			return false;
		stack->offset += data;
	}
	return true;
}

/* The tables are as large as the header says: memory that is not used is not taken. */
static bool model_tables(struct model *m, uint64_t tensors)
{
	m->offsets = calloc(tensors, sizeof(m->offsets[0]));
	m->stacks = calloc(tensors, sizeof(m->stacks[0]));
	return m->offsets && m->stacks;
}

static bool read_header(struct reader *r, struct model *m)
{
	uint32_t alignment = ALIGNMENT;
	uint64_t tensors, keys, i;
	struct tensor t;
	struct stat file;

	r->at = 8;	/* magic and version */
	if (!gguf_read(r, &tensors, sizeof(tensors)) || !gguf_read(r, &keys, sizeof(keys)) ||
	    tensors > TENSORS_MAX || keys > KEYS_MAX || !read_keys(r, keys, &alignment) ||
	    !alignment || alignment & (alignment - 1) || !model_tables(m, tensors))
		return false;
	for (i = 0; i < tensors; i++) {
		if (!read_tensor(r, &t))
			return false;
		model_add(m, &t);
	}
	return !fstat(r->fd, &file) && file.st_size > 0 &&
	       model_place(m, (r->at + alignment - 1) & -(uint64_t)alignment, file.st_size);
}

bool gguf_is(int fd)
{
	char magic[4];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && !memcmp(magic, "GGUF", 4);
}

size_t gguf_stacks(int fd, struct gguf_stack **stacks)
{
	struct model m = { 0 };
	struct reader *r;

	*stacks = NULL;
	/* the caller's threads may have small stacks */
	r = calloc(1, sizeof(*r));
	if (!r)
		return 0;
	r->fd = fd;
	if (!gguf_is(fd) || !read_header(r, &m))
		m.n = 0;
	free(r);
	free(m.offsets);
	if (m.n)
		*stacks = m.stacks;
	else
		free(m.stacks);
	return m.n;
}
