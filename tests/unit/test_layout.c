// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where parts of the weights and tokens of KV lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "engine/layout.h"
#include "engine_fixture.h"

static const struct model_config *const models[] = {
	&fixture_dense, &fixture_moe, &fixture_mla,
};

static void check_parts(const struct model_config *m, uint32_t shift, uint64_t align)
{
	struct engine_error e = {};
	uint64_t end = 0, sum = 0;
	struct layout l;

	assert_int_equal(layout_make(m, shift, align, 16, &l, &e), 0);
	for (size_t i = 0; i < l.n; i++) {
		const struct layout_part *p = &l.parts[i];
		uint64_t scale = 1ULL << shift;

		assert_int_equal(p->real_offset % align, 0);
		assert_true(p->real_offset >= end && p->real_offset < end + align);
		assert_true(p->real_bytes * scale >= p->model_bytes);
		assert_true((p->real_bytes - 1) * scale < p->model_bytes);
		assert_int_equal(p->model_bytes, model_part_bytes(m, p->part, p->layer));
		assert_ptr_equal(layout_find(&l, p->part, p->layer, p->expert), p);
		end = p->real_offset + p->real_bytes;
		sum += p->model_bytes;
	}
	assert_int_equal(end, l.weights_real_bytes);
	assert_int_equal(sum, l.weights_model_bytes);
	assert_int_equal(sum, model_weight_bytes(m));
	assert_ptr_equal(&l.parts[l.layer_first[0]], layout_find(&l, MODEL_NORM, 0, 0));
	assert_ptr_equal(&l.parts[l.layer_first[m->layers]],
			 layout_find(&l, MODEL_NORM, m->layers, 0));
	layout_free(&l);
}

static void parts_follow_each_other(void **state)
{
	static const uint32_t shifts[] = { 0, 1, 4, 10, 20 };
	static const uint64_t aligns[] = { 1, 64, 4096 };

	(void)state;
	for (size_t m = 0; m < 3; m++)
		for (size_t s = 0; s < 5; s++)
			for (size_t a = 0; a < 3; a++)
				check_parts(models[m], shifts[s], aligns[a]);
}

static void finds_only_what_is_there(void **state)
{
	struct engine_error e = {};
	struct layout l;

	(void)state;
	assert_int_equal(layout_make(&fixture_mla, 0, 64, 16, &l, &e), 0);
	assert_null(layout_find(&l, MODEL_EXPERT, 0, 0));
	assert_null(layout_find(&l, MODEL_FFN, 1, 0));
	assert_non_null(layout_find(&l, MODEL_FFN, 0, 0));
	assert_int_equal(layout_find(&l, MODEL_EXPERT, 2, 7)->expert, 7);
	layout_free(&l);
	assert_int_equal(layout_make(&fixture_moe, 0, 64, 16, &l, &e), 0);
	assert_null(layout_find(&l, MODEL_LM_HEAD, 0, 0));
	layout_free(&l);
}

/* However a block's tokens are cut, the ranges meet and add up to the block. */
static void tokens_tile_a_block(void **state)
{
	static const uint32_t shifts[] = { 0, 3, 5, 10, 20 };
	struct engine_error e = {};
	struct random random;

	(void)state;
	random_seed(&random, 2);
	for (size_t i = 0; i < 500; i++) {
		const struct model_config *m = models[i % 3];
		uint32_t block_tokens = 1 + random_below(&random, 600);
		uint32_t at = 0;
		uint64_t end = 0;
		struct layout l;

		assert_int_equal(layout_make(m, shifts[i % 5], 64, block_tokens, &l, &e), 0);
		assert_int_equal(l.block_model_bytes, block_tokens * model_kv_token_bytes(m));
		while (at < block_tokens) {
			uint32_t tokens = 1 + random_below(&random, block_tokens - at);
			uint64_t offset, bytes;

			layout_kv_range(&l, at, tokens, &offset, &bytes);
			assert_int_equal(offset, end);
			end = offset + bytes;
			at += tokens;
		}
		assert_int_equal(end, l.block_real_bytes);
		layout_free(&l);
	}
}

/* 512 tokens of Llama-3.1-8B are 64 MiB, 64 KiB at 1/1024. */
static void a_block_of_llama(void **state)
{
	struct engine_error e = {};
	struct model_config m;
	uint64_t offset, bytes;
	struct layout l;

	(void)state;
	if (model_config_read("user/models/llama-3.1-8b.json", MODEL_BF16, &m, &e))
		fail_msg("%s", e.text);
	assert_int_equal(layout_make(&m, 10, 64, 512, &l, &e), 0);
	assert_int_equal(l.block_model_bytes, 64 << 20);
	assert_int_equal(l.block_real_bytes, 64 << 10);
	layout_kv_range(&l, 7, 1, &offset, &bytes);
	assert_int_equal(offset, 7 * 128);
	assert_int_equal(bytes, 128);
	layout_free(&l);
}

static void refuses_bad_options(void **state)
{
	struct engine_error e = {};
	struct layout l;

	(void)state;
	assert_int_equal(layout_make(&fixture_dense, 21, 64, 16, &l, &e), -EINVAL);
	assert_non_null(strstr(e.text, "2^21"));
	assert_int_equal(layout_make(&fixture_dense, 0, 0, 16, &l, &e), -EINVAL);
	assert_int_equal(layout_make(&fixture_dense, 0, 48, 16, &l, &e), -EINVAL);
	assert_non_null(strstr(e.text, "48"));
	assert_int_equal(layout_make(&fixture_dense, 0, 4 << 20, 16, &l, &e), -EINVAL);
	assert_int_equal(layout_make(&fixture_dense, 0, 64, 0, &l, &e), -EINVAL);
	assert_int_equal(layout_make(&fixture_dense, 0, 64, 65537, &l, &e), -EINVAL);
	assert_null(l.parts);
	layout_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_follow_each_other),
		cmocka_unit_test(finds_only_what_is_there),
		cmocka_unit_test(tokens_tile_a_block),
		cmocka_unit_test(a_block_of_llama),
		cmocka_unit_test(refuses_bad_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
