/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines of a text file that nobody vouches for: bounded, numbered, malformed ones counted.
 *
 * Not thread safe.
 */
#ifndef _ENGINE_LINES_H
#define _ENGINE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/error.h"

/**
 * struct lines - a file that is read by lines
 * @path: name of the file, in sentences
 * @strict: a malformed line is an error
 * @bad_line, @ctx: told of every malformed line; may be NULL
 * @e: set when an error is returned
 * @number: of the current line, from 1
 * @bad: malformed lines so far
 * @first_bad: "FILE:LINE: reason" of the first
 *
 * The first five are set by the caller before lines_open(), the rest is zero then.
 */
struct lines {
	const char *path;
	bool strict;
	void (*bad_line)(void *ctx, const char *text);
	void *ctx;
	struct engine_error *e;
	uint64_t number;
	uint64_t bad;
	char first_bad[512];
	FILE *file;
	char *text;
	size_t room;
};

/**
 * lines_open - open @path; to be closed with lines_close() when 0 is returned
 *
 * Return: 0, or a negative errno of fopen(3).
 */
int lines_open(struct lines *l);
void lines_close(struct lines *l);

/**
 * lines_next - the next line that is not empty, without its end and outer blanks
 * @max: bytes of a line; longer ones are malformed
 * @text: set to the line, NUL terminated, valid until the next call; may be changed
 * @len: set to its length
 *
 * Lines that are too long or hold a NUL are malformed and left out.
 *
 * Return: 1 a line; 0 the end; -EINVAL a malformed line with strict; -ENOMEM; -EIO and other
 * negative errno values of reading.
 */
int lines_next(struct lines *l, size_t max, char **text, size_t *len);

/**
 * lines_bad - the current line is malformed
 * @fmt: why, without file and line
 *
 * Return: 0 to go on; -EINVAL with strict.
 */
int lines_bad(struct lines *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* _ENGINE_LINES_H */
