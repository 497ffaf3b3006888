// SPDX-License-Identifier: LGPL-2.1-or-later
/* Text to tokens and back, with the model's vocabulary and with small ones made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decoder_fixture.h"
#include "examples/decoder/gguf.h"
#include "examples/decoder/llama2c.h"
#include "examples/decoder/refuse.h"
#include "examples/decoder/tokenizer.h"

struct piece_of {
	const char *text;
	float score;
	enum piece_kind kind;
};

static void make(struct vocab *v, const struct piece_of *pieces, uint32_t n)
{
	uint32_t i;

	*v = (struct vocab){ 0 };
	assert_int_equal(vocab_make(v, n, 1000), 0);
	for (i = 0; i < n; i++)
		assert_int_equal(vocab_add(v, pieces[i].text, strlen(pieces[i].text),
					   pieces[i].score, pieces[i].kind),
				 0);
	v->bos = VOCAB_NONE;
	v->eos = VOCAB_NONE;
	v->unknown = VOCAB_NONE;
	assert_int_equal(vocab_finish(v), 0);
}

static void assert_tokens(const struct vocab *v, const char *text, const uint32_t *wanted, int n)
{
	uint32_t *tokens;
	int count = tokenizer_encode(v, text, &tokens);

	assert_int_equal(count, n);
	assert_memory_equal(tokens, wanted, n * sizeof(*wanted));
	free(tokens);
}

#define ASSERT_TOKENS(v, text, ...)							\
	do {										\
		const uint32_t wanted[] = { __VA_ARGS__ };				\
											\
		assert_tokens(v, text, wanted, sizeof(wanted) / sizeof(wanted[0]));	\
	} while (0)

/* The pair that scores highest first, of equal ones the leftmost. */
static void test_order(void **state)
{
	static const struct piece_of pieces[] = {
		{ "a", 0, PIECE_TEXT },	  { "b", 0, PIECE_TEXT },   { "c", 0, PIECE_TEXT },
		{ "ab", -2, PIECE_TEXT }, { "bc", -1, PIECE_TEXT }, { "aa", -3, PIECE_TEXT },
		{ "abc", -9, PIECE_TEXT },
	};
	struct vocab v;

	(void)state;
	make(&v, pieces, 7);
	ASSERT_TOKENS(&v, "ab", 3);
	ASSERT_TOKENS(&v, "abc", 6);		/* a bc, and that is a piece */
	ASSERT_TOKENS(&v, "bcb", 4, 1);
	ASSERT_TOKENS(&v, "aaa", 5, 0);
	ASSERT_TOKENS(&v, "aaaa", 5, 5);
	ASSERT_TOKENS(&v, "aabc", 5, 4);
	ASSERT_TOKENS(&v, "cab", 2, 3);
	vocab_release(&v);
}

/* Bytes where there is no piece; what has none either is the unknown token, or nothing. */
static void test_bytes(void **state)
{
	static const struct piece_of pieces[] = {
		{ "<0xC3>", 0, PIECE_BYTE }, { "<0xa9>", 0, PIECE_BYTE }, { "e", 0, PIECE_TEXT },
		{ "<unk>", 0, PIECE_CONTROL },
	};
	struct vocab v;

	(void)state;
	make(&v, pieces, 4);
	ASSERT_TOKENS(&v, "e\xc3\xa9", 2, 0, 1);
	ASSERT_TOKENS(&v, "xe", 2);
	v.unknown = 3;
	ASSERT_TOKENS(&v, "xe", 3, 2);
	/* cut off within a character, and no UTF-8 at all */
	ASSERT_TOKENS(&v, "e\xc3", 2, 0);
	ASSERT_TOKENS(&v, "\xa9\xa9" "e", 1, 1, 2);
	/* what spells a byte or a control token is text */
	ASSERT_TOKENS(&v, "<unk>", 3, 3, 3, 3, 3);
	vocab_release(&v);
}

static void test_blanks(void **state)
{
	static const struct piece_of pieces[] = {
		{ "\xe2\x96\x81", 0, PIECE_TEXT },
		{ "x", 0, PIECE_TEXT },
		{ "\xe2\x96\x81x", -1, PIECE_TEXT },
		{ "\xe2\x96\x81\xe2\x96\x81", -2, PIECE_TEXT },
		{ "<s>", 0, PIECE_CONTROL },
	};
	struct vocab v;

	(void)state;
	make(&v, pieces, 5);
	ASSERT_TOKENS(&v, "x x", 1, 2);
	ASSERT_TOKENS(&v, "   x", 3, 2);
	ASSERT_TOKENS(&v, "x\xe2\x96\x81x", 1, 2);
	v.add_space = true;
	ASSERT_TOKENS(&v, "x", 2);
	v.bos = 4;
	ASSERT_TOKENS(&v, "x", 4, 2);
	ASSERT_TOKENS(&v, "", 4);
	vocab_release(&v);
}

static void test_refused(void **state)
{
	static const struct piece_of pieces[] = { { "x", 0, PIECE_TEXT } };
	char *text = malloc(PROMPT_BYTES_MAX + 2);
	uint32_t *tokens;
	struct vocab v;
	int i;

	(void)state;
	make(&v, pieces, 1);
	assert_int_equal(tokenizer_encode(&v, "", &tokens), -1);
	assert_non_null(strstr(refusal(), "no token to begin with"));
	memset(text, 'x', PROMPT_BYTES_MAX + 1);
	text[PROMPT_BYTES_MAX + 1] = '\0';
	assert_int_equal(tokenizer_encode(&v, text, &tokens), -1);
	assert_non_null(strstr(refusal(), "65537 bytes; it may have 65536"));
	text[PROMPT_BYTES_MAX] = '\0';
	i = tokenizer_encode(&v, text, &tokens);
	assert_int_equal(i, PROMPT_BYTES_MAX);
	free(tokens);
	free(text);
	vocab_release(&v);
}

/* A text comes back from its tokens, with the blank that was put in front. */
static void assert_comes_back(const struct vocab *v, const char *text)
{
	uint32_t *tokens, bytes;
	char back[1000] = "";
	int i, n = tokenizer_encode(v, text, &tokens);

	assert_true(n > 0);
	assert_int_equal(tokens[0], v->bos);
	for (i = 0; i < n; i++) {
		const char *piece = tokenizer_decode(v, tokens[i], &bytes);

		strncat(back, piece, bytes);
	}
	assert_int_equal(back[0], ' ');
	assert_string_equal(back + 1, text);
	free(tokens);
}

static void assert_model_vocab(const struct vocab *v)
{
	assert_int_equal(v->n, 512);
	ASSERT_TOKENS(v, "Once upon a time", 1, 403, 407, 261, 378);
	assert_comes_back(v, "Once upon a time, \"Lily\" said: no!  Two blanks.\n\tA tab");
	assert_comes_back(v, "\xc3\x9cn\xc3\xaf" "code \xe2\x98\x83 \xf0\x9f\x90\x88 <s> <0x0A>");
}

static void test_model(void **state)
{
	struct fixture_file model = fixture_read(FIXTURE_MODEL), tokens = fixture_tokens(&model);
	struct model m = { 0 };
	struct vocab v = { 0 };

	(void)state;
	assert_int_equal(gguf_read(model.data, model.bytes, &m, &v), 0);
	assert_model_vocab(&v);
	vocab_release(&v);
	assert_int_equal(llama2c_read_vocab(tokens.data, tokens.bytes, m.vocab, &v), 0);
	assert_model_vocab(&v);
	vocab_release(&v);
	model_release(&m);
	fixture_free(&tokens);
	fixture_free(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_blanks),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests_name("decoder tokenizer", tests, NULL, NULL);
}
