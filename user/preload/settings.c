// SPDX-License-Identifier: LGPL-2.1-or-later
/* Settings: read from the environment when the library is loaded. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "preload/preload.h"

struct settings preload_settings;

static bool read_number(const char *name, uint32_t *out)
{
	const char *text = getenv(name);
	unsigned long value;
	char *end;

	if (!text || !*text)
		return true;
	value = strtoul(text, &end, 10);
	if (*end || *text < '0' || *text > '9' || value > UINT32_MAX) {
		say("%s is \"%s\", not a number: nothing is placed; use 'terrace run'", name, text);
		return false;
	}
	*out = value;
	return true;
}

static bool read_word(const char *name, char out[RULE_NAME_MAX])
{
	const char *text = getenv(name);

	if (!text)
		return true;
	if (strlen(text) >= RULE_NAME_MAX) {
		say("%s is \"%s\", more than %d characters: nothing is placed", name, text,
		    RULE_NAME_MAX - 1);
		return false;
	}
	strcpy(out, text);
	return true;
}

static bool read_rules(struct settings *s)
{
	const char *text = getenv("TERRACE_RUN_RULES");
	int n = 0;

	if (text)
		n = rules_parse(text, s->rules);
	if (n < 0 || n + rules_ggml_count > RULES_MAX) {
		say("TERRACE_RUN_RULES cannot be read: nothing is placed; use 'terrace run --rules FILE'");
		return false;
	}
	memcpy(&s->rules[n], rules_ggml, rules_ggml_count * sizeof(*s->rules));
	s->rules_n = n + rules_ggml_count;
	s->memory_min = UINT64_MAX;
	for (size_t i = 0; i < s->rules_n; i++)
		if (s->rules[i].what == RULE_MEMORY && s->rules[i].min_bytes < s->memory_min)
			s->memory_min = s->rules[i].min_bytes;
	return true;
}

__attribute__((constructor)) static void settings_read(void)
{
	struct settings *s = &preload_settings;
	const char *report = getenv("TERRACE_RUN_REPORT");

	preload_enter();
	say_prepare();
	/* the program may write over its environment */
	s->report = report ? strdup(report) : NULL;
	caller_prepare();
	s->ready = read_word("TERRACE_RUN_WEIGHTS", s->weights) &&
		   read_word("TERRACE_RUN_KV", s->kv) &&
		   read_number("TERRACE_RUN_EXTENT", &s->extent_bytes) &&
		   read_number("TERRACE_RUN_PACE", &s->pace_permille) &&
		   read_number("TERRACE_RUN_SAMPLE", &s->sample_period) &&
		   read_rules(s);
	preload_leave();
}
