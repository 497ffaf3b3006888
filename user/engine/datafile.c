// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where the files that come with the project are. */
#include "engine/datafile.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int try_list(const char *list, engine_datafile_try try, void *ctx)
{
	char folder[PATH_MAX];
	int err = -ENOENT;
	size_t n;

	for (; list && *list && err == -ENOENT; list += n + (list[n] == ':')) {
		n = strcspn(list, ":");
		if (!n || n >= sizeof(folder))
			continue;
		snprintf(folder, sizeof(folder), "%.*s", (int)n, list);
		err = try(ctx, folder);
	}
	return err;
}

static int try_beside(const char *file, engine_datafile_try try, void *ctx)
{
	char path[PATH_MAX];

	if (!file || (size_t)snprintf(path, sizeof(path), "%s", file) >= sizeof(path))
		return -ENOENT;
	return try(ctx, dirname(path));
}

/* @path: as seen from the folder of the program. */
static int try_from_program(const char *path, const char *kind, engine_datafile_try try, void *ctx)
{
	char program[PATH_MAX], folder[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (n <= 0)
		return -ENOENT;
	program[n] = '\0';
	if ((size_t)snprintf(folder, sizeof(folder), "%s/%s/%s", dirname(program), path, kind) >=
	    sizeof(folder))
		return -ENOENT;
	return try(ctx, folder);
}

static int try_installed(const char *kind, engine_datafile_try try, void *ctx)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s/share/terrace/%s", TERRACE_PREFIX, kind);
	return try(ctx, folder);
}

int engine_datafile_search(const char *kind, const char *variable, const char *beside,
			   engine_datafile_try try, void *ctx)
{
	int err = try_list(getenv(variable), try, ctx);

	if (err == -ENOENT)
		err = try_beside(beside, try, ctx);
	/* Programs of a checkout lie in its build/bin and build/unit. */
	if (err == -ENOENT)
		err = try_from_program("../../user", kind, try, ctx);
	if (err == -ENOENT)
		err = try_from_program("../share/terrace", kind, try, ctx);
	if (err == -ENOENT)
		err = try_installed(kind, try, ctx);
	return err;
}
