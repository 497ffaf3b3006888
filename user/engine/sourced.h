/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parameter files: values, each with the source it was taken from.
 *
 * INI:
 *
 *   [profile]
 *   name = hbm4
 *   description = one sentence
 *   read_bps = 1.638e12
 *   read_bps.source = published: who, where
 *   write_bps = 1.638e12
 *   write_bps.source = assumed: why
 *
 * A source is compulsory for every key that is given and begins with "published: " (a public
 * document states the value) or "assumed: " (it was derived or chosen; the text says from what and
 * why). Long texts go on in indented lines.
 */
#ifndef _ENGINE_SOURCED_H
#define _ENGINE_SOURCED_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/error.h"
#include "engine/inifile.h"

#define ENGINE_SOURCED_KEYS	128	/* most keys of a file */
#define ENGINE_SOURCED_NAME_MAX	64	/* bytes of a file's name, with its NUL */
#define ENGINE_SOURCED_DESCRIPTION_MAX	256

/**
 * struct engine_source - where a value comes from
 * @given: the file has the value; otherwise it is the default
 * @published: a public document states it; otherwise it is assumed
 * @text: the citation or the reason, without "published: " or "assumed: "
 */
struct engine_source {
	bool given;
	bool published;
	char text[512];
};

/**
 * struct engine_sourced_key - a key
 * @section: where it stands; NULL = in the file's main section
 * @name: without section
 */
struct engine_sourced_key {
	const char *section;
	const char *name;
};

/**
 * struct engine_sourced_text - a key whose value is a text of its own, without a source
 * @key: NULL = there is none
 * @to: filled, @size bytes with the NUL; empty on entry
 */
struct engine_sourced_text {
	const char *key;
	char *to;
	size_t size;
};

/**
 * struct engine_sourced - a file that is to be read
 * @section: its main section, which has name, description and @text
 * @keys: @n_keys keys, at most ENGINE_SOURCED_KEYS
 * @text: may be empty
 * @set: takes the text of key @i; returns 0, or a negative errno with the error set
 * @user: handed to it
 * @name: filled: letters, digits, '-', '_' and '.'
 * @description: filled: one sentence
 * @sources: filled, by the index of the key; all zero on entry
 */
struct engine_sourced {
	const char *section;
	const struct engine_sourced_key *keys;
	size_t n_keys;
	struct engine_sourced_text text;
	int (*set)(struct engine_ini *ini, void *user, size_t i, const char *text);
	void *user;
	char name[ENGINE_SOURCED_NAME_MAX];
	char description[ENGINE_SOURCED_DESCRIPTION_MAX];
	struct engine_source *sources;
};

/**
 * engine_sourced_read - read a file
 * @e: set when an error is returned: file, line, key, value and, for an unknown key, the nearest
 *     right one
 *
 * Return: 0; -EINVAL malformed, a source or a text missing; what @set returned; a negative errno of
 * fopen(3) or fgets(3).
 */
int engine_sourced_read(const char *path, struct engine_sourced *s, struct engine_error *e);

/**
 * engine_sourced_number - a number that need not be whole, for @set
 * @lowest, @highest: its limits
 *
 * Return: 0, or -EINVAL with the error set.
 */
int engine_sourced_number(struct engine_ini *ini, const char *key, const char *text, double lowest,
			  double highest, double *out);

#endif /* _ENGINE_SOURCED_H */
