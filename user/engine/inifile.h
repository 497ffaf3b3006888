/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading INI files: libinih with line numbers, and errors that say where and what.
 *
 * Stricter than libinih alone: a line that does not fit into its buffer or holds a NUL is an error,
 * and so is everything that is neither a section, nor a key with a value, nor a comment. Not for
 * concurrent use of one structure; different files may be read by different threads.
 */
#ifndef _ENGINE_INIFILE_H
#define _ENGINE_INIFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/error.h"

struct engine_ini;

/**
 * engine_ini_entry - takes one key of the file
 * @ini: where it stands; for errors
 * @section: "" before the first section
 *
 * A value that goes on in an indented line comes in several calls, see engine_ini.continued.
 *
 * Return: 0, or a negative errno with the error set, which ends the reading.
 */
typedef int (*engine_ini_entry)(struct engine_ini *ini, void *user, const char *section,
				const char *key, const char *value);

/**
 * struct engine_ini - a file that is being read
 * @path: its name, for errors
 * @line: line of the entry
 * @continued: the line goes on with the value of the key before it
 * @error: where errors are said; may be NULL
 */
struct engine_ini {
	const char *path;
	unsigned int line;
	bool continued;
	struct engine_error *error;
	FILE *file;
	engine_ini_entry entry;
	void *user;
	int status;
	unsigned int status_line;
};

/**
 * engine_ini_read - read a file, entry by entry
 *
 * Return: 0; -EINVAL malformed; what @entry returned; a negative errno of fopen(3) or fgets(3).
 */
int engine_ini_read(const char *path, engine_ini_entry entry, void *user, struct engine_error *e);

/**
 * engine_ini_fail - say what is wrong at the present line: "path:line: ..."
 *
 * Return: -EINVAL, to be returned by the entry function.
 */
int engine_ini_fail(struct engine_ini *ini, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * engine_ini_number - the value of a key that is a whole number
 * @key: its name, for errors
 * @text: decimal digits with an optional fraction and exponent: "512e9", "1.638e12", "400"
 * @shift: the number is taken times 10^shift, 0 to 9: 6 reads watts as microwatts
 * @lowest, @highest: limits of the result
 *
 * Exact: what is not whole after the shift is refused, not rounded.
 *
 * Return: 0, or -EINVAL with the error set.
 */
int engine_ini_number(struct engine_ini *ini, const char *key, const char *text, int shift,
		      uint64_t lowest, uint64_t highest, uint64_t *out);

#endif /* _ENGINE_INIFILE_H */
