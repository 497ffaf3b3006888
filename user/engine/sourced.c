// SPDX-License-Identifier: LGPL-2.1-or-later
/* Parameter files: values, each with the source it was taken from. */
#include "engine/sourced.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_SUFFIX	".source"
#define KEY_MAX		64

/* Where things were given, 0 = nowhere. */
struct reader {
	struct engine_sourced *out;
	unsigned int value_line[ENGINE_SOURCED_KEYS];
	unsigned int source_line[ENGINE_SOURCED_KEYS];
};

static int unknown_key(struct engine_ini *ini, const struct engine_sourced *s, const char *key)
{
	const char *names[ENGINE_SOURCED_KEYS + 2] = { "name", "description" };

	memcpy(names + 2, s->keys, s->n_keys * sizeof(*names));
	return engine_ini_fail(ini, "a %s has no key '%s'; the nearest one is '%s'", s->section,
			       key, engine_nearest(key, names, s->n_keys + 2));
}

/* Return: the index of a key, n_keys when there is none of that name. */
static size_t find_key(const struct engine_sourced *s, const char *key)
{
	size_t i;

	for (i = 0; i < s->n_keys && strcmp(s->keys[i], key); i++)
		;
	return i;
}

/* Put text behind what is there already. */
static int append(struct engine_ini *ini, const char *key, char *to, size_t size, const char *text)
{
	size_t used = strlen(to);

	if ((size_t)snprintf(to + used, size - used, "%s%s", used ? " " : "", text) < size - used)
		return 0;
	return engine_ini_fail(ini, "the text of %s has more than %zu bytes: cut it", key,
			       size - 1);
}

static int take_text(struct engine_ini *ini, const char *key, const char *value, char *to,
		     size_t size)
{
	if (*to && !ini->continued)
		return engine_ini_fail(ini, "%s is given a second time: remove one", key);
	return append(ini, key, to, size, value);
}

static int take_value(struct engine_ini *ini, struct reader *r, const char *key, const char *value)
{
	struct engine_sourced *s = r->out;
	size_t i = find_key(s, key);
	int status;

	if (i == s->n_keys)
		return unknown_key(ini, s, key);
	if (ini->continued)
		return engine_ini_fail(ini, "%s goes on in this line: write it in one", key);
	if (r->value_line[i])
		return engine_ini_fail(ini, "%s is given a second time: remove one", key);
	status = s->set(ini, s->user, i, value);
	if (status)
		return status;
	r->value_line[i] = ini->line;
	s->sources[i].given = true;
	return 0;
}

static const char *without_prefix(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(text, prefix, length) || !text[length])
		return NULL;
	return text + length;
}

static int take_source(struct engine_ini *ini, struct reader *r, const char *key,
		       const char *value)
{
	size_t i = find_key(r->out, key);
	struct engine_source *source;
	const char *text;

	if (i == r->out->n_keys)
		return unknown_key(ini, r->out, key);
	source = &r->out->sources[i];
	if (ini->continued)
		return append(ini, key, source->text, sizeof(source->text), value);
	if (r->source_line[i])
		return engine_ini_fail(ini, "%s.source is given a second time: remove one", key);
	text = without_prefix(value, "published: ");
	source->published = text;
	if (!text)
		text = without_prefix(value, "assumed: ");
	if (!text)
		return engine_ini_fail(ini, "%s.source must be 'published: ...' or 'assumed: ...'",
				       key);
	r->source_line[i] = ini->line;
	return append(ini, key, source->text, sizeof(source->text), text);
}

static int take_entry(struct engine_ini *ini, void *user, const char *section, const char *key,
		      const char *value)
{
	struct reader *r = user;
	struct engine_sourced *s = r->out;
	size_t length = strlen(key);
	size_t suffix = strlen(SOURCE_SUFFIX);
	char base[KEY_MAX];

	if (strcmp(section, s->section))
		return engine_ini_fail(ini, "there is no section [%s]: put its keys into [%s]",
				       section, s->section);
	if (!strcmp(key, "name"))
		return take_text(ini, key, value, s->name, sizeof(s->name));
	if (!strcmp(key, "description"))
		return take_text(ini, key, value, s->description, sizeof(s->description));
	if (length <= suffix || length - suffix >= sizeof(base) ||
	    strcmp(key + length - suffix, SOURCE_SUFFIX))
		return take_value(ini, r, key, value);
	memcpy(base, key, length - suffix);
	base[length - suffix] = '\0';
	return take_source(ini, r, base, value);
}

static bool name_valid(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
			return false;
	return i > 0;
}

static int check_texts(const struct engine_sourced *s, const char *path, struct engine_error *e)
{
	if (!name_valid(s->name)) {
		engine_error_set(e, "%s: name '%s': take letters, digits, '-', '_', '.' only",
				 path, s->name);
		return -EINVAL;
	}
	if (!*s->description) {
		engine_error_set(e, "%s: there is no description: say what it models", path);
		return -EINVAL;
	}
	return 0;
}

static int check_sources(const struct reader *r, const char *path, struct engine_error *e)
{
	const char *key;
	size_t i;

	for (i = 0; i < r->out->n_keys; i++) {
		key = r->out->keys[i];
		if (r->value_line[i] && !r->source_line[i]) {
			engine_error_set(e, "%s:%u: %s has no source: add a line %s.source = ...",
					 path, r->value_line[i], key, key);
			return -EINVAL;
		}
		if (r->source_line[i] && !r->value_line[i]) {
			engine_error_set(e, "%s:%u: %s has a source but no value: add %s", path,
					 r->source_line[i], key, key);
			return -EINVAL;
		}
	}
	return 0;
}

int engine_sourced_read(const char *path, struct engine_sourced *s, struct engine_error *e)
{
	struct reader r = { .out = s };
	int status;

	status = engine_ini_read(path, take_entry, &r, e);
	if (!status)
		status = check_texts(s, path, e);
	if (!status)
		status = check_sources(&r, path, e);
	return status;
}

int engine_sourced_number(struct engine_ini *ini, const char *key, const char *text, double lowest,
			  double highest, double *out)
{
	double value;
	char *end;

	value = strtod(text, &end);
	if (end == text || *end || !isfinite(value))
		return engine_ini_fail(ini, "%s is '%s', which is no number", key, text);
	if (value < lowest || value > highest)
		return engine_ini_fail(ini, "%s is %s: it must be from %g to %g", key, text,
				       lowest, highest);
	*out = value;
	return 0;
}
