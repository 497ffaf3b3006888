// SPDX-License-Identifier: LGPL-2.1-or-later
/* The decoder's text is the reference client's, in every format that the model can be in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decoder_fixture.h"

#define TYPE_F16	1
#define TYPE_Q8_0	8

/* What bytes instead of floats keep of the text is found, not promised: these words are. */
#define BYTES_TEXT	" Once upon a time, there was a little girl named Lily. She loved to play"

static struct fixture_file model;
static char *expected;

static int setup(void **state)
{
	struct fixture_file text = fixture_read(FIXTURE_TEXT);

	(void)state;
	model = fixture_read(FIXTURE_MODEL);
	expected = strndup((const char *)text.data, text.bytes);
	fixture_free(&text);
	return !expected;
}

static int teardown(void **state)
{
	(void)state;
	fixture_free(&model);
	free(expected);
	return 0;
}

/* Frees what it is given. */
static void assert_text(struct fixture_file *file, const struct fixture_file *tokens)
{
	char *text = fixture_text(file, tokens, FIXTURE_PROMPT, FIXTURE_TOKENS);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	fixture_free(file);
}

static void assert_begins(struct fixture_file *file, const struct fixture_file *tokens)
{
	char *text = fixture_text(file, tokens, FIXTURE_PROMPT, FIXTURE_TOKENS);

	assert_non_null(text);
	if (strncmp(text, BYTES_TEXT, strlen(BYTES_TEXT)) != 0)
		assert_string_equal(text, BYTES_TEXT);
	free(text);
	fixture_free(file);
}

static void test_f32(void **state)
{
	struct fixture_file f = fixture_gguf_as(&model, 0);

	(void)state;
	assert_text(&f, NULL);
}

static void test_f16(void **state)
{
	struct fixture_file f = fixture_gguf_as(&model, TYPE_F16);

	(void)state;
	assert_true(f.bytes < model.bytes * 6 / 10);
	assert_text(&f, NULL);
}

static void test_q8_0(void **state)
{
	struct fixture_file f = fixture_gguf_as(&model, TYPE_Q8_0);

	(void)state;
	assert_true(f.bytes < model.bytes / 2);
	assert_begins(&f, NULL);
}

static void test_experts(void **state)
{
	static const uint32_t experts[][2] = { { 1, 1 }, { 8, 1 }, { 8, 2 }, { 16, 4 }, { 7, 7 } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(experts) / sizeof(experts[0]); i++) {
		struct fixture_file f = fixture_gguf_experts(&model, experts[i][0], experts[i][1]);

		assert_text(&f, NULL);
	}
}

static void test_floats(void **state)
{
	struct fixture_file tokens = fixture_tokens(&model), f;

	(void)state;
	f = fixture_floats(&model, FIXTURE_OUTPUT_OWN);
	assert_text(&f, &tokens);
	f = fixture_floats(&model, FIXTURE_OUTPUT_SHARED);
	assert_text(&f, &tokens);
	fixture_free(&tokens);
}

static void test_groups(void **state)
{
	struct fixture_file tokens = fixture_tokens(&model), f;

	(void)state;
	f = fixture_groups(&model, FIXTURE_OUTPUT_OWN);
	assert_begins(&f, &tokens);
	f = fixture_groups(&model, FIXTURE_OUTPUT_SHARED);
	assert_begins(&f, &tokens);
	fixture_free(&tokens);
}

/* The first tokens of a text do not depend on how many follow. */
static void test_lengths(void **state)
{
	static const uint32_t lengths[] = { 1, 2, 11, 12, 27, 28, 60 };
	size_t i, last = 0;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char *text = fixture_text(&model, NULL, FIXTURE_PROMPT, lengths[i]);
		size_t bytes = strlen(text) - 1;

		assert_true(bytes > last);
		assert_memory_equal(text, expected, bytes);
		last = bytes;
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_f32),
		cmocka_unit_test(test_f16),
		cmocka_unit_test(test_q8_0),
		cmocka_unit_test(test_experts),
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests_name("decoder text", tests, setup, teardown);
}
