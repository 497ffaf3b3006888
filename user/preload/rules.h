/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules: which mappings and allocations of a program are placed in Terrace buffers, and how.
 *
 * terrace run reads them from a file and hands them to the preloaded library through the
 * environment, in the text form of rules_format(). The first rule that matches decides.
 */
#ifndef _PRELOAD_RULES_H
#define _PRELOAD_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULES_MAX		32
#define RULE_PATTERN_MAX	96
#define RULE_NAME_MAX		32	/* TERRACE_NAME_MAX */
#define RULES_TEXT_MAX		(RULES_MAX * 256)

enum rule_what {
	RULE_FILE,	/* a read-only mapping of a file */
	RULE_MEMORY,	/* an allocation, or a private anonymous mapping */
};

#define RULE_PLAIN	(~0U)	/* class: leave it in plain memory */

/**
 * struct rule - what matches, and what becomes of it
 * @name: for people, and of the buffer; a-z, 0-9, - and _
 * @what: enum rule_what
 * @class_id: enum terrace_class, or RULE_PLAIN
 * @min_bytes, @max_bytes: sizes that match
 * @extent_bytes: 0 = chosen by content and size
 * @tier: preferred; empty = the kernel's placement rule
 * @pattern: fnmatch(3) pattern. Of a file: its path, or empty: any file that begins with "GGUF".
 *           Of memory: a function on the caller's stack, as the linker names it; empty: any
 */
struct rule {
	char name[RULE_NAME_MAX];
	uint32_t what;
	uint32_t class_id;
	uint64_t min_bytes;
	uint64_t max_bytes;
	uint32_t extent_bytes;
	char tier[RULE_NAME_MAX];
	char pattern[RULE_PATTERN_MAX];
};

/* What llama.cpp, and whatever else is built on ggml, needs. */
extern const struct rule rules_ggml[];
extern const size_t rules_ggml_count;

/**
 * rules_format - the text form of rules
 * @text: RULES_TEXT_MAX bytes
 *
 * Return: false when a name, tier or pattern has a character that the form cannot hold.
 */
bool rules_format(const struct rule *rules, size_t n, char *text);

/**
 * rules_parse - read the text form
 * @rules: RULES_MAX
 *
 * Return: how many, or -EINVAL.
 */
int rules_parse(const char *text, struct rule *rules);

/**
 * rules_find - the rule of a mapping or an allocation
 * @matches: is the pattern of this rule the pattern of what is placed?
 *
 * Return: NULL when none matches, or the one that does says so.
 */
const struct rule *rules_find(const struct rule *rules, size_t n, enum rule_what what,
			      uint64_t bytes,
			      bool (*matches)(const struct rule *rule, void *arg), void *arg);

#endif /* _PRELOAD_RULES_H */
