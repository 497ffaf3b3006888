// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading profile files. */
#include "engine/profile.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "engine/inifile.h"

#define SOURCE_SUFFIX	".source"
#define KEY_MAX		64

#define PROFILE_FIELD(field, lowest, highest, initial) \
	{ #field, lowest, highest, initial, \
	  offsetof(struct tmodel_profile, field) / sizeof(__u64) },

const struct engine_profile_field engine_profile_fields[ENGINE_PROFILE_FIELDS] = {
	TMODEL_PROFILE_FIELDS(PROFILE_FIELD)
};

struct profile_reader {
	struct engine_profile *out;
	unsigned int value_line[ENGINE_PROFILE_FIELDS];
	unsigned int source_line[ENGINE_PROFILE_FIELDS];
};

const struct engine_profile_field *engine_profile_find(const char *name)
{
	for (size_t i = 0; i < ENGINE_PROFILE_FIELDS; i++)
		if (!strcmp(engine_profile_fields[i].name, name))
			return &engine_profile_fields[i];
	return NULL;
}

static int profile_unknown_key(struct engine_ini *ini, const char *key)
{
	static const char *const others[] = { "name", "description" };
	const char *names[ENGINE_PROFILE_FIELDS + 2];

	for (size_t i = 0; i < ENGINE_PROFILE_FIELDS; i++)
		names[i] = engine_profile_fields[i].name;
	names[ENGINE_PROFILE_FIELDS] = others[0];
	names[ENGINE_PROFILE_FIELDS + 1] = others[1];
	return engine_ini_fail(ini, "a profile has no key '%s'; the nearest one is '%s'", key,
			       engine_nearest(key, names, ENGINE_PROFILE_FIELDS + 2));
}

/* Put text behind what is there already. */
static int profile_append(struct engine_ini *ini, const char *key, char *to, size_t size,
			  const char *text)
{
	size_t used = strlen(to);

	if ((size_t)snprintf(to + used, size - used, "%s%s", used ? " " : "", text) < size - used)
		return 0;
	return engine_ini_fail(ini, "the text of %s has more than %zu bytes: cut it", key,
			       size - 1);
}

static int profile_text(struct engine_ini *ini, const char *key, const char *value, char *to,
			size_t size)
{
	if (*to && !ini->continued)
		return engine_ini_fail(ini, "%s is given a second time: remove one", key);
	return profile_append(ini, key, to, size, value);
}

static int profile_value(struct engine_ini *ini, struct profile_reader *r, const char *key,
			 const char *value)
{
	const struct engine_profile_field *field = engine_profile_find(key);
	uint64_t number;
	int status;

	if (!field)
		return profile_unknown_key(ini, key);
	if (ini->continued)
		return engine_ini_fail(ini, "%s goes on in this line: write it in one", key);
	if (r->value_line[field->index])
		return engine_ini_fail(ini, "%s is given a second time: remove one", key);
	status = engine_ini_number(ini, key, value, 0, field->lowest, field->highest, &number);
	if (status)
		return status;
	*engine_profile_value(&r->out->model, field->index) = number;
	r->value_line[field->index] = ini->line;
	r->out->sources[field->index].given = true;
	return 0;
}

static const char *profile_without_prefix(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(text, prefix, length) || !text[length])
		return NULL;
	return text + length;
}

/* key is KEY of "KEY.source". */
static int profile_source(struct engine_ini *ini, struct profile_reader *r, const char *key,
			  const char *value)
{
	const struct engine_profile_field *field = engine_profile_find(key);
	struct engine_source *source;
	const char *text;

	if (!field)
		return profile_unknown_key(ini, key);
	source = &r->out->sources[field->index];
	if (ini->continued)
		return profile_append(ini, key, source->text, sizeof(source->text), value);
	if (r->source_line[field->index])
		return engine_ini_fail(ini, "%s.source is given a second time: remove one", key);
	text = profile_without_prefix(value, "published: ");
	source->published = text;
	if (!text)
		text = profile_without_prefix(value, "assumed: ");
	if (!text)
		return engine_ini_fail(ini, "%s.source must be 'published: ...' or 'assumed: ...'",
				       key);
	r->source_line[field->index] = ini->line;
	return profile_append(ini, key, source->text, sizeof(source->text), text);
}

static int profile_entry(struct engine_ini *ini, void *user, const char *section, const char *key,
			 const char *value)
{
	struct profile_reader *r = user;
	size_t length = strlen(key);
	size_t suffix = strlen(SOURCE_SUFFIX);
	char base[KEY_MAX];

	if (strcmp(section, "profile"))
		return engine_ini_fail(ini, "there is no section [%s]: put its keys into [profile]",
				       section);
	if (!strcmp(key, "name"))
		return profile_text(ini, key, value, r->out->name, sizeof(r->out->name));
	if (!strcmp(key, "description"))
		return profile_text(ini, key, value, r->out->description,
				    sizeof(r->out->description));
	if (length <= suffix || length - suffix >= sizeof(base) ||
	    strcmp(key + length - suffix, SOURCE_SUFFIX))
		return profile_value(ini, r, key, value);
	memcpy(base, key, length - suffix);
	base[length - suffix] = '\0';
	return profile_source(ini, r, base, value);
}

static bool profile_name_valid(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
			return false;
	return i > 0;
}

static int profile_check_texts(const struct engine_profile *p, const char *path,
			       struct engine_error *e)
{
	if (!profile_name_valid(p->name)) {
		engine_error_set(e, "%s: name '%s': take letters, digits, '-', '_', '.' only",
				 path, p->name);
		return -EINVAL;
	}
	if (!*p->description) {
		engine_error_set(e, "%s: there is no description: say what it models", path);
		return -EINVAL;
	}
	return 0;
}

static int profile_check_sources(const struct profile_reader *r, const char *path,
				 struct engine_error *e)
{
	for (size_t i = 0; i < ENGINE_PROFILE_FIELDS; i++) {
		const char *name = engine_profile_fields[i].name;
		size_t index = engine_profile_fields[i].index;

		if (r->value_line[index] && !r->source_line[index]) {
			engine_error_set(e, "%s:%u: %s has no source: add a line %s.source = ...",
					 path, r->value_line[index], name, name);
			return -EINVAL;
		}
		if (r->source_line[index] && !r->value_line[index]) {
			engine_error_set(e, "%s:%u: %s has a source but no value: add %s", path,
					 r->source_line[index], name, name);
			return -EINVAL;
		}
	}
	return 0;
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
	struct profile_reader r = { .out = out };
	int status;

	memset(out, 0, sizeof(*out));
	tmodel_profile_init(&out->model);
	status = engine_ini_read(path, profile_entry, &r, e);
	if (!status)
		status = profile_check_texts(out, path, e);
	if (!status)
		status = profile_check_sources(&r, path, e);
	if (!status)
		status = engine_profile_explain(&out->model, path, e);
	return status;
}
