// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading profile files. */
#include "engine/profile.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/datafile.h"
#include "engine/sourced.h"

#define PROFILE_FIELD(field, lowest, highest, initial) \
	{ #field, lowest, highest, initial, \
	  offsetof(struct tmodel_profile, field) / sizeof(__u64) },

const struct engine_profile_field engine_profile_fields[ENGINE_PROFILE_FIELDS] = {
	TMODEL_PROFILE_FIELDS(PROFILE_FIELD)
};

const struct engine_profile_field *engine_profile_find(const char *name)
{
	for (size_t i = 0; i < ENGINE_PROFILE_FIELDS; i++)
		if (!strcmp(engine_profile_fields[i].name, name))
			return &engine_profile_fields[i];
	return NULL;
}

static int profile_set(struct engine_ini *ini, void *user, size_t i, const char *text)
{
	const struct engine_profile_field *field = &engine_profile_fields[i];
	struct tmodel_profile *p = user;
	uint64_t number;
	int status;

	status = engine_ini_number(ini, field->name, text, 0, field->lowest, field->highest,
				   &number);
	if (!status)
		*engine_profile_value(p, i) = number;
	return status;
}

static int explain_range(const struct engine_profile_field *field, uint64_t value, const char *what,
			 struct engine_error *e)
{
	if (!value)
		engine_error_set(e, "%s: %s is missing: set it, from %" PRIu64 " to %" PRIu64, what,
				 field->name, field->lowest, field->highest);
	else
		engine_error_set(e, "%s: %s comes to %" PRIu64 ": it must be from %" PRIu64
				 " to %" PRIu64, what, field->name, value, field->lowest,
				 field->highest);
	return -EINVAL;
}

int engine_profile_explain(const struct tmodel_profile *p, const char *what,
			   struct engine_error *e)
{
	const struct engine_profile_field *field;
	struct tmodel_profile copy = *p;
	const char *name = NULL;
	enum tmodel_profile_error error = tmodel_profile_check(p, &name);
	uint64_t block = p->erase_block_bytes;
	uint64_t value;

	if (error == TMODEL_PROFILE_OK)
		return 0;
	field = engine_profile_find(name);
	value = *engine_profile_value(&copy, field->index);
	if (error == TMODEL_PROFILE_RANGE)
		return explain_range(field, value, what, e);
	if (error == TMODEL_PROFILE_POWER)
		engine_error_set(e, "%s: %s is %" PRIu64 ": it must be a power of two", what, name,
				 value);
	else if (!p->page_bytes)
		engine_error_set(e, "%s: erase_block_bytes is %" PRIu64
				 " without page_bytes: set both or none", what, block);
	else
		engine_error_set(e, "%s: erase_block_bytes is %" PRIu64
				 ": it must be a multiple of page_bytes, %" PRIu64, what,
				 block, (uint64_t)p->page_bytes);
	return -EINVAL;
}

int engine_profile_read(const char *path, struct engine_profile *out, struct engine_error *e)
{
	struct engine_sourced_key keys[ENGINE_PROFILE_FIELDS] = { 0 };
	struct engine_sourced file = {
		.section = "profile", .keys = keys, .n_keys = ENGINE_PROFILE_FIELDS,
		.set = profile_set, .user = &out->model, .sources = out->sources,
	};
	int status;

	for (size_t i = 0; i < ENGINE_PROFILE_FIELDS; i++)
		keys[i].name = engine_profile_fields[i].name;
	memset(out, 0, sizeof(*out));
	tmodel_profile_init(&out->model);
	status = engine_sourced_read(path, &file, e);
	if (!status)
		status = engine_profile_explain(&out->model, path, e);
	memcpy(out->name, file.name, sizeof(out->name));
	memcpy(out->description, file.description, sizeof(out->description));
	return status;
}

struct profile_wanted {
	const char *name;
	struct engine_profile *out;
	struct engine_error *e;
};

static int profile_in(void *ctx, const char *folder)
{
	const struct profile_wanted *w = ctx;
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s.ini", folder, w->name) >= sizeof(path) ||
	    access(path, F_OK))
		return -ENOENT;
	return engine_profile_read(path, w->out, w->e);
}

int engine_profile_find_file(const char *name, const char *beside, struct engine_profile *out,
			     struct engine_error *e)
{
	struct profile_wanted wanted = { name, out, e };
	int err = engine_datafile_search("profiles", "TERRACE_PROFILES", beside, profile_in,
					 &wanted);

	if (err == -ENOENT)
		engine_error_set(e, "there is no profile '%s': put %s.ini into a folder of "
				 "TERRACE_PROFILES", name, name);
	return err;
}
