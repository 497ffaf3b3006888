// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading a file of rules: an INI file with a section [rule NAME] for each, in order. */
#include "cli/run_rules.h"

#include <errno.h>
#include <string.h>
#include <terrace/terrace.h>

#include "cli/ranges.h"
#include "engine/inifile.h"

/* The built-in rules come behind those of the file. */
#define FILE_RULES_MAX	(RULES_MAX - 8)

struct reading {
	struct rule *rules;
	int n;
	uint32_t pattern_of[RULES_MAX];	/* enum rule_what that the key says, or NO_PATTERN */
};

#define NO_PATTERN	(~0U)

static int set_word(struct engine_ini *ini, const char *key, const char *value, char *out,
		    size_t room)
{
	if (!*value || strlen(value) >= room || strpbrk(value, " \t") || !strcmp(value, "-"))
		return engine_ini_fail(ini, "%s is '%s': 1 to %zu characters without blanks", key,
				       value, room - 1);
	strcpy(out, value);
	return 0;
}

static int set_size(struct engine_ini *ini, const char *key, const char *value, uint64_t *out)
{
	const char *end = "";

	if (!size_parse(value, out, &end) && !*end)
		return 0;
	return engine_ini_fail(ini, "%s is '%s': bytes, maybe with KiB, MiB or GiB", key, value);
}

static int set_extent(struct engine_ini *ini, const char *key, const char *value, struct rule *r)
{
	uint64_t bytes;
	int err = set_size(ini, key, value, &bytes);

	if (err)
		return err;
	if (bytes < 1U << TERRACE_EXTENT_SHIFT_MIN || bytes > 1U << TERRACE_EXTENT_SHIFT_MAX ||
	    bytes & (bytes - 1))
		return engine_ini_fail(ini, "%s is '%s': a power of two of 4KiB to 2MiB", key,
				       value);
	r->extent_bytes = bytes;
	return 0;
}

static int set_what(struct engine_ini *ini, const char *value, struct rule *r)
{
	if (strcmp(value, "file") && strcmp(value, "memory"))
		return engine_ini_fail(ini, "what is '%s': file or memory", value);
	r->what = strcmp(value, "file") ? RULE_MEMORY : RULE_FILE;
	return 0;
}

static int set_class(struct engine_ini *ini, const char *value, struct rule *r)
{
	int class_id;

	if (!strcmp(value, "plain")) {
		r->class_id = RULE_PLAIN;
		return 0;
	}
	class_id = terrace_class_parse(value);
	if (class_id < 0)
		return engine_ini_fail(ini, "%s; or plain, to leave it where it is",
				       terrace_error());
	r->class_id = class_id;
	return 0;
}

static int set_key(struct engine_ini *ini, struct reading *reading, const char *key,
		   const char *value)
{
	struct rule *r = &reading->rules[reading->n - 1];

	if (!strcmp(key, "what"))
		return set_what(ini, value, r);
	if (!strcmp(key, "class"))
		return set_class(ini, value, r);
	if (!strcmp(key, "min_bytes"))
		return set_size(ini, key, value, &r->min_bytes);
	if (!strcmp(key, "max_bytes"))
		return set_size(ini, key, value, &r->max_bytes);
	if (!strcmp(key, "extent_bytes"))
		return set_extent(ini, key, value, r);
	if (!strcmp(key, "tier"))
		return set_word(ini, key, value, r->tier, sizeof(r->tier));
	if (!strcmp(key, "path") || !strcmp(key, "caller")) {
		reading->pattern_of[reading->n - 1] = *key == 'p' ? RULE_FILE : RULE_MEMORY;
		return set_word(ini, key, value, r->pattern, sizeof(r->pattern));
	}
	return engine_ini_fail(ini, "a rule has no key '%s': what, class, path, caller, min_bytes, max_bytes, extent_bytes or tier",
			       key);
}

/* A new section begins a rule. */
static int take_section(struct engine_ini *ini, struct reading *reading, const char *section)
{
	struct rule *r;

	if (strncmp(section, "rule ", 5) || !section[5])
		return engine_ini_fail(ini, "section [%s] is not [rule NAME]", section);
	if (reading->n && !strcmp(reading->rules[reading->n - 1].name, section + 5))
		return 0;
	if (reading->n == FILE_RULES_MAX)
		return engine_ini_fail(ini, "more than %d rules", FILE_RULES_MAX);
	r = &reading->rules[reading->n++];
	reading->pattern_of[reading->n - 1] = NO_PATTERN;
	*r = (struct rule) { .class_id = TERRACE_CLASSES, .max_bytes = UINT64_MAX };
	return set_word(ini, "the name of a rule", section + 5, r->name, sizeof(r->name));
}

static int take_entry(struct engine_ini *ini, void *user, const char *section, const char *key,
		      const char *value)
{
	struct reading *reading = user;
	int err;

	if (ini->continued)
		return engine_ini_fail(ini, "a value goes on in a second line: put it in one");
	err = take_section(ini, reading, section);
	return err ? err : set_key(ini, reading, key, value);
}

int run_rules_read(const char *path, struct rule *rules, struct engine_error *e)
{
	struct reading reading = { .rules = rules };
	const struct rule *r;
	int err, i;

	err = engine_ini_read(path, take_entry, &reading, e);
	if (err)
		return err;
	for (i = 0; i < reading.n; i++) {
		r = &rules[i];
		if (reading.pattern_of[i] != NO_PATTERN && reading.pattern_of[i] != r->what) {
			engine_error_set(e, "%s: rule %s: path goes with what = file, caller with what = memory",
					 path, r->name);
			return -EINVAL;
		}
		if (r->class_id == TERRACE_CLASSES) {
			engine_error_set(e, "%s: rule %s has no class: weights, kv, context, activation or plain",
					 path, r->name);
			return -EINVAL;
		}
		if (r->min_bytes > r->max_bytes) {
			engine_error_set(e, "%s: rule %s matches nothing: min_bytes is above max_bytes",
					 path, r->name);
			return -EINVAL;
		}
	}
	return reading.n;
}
