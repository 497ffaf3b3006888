// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files cut off at every byte, and with every byte of their metadata changed, alone and many at a
 * time. What the decoder takes it also decodes: the sanitizers judge, a text of nonsense is right.
 *
 * TERRACE_SEED=N repeats the random part.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decoder_fixture.h"
#include "examples/decoder/forward.h"
#include "examples/decoder/gguf.h"
#include "examples/decoder/llama2c.h"
#include "examples/decoder/refuse.h"
#include "examples/decoder/tokenizer.h"

#define POSITIONS	2
#define RANDOM_FILES	4000
#define HEAD_OF_GROUPS	256

static struct fixture_file model, experts, floats, groups, tokens;

/* How many were taken and refused, so that a test that tests nothing shows. */
static struct {
	uint64_t taken;
	uint64_t refused;
	uint64_t decoded;
} count;

static int setup(void **state)
{
	(void)state;
	model = fixture_read(FIXTURE_MODEL);
	experts = fixture_gguf_experts(&model, 3, 2);
	floats = fixture_floats(&model, FIXTURE_OUTPUT_SHARED);
	groups = fixture_groups(&model, FIXTURE_OUTPUT_OWN);
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

/* The last token, as one that is out of bounds would be. */
static void decode(const struct model *m, const uint8_t *file)
{
	struct memory memory = { 0 };
	struct area weights = {
		.memory = &memory,
		.data = (char *)file + m->weights_offset,
	};
	struct terrace_step_end cost;
	struct forward f;
	uint64_t position;

	assert_int_equal(forward_make(&f, m, &memory, &weights, POSITIONS, NULL), 0);
	for (position = 0; position < POSITIONS; position++)
		assert_int_equal(forward_step(&f, 0, m->vocab - 1, position, &cost), 0);
	forward_release(&f);
	count.decoded++;
}

static void encode(const struct vocab *v)
{
	uint32_t *token, bytes;
	int i, n = tokenizer_encode(v, "Once upon \xf0\x9f\x90\x88 a time", &token);

	for (i = 0; i < n; i++)
		assert_non_null(tokenizer_decode(v, token[i], &bytes));
	if (n > 0)
		free(token);
}

/* Reading takes the most time when a file is as it was, and tests the least: then no decoding. */
static bool as_it_was(const struct model *m)
{
	static struct model first;

	if (!memcmp(&first.weights_offset, &m->weights_offset, offsetof(struct model, layer)))
		return true;
	memcpy(&first, m, offsetof(struct model, layer));
	return false;
}

static void take(const struct model *m, const struct vocab *v, const uint8_t *file)
{
	count.taken++;
	encode(v);
	if (!as_it_was(m))
		decode(m, file);
}

static void try_gguf(const uint8_t *file, uint64_t bytes)
{
	struct model m = { 0 };
	struct vocab v = { 0 };

	if (gguf_read(file, bytes, &m, &v))
		count.refused++;
	else
		take(&m, &v, file);
	vocab_release(&v);
	model_release(&m);
}

static void try_checkpoint(const uint8_t *file, uint64_t bytes)
{
	struct model m = { 0 };

	if (llama2c_read(file, bytes, &m)) {
		count.refused++;
	} else {
		count.taken++;
		decode(&m, file);
	}
	model_release(&m);
}

static void try_tokens(const uint8_t *file, uint64_t bytes)
{
	struct vocab v = { 0 };

	if (llama2c_read_vocab(file, bytes, 512, &v)) {
		count.refused++;
	} else {
		count.taken++;
		encode(&v);
	}
	vocab_release(&v);
}

typedef void (*try_fn)(const uint8_t *file, uint64_t bytes);

/* In memory of its own, for what is read beyond it to be seen. */
static void cut_off(try_fn try_file, const struct fixture_file *f, uint64_t from, uint64_t to)
{
	uint64_t bytes;

	memset(&count, 0, sizeof(count));
	for (bytes = from; bytes < to; bytes++) {
		uint8_t *part = malloc(bytes ? bytes : 1);

		assert_non_null(part);
		memcpy(part, f->data, bytes);
		try_file(part, bytes);
		free(part);
	}
	assert_int_equal(count.refused, to - from);
}

static void change_each(try_fn try_file, const struct fixture_file *f, uint64_t from, uint64_t to)
{
	static const uint8_t change[] = { 0x01, 0x10, 0x80, 0xff };
	uint64_t at;
	size_t i;

	memset(&count, 0, sizeof(count));
	for (at = from; at < to; at++)
		for (i = 0; i < sizeof(change); i++) {
			f->data[at] ^= change[i];
			try_file(f->data, f->bytes);
			f->data[at] ^= change[i];
		}
	assert_true(count.refused > 0);
	assert_int_equal(count.refused + count.taken, sizeof(change) * (to - from));
}

static unsigned int seed_of_run(void)
{
	const char *given = getenv("TERRACE_SEED");
	unsigned int seed = given ? strtoul(given, NULL, 10) : 20261124;

	printf("# TERRACE_SEED=%u\n", seed);
	return seed;
}

/* A few bytes anywhere become something, sooner the values that matter than others. */
static void change_some(uint8_t *data, uint64_t bytes, unsigned int *seed)
{
	static const uint8_t edge[] = { 0, 1, 2, 4, 8, 31, 32, 127, 128, 255 };
	int n = 1 + rand_r(seed) % 6;

	while (n--) {
		uint64_t at = rand_r(seed) % bytes;

		data[at] = rand_r(seed) % 2 ? edge[rand_r(seed) % sizeof(edge)] : rand_r(seed);
	}
}

static void change_random(try_fn try_file, const struct fixture_file *f, uint64_t head)
{
	uint8_t *saved = malloc(head);
	unsigned int seed = seed_of_run();
	int i;

	assert_non_null(saved);
	memcpy(saved, f->data, head);
	for (i = 0; i < RANDOM_FILES; i++) {
		change_some(f->data, head, &seed);
		try_file(f->data, f->bytes);
		memcpy(f->data, saved, head);
	}
	free(saved);
}

static void test_gguf_cut_off(void **state)
{
	uint64_t head = fixture_gguf_head(&model);

	(void)state;
	cut_off(try_gguf, &model, 0, head);
	cut_off(try_gguf, &model, head, head + 64);
	cut_off(try_gguf, &experts, experts.bytes - 64, experts.bytes - 32);
}

static void test_gguf_changed(void **state)
{
	(void)state;
	change_each(try_gguf, &model, 0, fixture_gguf_head(&model));
	assert_true(count.decoded > 0);
	/* names, shapes and offsets of experts, which stand at the end */
	change_each(try_gguf, &experts, fixture_gguf_head(&experts) - 1000,
		    fixture_gguf_head(&experts));
}

static void test_gguf_random(void **state)
{
	(void)state;
	change_random(try_gguf, &model, fixture_gguf_head(&model));
	change_random(try_gguf, &experts, fixture_gguf_head(&experts));
}

static void test_checkpoints(void **state)
{
	(void)state;
	cut_off(try_checkpoint, &floats, 0, 1000);
	cut_off(try_checkpoint, &floats, floats.bytes - 100, floats.bytes);
	cut_off(try_checkpoint, &groups, 0, 1000);
	cut_off(try_checkpoint, &groups, groups.bytes - 100, groups.bytes);
	change_each(try_checkpoint, &floats, 0, 28);
	change_each(try_checkpoint, &groups, 0, HEAD_OF_GROUPS / 4);
	change_random(try_checkpoint, &floats, 28);
	change_random(try_checkpoint, &groups, 41);
}

static void test_tokens(void **state)
{
	(void)state;
	cut_off(try_tokens, &tokens, 0, tokens.bytes);
	change_each(try_tokens, &tokens, 0, tokens.bytes);
	change_random(try_tokens, &tokens, tokens.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gguf_cut_off),
		cmocka_unit_test(test_gguf_changed),
		cmocka_unit_test(test_gguf_random),
		cmocka_unit_test(test_checkpoints),
		cmocka_unit_test(test_tokens),
	};

	return cmocka_run_group_tests_name("decoder fuzz", tests, setup, teardown);
}
