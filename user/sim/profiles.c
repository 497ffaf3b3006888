// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memories by their profiles' names. */
#include "sim/profiles.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/datafile.h"

struct wanted {
	const char *name;
	struct engine_profile *out;
	struct engine_error *e;
};

static int look_into(void *ctx, const char *folder)
{
	const struct wanted *w = ctx;
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s.ini", folder, w->name) >= sizeof(path) ||
	    access(path, F_OK))
		return -ENOENT;
	return engine_profile_read(path, w->out, w->e);
}

int sim_profile_find(const char *name, struct engine_profile *out, struct engine_error *e)
{
	struct wanted wanted = { .name = name, .out = out, .e = e };
	int err = engine_datafile_search("profiles", "TERRACE_PROFILES", NULL, look_into, &wanted);

	if (err == -ENOENT)
		engine_error_set(e, "there is no profile '%s': put %s.ini into a folder of "
				 "TERRACE_PROFILES", name, name);
	return err;
}
