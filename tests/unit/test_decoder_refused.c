// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the decoder says to files that are wrong: each value that is checked, put wrong alone. */
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

#define U32	4
#define F32	6

static struct fixture_file model, experts, floats, groups, tokens;

static int setup(void **state)
{
	(void)state;
	model = fixture_read(FIXTURE_MODEL);
	experts = fixture_gguf_experts(&model, 8, 2);
	floats = fixture_floats(&model, FIXTURE_OUTPUT_OWN);
	groups = fixture_groups(&model, FIXTURE_OUTPUT_SHARED);
	tokens = fixture_tokens(&model);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_free(&model);
	fixture_free(&experts);
	fixture_free(&floats);
	fixture_free(&groups);
	fixture_free(&tokens);
	return 0;
}

/* One sentence that has all that a sentence has to have. */
static void assert_said(const char *wanted)
{
	const char *text = refusal();

	if (!strstr(text, wanted))
		assert_string_equal(text, wanted);
	assert_null(strchr(text, '\n'));
	assert_true(strlen(text) < 500);
	assert_non_null(strstr(text, ": "));
}

static void assert_gguf(const uint8_t *data, uint64_t bytes, const char *wanted)
{
	struct model m = { 0 };
	struct vocab v = { 0 };
	int err = gguf_read(data, bytes, &m, &v);

	vocab_release(&v);
	model_release(&m);
	if (!wanted) {
		assert_int_equal(err, 0);
		return;
	}
	assert_int_equal(err, -1);
	assert_said(wanted);
}

/* Where a string of the metadata ends. */
static uint8_t *after(const struct fixture_file *f, const char *name)
{
	uint64_t n = strlen(name);
	uint8_t *p = f->data;

	while ((p = memmem(p, f->data + f->bytes - p, name, n))) {
		uint64_t length;

		memcpy(&length, p - sizeof(length), sizeof(length));
		if (length == n)
			return p + n;
		p++;
	}
	fail_msg("the model has no %s", name);
	return NULL;
}

static void patched(const struct fixture_file *f, uint8_t *at, const void *value, size_t bytes,
		    const char *wanted)
{
	uint8_t old[16];

	memcpy(old, at, bytes);
	memcpy(at, value, bytes);
	assert_gguf(f->data, f->bytes, wanted);
	memcpy(at, old, bytes);
}

static void number(const struct fixture_file *f, const char *key, uint32_t value,
		   const char *wanted)
{
	patched(f, after(f, key) + 4, &value, sizeof(value), wanted);
}

static void real(const char *key, float value, const char *wanted)
{
	patched(&model, after(&model, key) + 4, &value, sizeof(value), wanted);
}

static void test_dimensions(void **state)
{
	(void)state;
	number(&model, "llama.embedding_length", 0, "the embedding length is 0; it must be 1 to");
	number(&model, "llama.embedding_length", 65537, "is 65537; it must be 1 to 65536");
	number(&model, "llama.embedding_length", 60, "60, 8 heads and 4 KV heads do not divide");
	number(&model, "llama.embedding_length", 128, "; the model's dimensions ask for 128 x 512");
	number(&model, "llama.block_count", 0, "the number of layers is 0");
	number(&model, "llama.block_count", 6, "tensor attn_norm of layer 5 is missing");
	number(&model, "llama.block_count", 4, "\"blk.4.attn_q.weight\" is not one that this");
	number(&model, "llama.block_count", ~0U, "the number of layers is 4294967295; it must be");
	number(&model, "llama.feed_forward_length", 173, "ask for 64 x 173 x 1");
	number(&model, "llama.feed_forward_length", 1 << 21, "is 2097152; it must be 1 to 1048576");
	number(&model, "llama.attention.head_count", 0, "the number of heads is 0");
	number(&model, "llama.attention.head_count", 6, "do not divide each other");
	number(&model, "llama.attention.head_count_kv", 3, "and 3 KV heads do not divide");
	number(&model, "llama.attention.head_count_kv", 16, "is 16; it must be 1 to 8");
	number(&model, "llama.attention.head_count_kv", 8, "ask for 64 x 64 x 1");
	number(&model, "llama.rope.dimension_count", 7, "7 dimensions of a head are rotated");
	number(&model, "llama.rope.dimension_count", 10, "an even number of its 8");
	number(&model, "llama.rope.dimension_count", 4, NULL);
	number(&model, "llama.rope.dimension_count", 0, NULL);
	real("llama.attention.layer_norm_rms_epsilon", 0, "the epsilon of the norms is 0; it must");
	real("llama.attention.layer_norm_rms_epsilon", __builtin_nanf(""), "it must be between");
	number(&experts, "llama.expert_used_count", 9, "9 of 8 experts are used");
	number(&experts, "llama.expert_used_count", 0, "0 of 8 experts are used");
	number(&experts, "llama.expert_count", 0, "2 of 0 experts are used");
	number(&experts, "llama.expert_count", 4097, "is 4097; it must be at most 4096");
	number(&experts, "llama.expert_count", 7, "ask for 64 x 7 x 1");
}

static void test_kinds(void **state)
{
	const uint32_t string = 8, f64 = 12, none = 13, version = 2;

	(void)state;
	patched(&model, model.data + 4, &version, 4, "is GGUF version 2; this decoder knows version 3");
	patched(&model, after(&model, "general.architecture") + 12, "lambda", 5,
		"general.architecture is not \"llama\"");
	patched(&model, after(&model, "tokenizer.ggml.model") + 12, "bert2", 5,
		"tokenizer.ggml.model is not \"llama\"");
	patched(&model, after(&model, "llama.block_count"), &string, 4,
		"llama.block_count has a value of type 8");
	patched(&model, after(&model, "llama.block_count"), &f64, 4, "of type 12, which it cannot");
	patched(&model, after(&model, "general.name"), &none, 4, "a value of type 13 is none");
	patched(&model, after(&model, "tokenizer.ggml.scores") + 4, &string, 4, "the file ends");
	patched(&model, after(&model, "tokenizer.ggml.tokens") + 4, &none, 4,
		"an array of values of type 13");
}

static void test_vocabulary(void **state)
{
	const uint64_t fewer = 511, many = ~0ULL, long_string = 1ULL << 63;
	const float infinite = __builtin_inff();

	(void)state;
	number(&model, "tokenizer.ggml.bos_token_id", 512, "begins a text is 512, and there are only");
	number(&model, "tokenizer.ggml.eos_token_id", 1 << 30, "the token that ends a text is");
	number(&model, "tokenizer.ggml.unknown_token_id", 512, "of what is unknown is 512");
	number(&model, "tokenizer.ggml.eos_token_id", ~0U, NULL);
	patched(&model, after(&model, "tokenizer.ggml.tokens") + 8, &many, 8, "the file ends");
	patched(&model, after(&model, "tokenizer.ggml.tokens") + 16, &long_string, 8,
		"the file ends within its metadata");
	patched(&model, after(&model, "tokenizer.ggml.scores") + 8, &many, 8, "the file ends");
	patched(&model, after(&model, "tokenizer.ggml.scores") + 16, &infinite, 4,
		"token 0 has a score of inf");
	patched(&model, after(&model, "<0x0A>") - 6, "[0x0A]", 6, "is a byte, and its text is not");
	patched(&model, model.data + 16, &fewer, 8, "the file ends");
}

static void test_tensors(void **state)
{
	const uint32_t none = 0, five = 5, q4 = 2, f16 = 1, q8 = 8;
	const uint64_t fourth = 1ULL << 62, odd = 262402, far = 1ULL << 40, wraps = ~0ULL - 31;
	uint8_t *q = after(&model, "blk.0.attn_q.weight"), *norm = after(&model, "output_norm.weight");
	uint8_t *embd = after(&model, "token_embd.weight");

	(void)state;
	patched(&model, q, &none, 4, "attn_q.weight has 0 dimensions; it may have 1 to 4");
	patched(&model, q, &five, 4, "attn_q.weight has 5 dimensions");
	patched(&model, q + 4, &fourth, 8, "attn_q.weight of 4611686018427387904 x 64 x 1 elements cannot");
	patched(&model, q + 20, &q4, 4, "is of type 2; this decoder knows F32 (0), F16 (1) and");
	patched(&model, q + 24, &odd, 8, "bytes 262402+16384, is not within");
	patched(&model, q + 24, &far, 8, "attn_q of layer 0, bytes 1099511627776+16384, is not within");
	patched(&model, q + 24, &wraps, 8, "is not within the file's");
	patched(&model, q - 13, "attn_k", 6, "\"blk.0.attn_k.weight\" is there twice");
	patched(&model, q - 13, "attn_z", 6, "\"blk.0.attn_z.weight\" is not one that this decoder");
	patched(&model, q - 13, "\033[31mX", 6, "\"blk.0.?[31mX.weight\" is not one");
	patched(&model, norm + 12, &f16, 4, "tensor output_norm is not of type F32");
	patched(&model, embd + 20, &q8, 4, NULL);
	patched(&model, after(&model, "blk.0.ffn_down.weight") + 20, &q8, 4,
		"of 172 x 64 x 1 elements cannot be of type 8");
}

/* ---- llama2.c ---- */

static void assert_checkpoint(const struct fixture_file *f, const char *wanted)
{
	struct model m = { 0 };
	int err = llama2c_read(f->data, f->bytes, &m);

	model_release(&m);
	assert_int_equal(err, -1);
	assert_said(wanted);
}

static void dimension(struct fixture_file *f, size_t at, uint32_t value, const char *wanted)
{
	uint32_t old;

	memcpy(&old, f->data + at, sizeof(old));
	memcpy(f->data + at, &value, sizeof(value));
	assert_checkpoint(f, wanted);
	memcpy(f->data + at, &old, sizeof(old));
}

static void test_floats(void **state)
{
	(void)state;
	dimension(&floats, 0, 0, "its first numbers, 0, 172, 5, are no dimensions");
	dimension(&floats, 0, 128, "bytes of weights where its header asks for");
	dimension(&floats, 8, 1023, "bytes of weights where its header asks for");
	dimension(&floats, 12, 7, "are no dimensions");
	dimension(&floats, 20, 512, "where its header asks for 1044224");
	dimension(&floats, 20, 1U << 31, "are no dimensions");
	dimension(&floats, 24, ~0U, "bytes of weights where its header asks for");
	floats.bytes--;
	assert_checkpoint(&floats, "bytes of weights where its header asks for");
	floats.bytes++;
}

static void test_groups(void **state)
{
	(void)state;
	dimension(&groups, 4, 1, "is of version 1; this decoder knows 0 and 2");
	dimension(&groups, 8, 0, "the embedding length is 0");
	dimension(&groups, 28, 511, "where its header asks for");
	dimension(&groups, 37, 0, "a group of 0 elements does not divide");
	dimension(&groups, 37, 8, "a group of 8 elements does not divide rows of 64 and of 172");
	dimension(&groups, 37, 2, "where its header asks for");
	dimension(&groups, 36, FIXTURE_GROUP << 8, "where its header asks for");
}

static void assert_tokens(const struct fixture_file *f, uint32_t pieces, const char *wanted)
{
	struct vocab v = { 0 };
	int err = llama2c_read_vocab(f->data, f->bytes, pieces, &v);

	vocab_release(&v);
	assert_int_equal(err, -1);
	assert_said(wanted);
}

static void test_tokens(void **state)
{
	uint32_t length = 0;

	(void)state;
	assert_tokens(&tokens, 511, "has 11 bytes more than the model's 511 tokens");
	assert_tokens(&tokens, 513, "ends at token 512");
	assert_tokens(&tokens, 2, "more than the model's 2 tokens");
	memcpy(&length, tokens.data + 8, 4);
	memcpy(tokens.data + 8, &(uint32_t){ 1025 }, 4);
	assert_tokens(&tokens, 512, "token 0 has 1025 bytes; it may have 1024");
	memcpy(tokens.data + 8, &length, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dimensions),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_vocabulary),
		cmocka_unit_test(test_tensors),
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_tokens),
	};

	return cmocka_run_group_tests_name("decoder refused", tests, setup, teardown);
}
