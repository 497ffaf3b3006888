// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rules of terrace run: their file, their text form, which of them decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <terrace/terrace.h>

#include "cli/run_rules.h"

#include "ini_fixture.h"

static int read_text(void **state, struct rule *rules, struct engine_error *e, const char *text)
{
	struct ini_fixture *f = *state;

	ini_fixture_text(f, "rules.ini", "%s", text);
	memset(e, 0, sizeof(*e));
	return run_rules_read(f->path, rules, e);
}

static void test_every_key(void **state)
{
	struct rule rules[RULES_MAX];
	struct engine_error e;

	assert_int_equal(read_text(state, rules, &e,
				   "[rule one]\nwhat = file\nclass = weights\npath = *.bin\n"
				   "min_bytes = 4096\nmax_bytes = 3GiB\nextent_bytes = 64KiB\n"
				   "tier = hbf0\n"
				   "[rule two]\nwhat = memory\nclass = activation\n"
				   "caller = ggml_*\n"
				   "[rule three]\nclass = plain\nwhat = memory\n"), 3);
	assert_string_equal(rules[0].name, "one");
	assert_int_equal(rules[0].what, RULE_FILE);
	assert_int_equal(rules[0].class_id, TERRACE_CLASS_WEIGHTS);
	assert_string_equal(rules[0].pattern, "*.bin");
	assert_int_equal(rules[0].min_bytes, 4096);
	assert_int_equal(rules[0].max_bytes, 3ULL << 30);
	assert_int_equal(rules[0].extent_bytes, 65536);
	assert_string_equal(rules[0].tier, "hbf0");
	assert_int_equal(rules[1].what, RULE_MEMORY);
	assert_int_equal(rules[1].class_id, TERRACE_CLASS_ACTIVATION);
	assert_string_equal(rules[1].pattern, "ggml_*");
	assert_string_equal(rules[1].tier, "");
	assert_int_equal(rules[1].min_bytes, 0);
	assert_true(rules[1].max_bytes == UINT64_MAX);
	assert_int_equal(rules[2].class_id, RULE_PLAIN);
}

/* Each file is refused with its line, or without one when it is the whole rule. */
static const struct {
	const char *text;
	const char *says;
} wrong[] = {
	{ "[rule a]\nclass = weights\nwhat = disk\n", ":3: what is 'disk'" },
	{ "[rule a]\nclass = gold\n", ":2: " },
	{ "[rule a]\nclass = weights\nmin_bytes = much\n", ":3: min_bytes is 'much'" },
	{ "[rule a]\nclass = weights\nmax_bytes = -1\n", ":3: max_bytes is '-1'" },
	{ "[rule a]\nclass = weights\nextent_bytes = 2048\n", ":3: extent_bytes is '2048'" },
	{ "[rule a]\nclass = weights\nextent_bytes = 4MiB\n", ":3: extent_bytes is '4MiB'" },
	{ "[rule a]\nclass = weights\nextent_bytes = 12288\n", ":3: extent_bytes is '12288'" },
	{ "[rule a]\nclass = weights\ntier =\n", ":3: tier is ''" },
	{ "[rule a]\nclass = weights\ntier = -\n", ":3: tier is '-'" },
	{ "[rule a]\nclass = weights\npath = a b\n", ":3: path is 'a b'" },
	{ "[rule a]\nclass = weights\ncolour = red\n", ":3: a rule has no key 'colour'" },
	{ "[rule a]\nclass = weights\n tier = x\n", ":3: " },
	{ "[tier a]\nclass = weights\n", ":2: section [tier a]" },
	{ "[rule ]\nclass = weights\n", ":2: section [rule ]" },
	{ "[rule two words]\nclass = weights\n", ":2: the name of a rule" },
	{ "[rule a]\nnonsense\n", ":2: the line is no" },
	{ "[rule a]\nwhat = file\n", "rule a has no class" },
	{ "[rule a]\nclass = kv\nmin_bytes = 2\nmax_bytes = 1\n", "rule a matches nothing" },
	{ "[rule a]\nclass = kv\nwhat = memory\npath = x\n", "rule a" },
	{ "[rule a]\nclass = weights\nwhat = file\ncaller = x\n", "rule a" },
};

static void test_wrong(void **state)
{
	struct ini_fixture *f = *state;
	struct rule rules[RULES_MAX];
	struct engine_error e;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (read_text(state, rules, &e, wrong[i].text) != -EINVAL)
			fail_msg("accepted: %s", wrong[i].text);
		if (!strstr(e.text, f->path) || !strstr(e.text, wrong[i].says))
			fail_msg("'%s' does not hold '%s'", e.text, wrong[i].says);
	}
	assert_int_equal(run_rules_read("/nonexistent/rules", rules, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/rules"));
}

static void test_too_many(void **state)
{
	struct rule rules[RULES_MAX];
	struct engine_error e;
	char text[4096] = "";
	int i;

	for (i = 0; i < RULES_MAX; i++)
		sprintf(text + strlen(text), "[rule r%d]\nclass = kv\n", i);
	assert_int_equal(read_text(state, rules, &e, text), -EINVAL);
	assert_non_null(strstr(e.text, "more than"));
	/* as many as fit leave room for those that are built in */
	*strstr(text, "[rule r24]") = '\0';
	assert_int_equal(read_text(state, rules, &e, text), 24);
	assert_true(24 + rules_ggml_count <= RULES_MAX);
}

static void test_long_words(void **state)
{
	struct rule rules[RULES_MAX];
	struct engine_error e;
	char text[512], word[RULE_PATTERN_MAX + 1];

	memset(word, 'w', sizeof(word));
	word[RULE_NAME_MAX - 1] = '\0';
	snprintf(text, sizeof(text), "[rule %s]\nclass = kv\ntier = %s\n", word, word);
	assert_int_equal(read_text(state, rules, &e, text), 1);
	assert_string_equal(rules[0].name, word);
	assert_string_equal(rules[0].tier, word);
	word[RULE_NAME_MAX - 1] = 'w';
	word[RULE_NAME_MAX] = '\0';
	snprintf(text, sizeof(text), "[rule a]\nclass = kv\ntier = %s\n", word);
	assert_int_equal(read_text(state, rules, &e, text), -EINVAL);
	word[RULE_NAME_MAX] = 'w';
	word[RULE_PATTERN_MAX] = '\0';
	snprintf(text, sizeof(text), "[rule a]\nclass = kv\npath = %s\n", word);
	assert_int_equal(read_text(state, rules, &e, text), -EINVAL);
	word[RULE_PATTERN_MAX - 1] = '\0';
	snprintf(text, sizeof(text), "[rule a]\nclass = kv\npath = %s\n", word);
	assert_int_equal(read_text(state, rules, &e, text), 1);
}

static void test_text_form(void **state)
{
	struct rule rules[RULES_MAX], back[RULES_MAX];
	char text[RULES_TEXT_MAX];
	int i;

	(void)state;
	/* the longest that there are */
	memset(rules, 0, sizeof(rules));
	for (i = 0; i < RULES_MAX; i++) {
		rules[i] = (struct rule) { .what = i % 2, .class_id = i % 3 ? RULE_PLAIN : 3,
					   .min_bytes = UINT64_MAX, .max_bytes = UINT64_MAX,
					   .extent_bytes = UINT32_MAX };
		memset(rules[i].name, 'n', RULE_NAME_MAX - 1);
		memset(rules[i].tier, 't', RULE_NAME_MAX - 1);
		memset(rules[i].pattern, '*', RULE_PATTERN_MAX - 1);
	}
	memset(rules[3].tier, 0, RULE_NAME_MAX);
	memset(rules[4].pattern, 0, RULE_PATTERN_MAX);
	assert_true(rules_format(rules, RULES_MAX, text));
	memset(back, 0x55, sizeof(back));
	assert_int_equal(rules_parse(text, back), RULES_MAX);
	assert_memory_equal(back, rules, sizeof(rules));
	assert_true(rules_format(rules_ggml, rules_ggml_count, text));
	assert_int_equal(rules_parse(text, back), rules_ggml_count);
	assert_memory_equal(back, rules_ggml, rules_ggml_count * sizeof(*back));
	assert_true(rules_format(rules, 0, text));
	assert_int_equal(rules_parse(text, back), 0);
}

static void test_format_refuses(void **state)
{
	static const char * const words[] = { "a b", "a\nb", "-" };
	char text[RULES_TEXT_MAX];
	struct rule r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		r = (struct rule) { .name = "n" };
		assert_true(rules_format(&r, 1, text));
		strcpy(r.pattern, words[i]);
		assert_false(rules_format(&r, 1, text));
		r = (struct rule) { .name = "n" };
		strcpy(r.tier, words[i]);
		assert_false(rules_format(&r, 1, text));
		r = (struct rule) { 0 };
		strcpy(r.name, words[i]);
		assert_false(rules_format(&r, 1, text));
	}
	r = (struct rule) { 0 };
	assert_false(rules_format(&r, 1, text));
}

static void test_parse_refuses(void **state)
{
	static const char * const texts[] = {
		"n", "n\n", " n\n", "n 0 0 0 0 0 -\n", "n 0 0 0 0 0 - -", "n 0 0 0 0 0 - - -\n",
		"n 2 0 0 0 0 - -\n", "n 0 4 0 0 0 - -\n", "n 0 4294967296 0 0 0 - -\n",
		"n 0 0 -1 0 0 - -\n", "n 0 0 18446744073709551616 0 0 - -\n",
		"n 0 0 0 0 4294967296 - -\n", "n 0 0 0x1 0 0 - -\n", "n 0 0\n0 0 0 - -\n",
		"n  0 0 0 0 0 - -\n", "\n",
		"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn 0 0 0 0 0 - -\n",
	};
	struct rule rules[RULES_MAX];
	char text[RULES_TEXT_MAX] = "";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (rules_parse(texts[i], rules) != -EINVAL)
			fail_msg("accepted: %s", texts[i]);
	for (i = 0; i <= RULES_MAX; i++)
		strcat(text, "n 0 0 0 0 0 - -\n");
	assert_int_equal(rules_parse(text, rules), -EINVAL);
}

static int asked;

static bool pattern_is(const struct rule *rule, void *arg)
{
	asked++;
	return !*rule->pattern || !strcmp(rule->pattern, arg);
}

static void test_first_match(void **state)
{
	static const struct rule rules[] = {
		{ .name = "sized", .what = RULE_MEMORY, .class_id = TERRACE_CLASS_KV,
		  .min_bytes = 100, .max_bytes = 200 },
		{ .name = "plain", .what = RULE_MEMORY, .class_id = RULE_PLAIN,
		  .max_bytes = UINT64_MAX, .pattern = "p" },
		{ .name = "file", .what = RULE_FILE, .class_id = TERRACE_CLASS_WEIGHTS,
		  .max_bytes = UINT64_MAX },
		{ .name = "last", .what = RULE_MEMORY, .class_id = TERRACE_CLASS_CONTEXT,
		  .max_bytes = UINT64_MAX, .pattern = "q" },
		{ .name = "again", .what = RULE_MEMORY, .class_id = TERRACE_CLASS_KV,
		  .max_bytes = UINT64_MAX, .pattern = "p" },
	};

	(void)state;
	assert_ptr_equal(rules_find(rules, 5, RULE_MEMORY, 100, pattern_is, "p"), &rules[0]);
	assert_ptr_equal(rules_find(rules, 5, RULE_MEMORY, 200, pattern_is, "x"), &rules[0]);
	assert_null(rules_find(rules, 5, RULE_MEMORY, 99, pattern_is, "p"));
	assert_null(rules_find(rules, 5, RULE_MEMORY, 201, pattern_is, "p"));
	assert_ptr_equal(rules_find(rules, 5, RULE_MEMORY, 201, pattern_is, "q"), &rules[3]);
	assert_null(rules_find(rules, 5, RULE_MEMORY, 201, pattern_is, "x"));
	assert_ptr_equal(rules_find(rules, 5, RULE_FILE, 5, pattern_is, "p"), &rules[2]);
	/* the stack is not looked at for what no rule can name */
	asked = 0;
	assert_null(rules_find(rules, 1, RULE_MEMORY, 99, pattern_is, "p"));
	assert_int_equal(asked, 0);
	assert_null(rules_find(rules, 0, RULE_FILE, 5, pattern_is, "p"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ini_fixture_begin, ini_fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_key),
		TEST(test_wrong),
		TEST(test_too_many),
		TEST(test_long_words),
		cmocka_unit_test(test_text_form),
		cmocka_unit_test(test_format_refuses),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_first_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
