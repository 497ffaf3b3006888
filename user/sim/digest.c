// SPDX-License-Identifier: LGPL-2.1-or-later
/* Digests. */
#include "sim/digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/random.h"

#define CHUNK	(1U << 16)

void digest_bytes(uint64_t *digest, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;
	uint64_t state = random_mix(*digest + n), word;
	size_t left, part;

	for (left = n; left; left -= part, at += part) {
		part = left < sizeof(word) ? left : sizeof(word);
		word = 0;
		memcpy(&word, at, part);
		state = random_mix((state ^ word) + 0x9e3779b97f4a7c15ULL);
	}
	*digest = state;
}

int digest_file(uint64_t *digest, const char *path, struct engine_error *e)
{
	char *chunk = malloc(CHUNK);
	FILE *in = fopen(path, "re");
	size_t n;
	int err = 0;

	if (!in)
		err = -errno;
	else if (!chunk)
		err = -ENOMEM;
	errno = 0;
	while (!err && (n = fread(chunk, 1, CHUNK, in)))
		digest_bytes(digest, chunk, n);
	if (!err && ferror(in))
		err = errno ? -errno : -EIO;
	if (in)
		fclose(in);
	free(chunk);
	if (err)
		engine_error_set(e, "cannot read %s: %s", path, strerror(-err));
	return err;
}
