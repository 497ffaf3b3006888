/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors of the engine: one sentence that names the value, the limit and the remedy.
 *
 * A function that can fail takes a struct engine_error *, returns 0 or a negative errno, and has
 * set the text whenever it returns an error. The caller owns the structure; nothing is allocated.
 * Thread safe as long as threads do not share the structure.
 */
#ifndef _ENGINE_ERROR_H
#define _ENGINE_ERROR_H

#include <stddef.h>

/**
 * struct engine_error - what went wrong
 * @text: one sentence without a final newline, always NUL terminated; cut when it is longer
 */
struct engine_error {
	char text[512];
};

/**
 * engine_error_set - say what went wrong
 * @e: may be NULL, then nothing is said
 * @fmt: as of printf(3)
 */
void engine_error_set(struct engine_error *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * engine_nearest - the name that a mistyped word most likely means
 * @word: what was written; its first 64 bytes are looked at
 * @names: @n names to choose from
 *
 * By edit distance (insertions, deletions, substitutions); the first of equals.
 *
 * Return: an element of @names; NULL when @n is 0.
 */
const char *engine_nearest(const char *word, const char *const *names, size_t n);

#endif /* _ENGINE_ERROR_H */
