// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rules: the built-in ones, their text form, which one decides. Allocates nothing. */
#include "preload/rules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/terrace.h>

#define KIB	1024ULL

/*
 * Buffers that are smaller are not worth a descriptor and the look at the stack. Names of functions
 * are those of llama.cpp from 2025 on; where one is inlined or static, its caller stands for it.
 */
const struct rule rules_ggml[] = {
	{ .name = "weights", .what = RULE_FILE, .class_id = TERRACE_CLASS_WEIGHTS,
	  .max_bytes = UINT64_MAX },
	{ .name = "kv-cache", .what = RULE_MEMORY, .class_id = TERRACE_CLASS_KV,
	  .min_bytes = 64 * KIB, .max_bytes = UINT64_MAX, .pattern = "*llama_kv_cache*" },
	{ .name = "kv-recurrent", .what = RULE_MEMORY, .class_id = TERRACE_CLASS_KV,
	  .min_bytes = 64 * KIB, .max_bytes = UINT64_MAX, .pattern = "*llama_memory_recurrent*" },
	{ .name = "weights-read", .what = RULE_MEMORY, .class_id = TERRACE_CLASS_WEIGHTS,
	  .min_bytes = 64 * KIB, .max_bytes = UINT64_MAX, .pattern = "*load_tensors*" },
	{ .name = "compute", .what = RULE_MEMORY, .class_id = TERRACE_CLASS_ACTIVATION,
	  .min_bytes = 64 * KIB, .max_bytes = UINT64_MAX, .pattern = "*graph_reserve*" },
	{ .name = "compute-grown", .what = RULE_MEMORY, .class_id = TERRACE_CLASS_ACTIVATION,
	  .min_bytes = 64 * KIB, .max_bytes = UINT64_MAX, .pattern = "ggml_gallocr_*" },
};

const size_t rules_ggml_count = sizeof(rules_ggml) / sizeof(rules_ggml[0]);

/* One rule a line, a blank between its fields, and - for what is empty. */
static bool word_valid(const char *word, size_t room)
{
	size_t n = strnlen(word, room);

	return n < room && !memchr(word, ' ', n) && !memchr(word, '\n', n) && strcmp(word, "-");
}

static const char *word_or_dash(const char *word)
{
	return *word ? word : "-";
}

bool rules_format(const struct rule *rules, size_t n, char *text)
{
	const struct rule *r;
	size_t used = 0;

	*text = '\0';
	for (r = rules; r < rules + n; r++) {
		if (!*r->name || !word_valid(r->name, sizeof(r->name)) ||
		    !word_valid(r->tier, sizeof(r->tier)) ||
		    !word_valid(r->pattern, sizeof(r->pattern)))
			return false;
		used += snprintf(text + used, RULES_TEXT_MAX - used,
				 "%s %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %s %s\n",
				 r->name, r->what, r->class_id, r->min_bytes, r->max_bytes,
				 r->extent_bytes, word_or_dash(r->tier), word_or_dash(r->pattern));
	}
	return true;
}

/* Take a word and the blank or the end of the line behind it. */
static bool take_word(const char **text, char *out, size_t room)
{
	size_t n = strcspn(*text, "\n ");

	if (!n || n >= room || !(*text)[n])
		return false;
	memcpy(out, *text, n);
	out[n] = '\0';
	if (!strcmp(out, "-"))
		*out = '\0';
	*text += n + 1;
	return true;
}

static bool take_number(const char **text, uint64_t limit, uint64_t *out)
{
	char digits[24], *end;

	if (!take_word(text, digits, sizeof(digits)) || *digits < '0' || *digits > '9')
		return false;
	errno = 0;
	*out = strtoull(digits, &end, 10);
	return !*end && !errno && *out <= limit;
}

static bool rule_parse(const char **text, struct rule *r)
{
	const char *begin = *text;
	uint64_t what, class_id, extent_bytes;

	memset(r, 0, sizeof(*r));
	if (!take_word(text, r->name, sizeof(r->name)) ||
	    !take_number(text, RULE_MEMORY, &what) || !take_number(text, UINT32_MAX, &class_id) ||
	    !take_number(text, UINT64_MAX, &r->min_bytes) ||
	    !take_number(text, UINT64_MAX, &r->max_bytes) ||
	    !take_number(text, UINT32_MAX, &extent_bytes) ||
	    !take_word(text, r->tier, sizeof(r->tier)) ||
	    !take_word(text, r->pattern, sizeof(r->pattern)))
		return false;
	r->what = what;
	r->class_id = class_id;
	r->extent_bytes = extent_bytes;
	/* all on the one line */
	return memchr(begin, '\n', *text - begin) == *text - 1 &&
	       (class_id < TERRACE_CLASSES || class_id == RULE_PLAIN);
}

int rules_parse(const char *text, struct rule *rules)
{
	int n = 0;

	while (*text) {
		if (n == RULES_MAX || !rule_parse(&text, &rules[n]))
			return -EINVAL;
		n++;
	}
	return n;
}

const struct rule *rules_find(const struct rule *rules, size_t n, enum rule_what what,
			      uint64_t bytes,
			      bool (*matches)(const struct rule *rule, void *arg), void *arg)
{
	const struct rule *r;

	for (r = rules; r < rules + n; r++)
		if (r->what == what && bytes >= r->min_bytes && bytes <= r->max_bytes &&
		    matches(r, arg))
			return r->class_id == RULE_PLAIN ? NULL : r;
	return NULL;
}
