// SPDX-License-Identifier: LGPL-2.1-or-later
/* Models by the names they are published under. */
#include "sim/models.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "engine/datafile.h"

#define PLAIN_MAX	MODEL_NAME_MAX

struct wanted {
	char plain[PLAIN_MAX];
	enum model_dtype dtype;
	struct model_config *out;
	struct engine_error *e;
};

/* What of a name counts. */
static void plain_name(const char *name, char plain[PLAIN_MAX])
{
	const char *slash = strrchr(name, '/');
	size_t n = 0;

	for (name = slash ? slash + 1 : name; *name && n < PLAIN_MAX - 1; name++)
		if (isalnum((unsigned char)*name))
			plain[n++] = tolower((unsigned char)*name);
	if (n > 2 && plain[n - 2] == 'h' && plain[n - 1] == 'f')
		n -= 2;
	plain[n] = '\0';
}

static bool is_wanted(const struct wanted *w, const char *file)
{
	char name[NAME_MAX + 1], plain[PLAIN_MAX];
	size_t n = strlen(file);

	if (n < 5 || strcmp(file + n - 5, ".json"))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(n - 5), file);
	plain_name(name, plain);
	return !strcmp(plain, w->plain);
}

static int look_into(void *ctx, const char *folder)
{
	const struct wanted *w = ctx;
	const struct dirent *d;
	char path[PATH_MAX];
	int err = -ENOENT;
	DIR *dir;

	dir = opendir(folder);
	if (!dir)
		return -ENOENT;
	while (err == -ENOENT && (d = readdir(dir))) {
		if (!is_wanted(w, d->d_name))
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, d->d_name) < sizeof(path))
			err = model_config_read(path, w->dtype, w->out, w->e);
	}
	closedir(dir);
	return err;
}

int sim_model_find(const char *name, enum model_dtype dtype, struct model_config *out,
		   struct engine_error *e)
{
	struct wanted wanted = { .dtype = dtype, .out = out, .e = e };
	int err;

	plain_name(name, wanted.plain);
	err = engine_datafile_search("models", "TERRACE_MODELS", NULL, look_into, &wanted);
	if (err == -ENOENT)
		engine_error_set(e, "there is no model '%s': put its config.json into a folder of "
				 "TERRACE_MODELS", name);
	return err;
}
