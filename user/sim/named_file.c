// SPDX-License-Identifier: LGPL-2.1-or-later
/* Files that come with the project, by the names that others give to what they describe. */
#include "sim/named_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/datafile.h"

struct search {
	const char *ending;
	named_file_look look;
	void *ctx;
};

void plain_name(const char *name, char plain[PLAIN_NAME_MAX])
{
	const char *slash = strrchr(name, '/');
	size_t n = 0;

	for (name = slash ? slash + 1 : name; *name && n < PLAIN_NAME_MAX - 1; name++)
		if (isalnum((unsigned char)*name))
			plain[n++] = tolower((unsigned char)*name);
	plain[n] = '\0';
}

static int look_at(const struct search *s, const char *folder, const char *file)
{
	size_t n = strlen(file), ending = strlen(s->ending);
	char path[PATH_MAX], name[NAME_MAX + 1];

	if (n <= ending || strcmp(file + n - ending, s->ending))
		return -ENOENT;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, file) >= sizeof(path))
		return -ENAMETOOLONG;
	snprintf(name, sizeof(name), "%.*s", (int)(n - ending), file);
	return s->look(s->ctx, path, name);
}

static int look_into(void *ctx, const char *folder)
{
	const struct search *s = ctx;
	struct dirent **names;
	int i, n, err = -ENOENT;

	n = scandir(folder, &names, NULL, alphasort);
	if (n < 0)
		return -ENOENT;
	for (i = 0; i < n; i++) {
		if (err == -ENOENT)
			err = look_at(s, folder, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return err;
}

int named_file_search(const char *kind, const char *variable, const char *ending,
		      named_file_look look, void *ctx)
{
	struct search s = { .ending = ending, .look = look, .ctx = ctx };

	return engine_datafile_search(kind, variable, NULL, look_into, &s);
}
