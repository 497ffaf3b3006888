/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of a test, in a folder of their own that is removed at its end. */
#ifndef _TESTS_INI_FIXTURE_H
#define _TESTS_INI_FIXTURE_H

#include <limits.h>
#include <stddef.h>

/**
 * struct ini_fixture - the folder, as a test's state
 * @folder: its path
 * @path: path of the file written last
 */
struct ini_fixture {
	char folder[PATH_MAX / 2];
	char path[PATH_MAX];
};

/* Setup and teardown of a cmocka test. */
int ini_fixture_begin(void **state);
int ini_fixture_end(void **state);

/* Write a file of @size bytes; the path is in the fixture. */
void ini_fixture_write(struct ini_fixture *f, const char *name, const void *text, size_t size);

/* Write a file of text. */
void ini_fixture_text(struct ini_fixture *f, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* _TESTS_INI_FIXTURE_H */
