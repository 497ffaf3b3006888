// SPDX-License-Identifier: LGPL-2.1-or-later
/* Files of a test, in a folder of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ini_fixture.h"

int ini_fixture_begin(void **state)
{
	struct ini_fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	strcpy(f->folder, "/tmp/terrace-ini-XXXXXX");
	if (!mkdtemp(f->folder)) {
		free(f);
		return -1;
	}
	*state = f;
	return 0;
}

int ini_fixture_end(void **state)
{
	struct ini_fixture *f = *state;
	DIR *folder = opendir(f->folder);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	rmdir(f->folder);
	free(f);
	return 0;
}

void ini_fixture_write(struct ini_fixture *f, const char *name, const void *text, size_t size)
{
	FILE *file;

	snprintf(f->path, sizeof(f->path), "%s/%s", f->folder, name);
	file = fopen(f->path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

void ini_fixture_text(struct ini_fixture *f, const char *name, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int size;

	va_start(ap, fmt);
	size = vasprintf(&text, fmt, ap);
	va_end(ap);
	assert_true(size >= 0);
	ini_fixture_write(f, name, text, size);
	free(text);
}
