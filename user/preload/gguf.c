// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the header of a GGUF model says: magic, version, counts, then keys with typed values
 * (github.com/ggml-org/ggml, docs/gguf.md). A header that cannot be followed says nothing.
 */
#include <string.h>
#include <unistd.h>

#include "preload/preload.h"

#define KEYS_MAX	4096U		/* keys looked at */
#define HEADER_MAX	(256ULL << 20)	/* bytes of keys looked at */

/* Types of values; those below are not followed. */
enum { GGUF_STRING = 8, GGUF_ARRAY = 9, GGUF_TYPES = 13 };

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

/* Read a key; one that is too long for @key is none that is looked for. */
static bool read_key(struct reader *r, char *key, size_t room, uint32_t *type)
{
	uint64_t length;

	*key = '\0';
	if (!gguf_read(r, &length, sizeof(length)))
		return false;
	if (length >= room) {
		if (!gguf_skip(r, length))
			return false;
	} else {
		if (!gguf_read(r, key, length))
			return false;
		key[length] = '\0';
	}
	return gguf_read(r, type, sizeof(*type));
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

bool gguf_is(int fd)
{
	char magic[4];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && !memcmp(magic, "GGUF", 4);
}

static bool find_experts(struct reader *r)
{
	uint64_t keys, i;
	uint32_t type, n;
	char key[128];

	r->at = 16;	/* magic, version and number of tensors */
	if (!gguf_read(r, &keys, sizeof(keys)))
		return false;
	for (i = 0; i < keys && i < KEYS_MAX && read_key(r, key, sizeof(key), &type); i++) {
		if (ends_with(key, ".expert_count") && type < GGUF_TYPES && value_bytes[type] == 4)
			return gguf_read(r, &n, sizeof(n)) && n > 0;
		if (!skip_value(r, type))
			return false;
	}
	return false;
}

bool gguf_has_experts(int fd)
{
	struct reader *r;
	bool found;

	/* the program's threads may have small stacks */
	r = real()->calloc(1, sizeof(*r));
	if (!r)
		return false;
	r->fd = fd;
	found = find_experts(r);
	real()->free(r);
	return found;
}
