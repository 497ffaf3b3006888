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

static const char *section_of(const struct engine_sourced *s, size_t i)
{
	return s->keys[i].section ?: s->section;
}

static int unknown_section(struct engine_ini *ini, const struct engine_sourced *s,
			   const char *section)
{
	const char *names[ENGINE_SOURCED_KEYS + 1] = { s->section };
	size_t i;

	for (i = 0; i < s->n_keys; i++)
		names[i + 1] = section_of(s, i);
	return engine_ini_fail(ini, "there is no section [%s]: put its keys into [%s]", section,
			       engine_nearest(section, names, s->n_keys + 1));
}

static int unknown_key(struct engine_ini *ini, const struct engine_sourced *s, const char *section,
		       const char *key)
{
	const char *names[ENGINE_SOURCED_KEYS + 3];
	size_t i, n = 0;

	for (i = 0; i < s->n_keys; i++)
		if (!strcmp(section_of(s, i), section))
			names[n++] = s->keys[i].name;
	if (!n)
		return unknown_section(ini, s, section);
	if (!strcmp(section, s->section)) {
		names[n++] = "name";
		names[n++] = "description";
		if (s->text.key)
			names[n++] = s->text.key;
	}
	return engine_ini_fail(ini, "[%s] has no key '%s'; the nearest one is '%s'", section, key,
			       engine_nearest(key, names, n));
}

/* Return: the index of a key, n_keys when there is none of that name. */
static size_t find_key(const struct engine_sourced *s, const char *section, const char *key)
{
	size_t i;

	for (i = 0; i < s->n_keys; i++)
		if (!strcmp(s->keys[i].name, key) && !strcmp(section_of(s, i), section))
			break;
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

static int take_value(struct engine_ini *ini, struct reader *r, size_t i, const char *value)
{
	struct engine_sourced *s = r->out;
	const char *key = s->keys[i].name;
	int status;

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

static int take_source(struct engine_ini *ini, struct reader *r, size_t i, const char *value)
{
	struct engine_source *source = &r->out->sources[i];
	const char *key = r->out->keys[i].name;
	const char *text;

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

/* The key whose source a key is: "pue" of "pue.source". */
static bool is_source(const char *key, char base[KEY_MAX])
{
	size_t length = strlen(key), suffix = strlen(SOURCE_SUFFIX);

	if (length <= suffix || length - suffix >= KEY_MAX ||
	    strcmp(key + length - suffix, SOURCE_SUFFIX))
		return false;
	memcpy(base, key, length - suffix);
	base[length - suffix] = '\0';
	return true;
}

static int take_figure(struct engine_ini *ini, struct reader *r, const char *section,
		       const char *key, const char *value)
{
	const struct engine_sourced *s = r->out;
	char base[KEY_MAX];
	bool source = is_source(key, base);
	size_t i = find_key(s, section, source ? base : key);

	if (i == s->n_keys)
		return unknown_key(ini, s, section, source ? base : key);
	return source ? take_source(ini, r, i, value) : take_value(ini, r, i, value);
}

static int take_entry(struct engine_ini *ini, void *user, const char *section, const char *key,
		      const char *value)
{
	struct reader *r = user;
	struct engine_sourced *s = r->out;

	if (strcmp(section, s->section))
		return take_figure(ini, r, section, key, value);
	if (!strcmp(key, "name"))
		return take_text(ini, key, value, s->name, sizeof(s->name));
	if (!strcmp(key, "description"))
		return take_text(ini, key, value, s->description, sizeof(s->description));
	if (s->text.key && !strcmp(key, s->text.key))
		return take_text(ini, key, value, s->text.to, s->text.size);
	return take_figure(ini, r, section, key, value);
}

static bool name_valid(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
			return false;
	return true;
}

static int check_texts(const struct engine_sourced *s, const char *path, struct engine_error *e)
{
	if (!*s->name) {
		engine_error_set(e, "%s: there is no name: say what it is called", path);
		return -EINVAL;
	}
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
		key = r->out->keys[i].name;
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
