// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is given as a file or as the name of one that comes with the project. */
#include "sim/data_path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/datafile.h"

struct wanted {
	const char *name;
	const char *ending;
	char *path;
};

static int look_into(void *ctx, const char *folder)
{
	const struct wanted *w = ctx;
	int n = snprintf(w->path, PATH_MAX, "%s/%s%s", folder, w->name, w->ending);

	return n < 0 || n >= PATH_MAX || access(w->path, F_OK) ? -ENOENT : 0;
}

static bool is_path(const char *given, const char *ending)
{
	size_t n = strlen(given), end = strlen(ending);

	return strchr(given, '/') || (n > end && !strcmp(given + n - end, ending));
}

int sim_data_path(const char *kind, const char *variable, const char *ending, const char *given,
		  char path[PATH_MAX], struct engine_error *e)
{
	struct wanted wanted = { .name = given, .ending = ending, .path = path };
	int err = 0;

	if (!is_path(given, ending))
		err = engine_datafile_search(kind, variable, NULL, look_into, &wanted);
	else if (snprintf(path, PATH_MAX, "%s", given) >= PATH_MAX)
		err = -ENAMETOOLONG;
	if (err)
		engine_error_set(e, "there is no '%s' among the %s: give a path, or put %s%s into a "
				 "folder of %s", given, kind, given, ending, variable);
	return err;
}
