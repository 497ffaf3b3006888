// SPDX-License-Identifier: LGPL-2.1-or-later
/* Models from config.json: published sizes, hand-computed parts, and bad files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "engine/model_config.h"
#include "ini_fixture.h"

#define MODELS "user/models/"

/*
 * Parameters as the models' files on Hugging Face hold them (sum of the tensors' sizes), active
 * ones in 1e9 and KV as computed from the papers' formulas: KV bytes of a token in bf16 and fp8.
 */
static const struct {
	const char *path;
	uint64_t params;
	double active_billions;
	uint64_t kv_bf16;
	uint64_t kv_fp8;
} published[] = {
	{ MODELS "llama-2-7b.json", 6738415616, 6.74, 524288, 262144 },
	{ MODELS "llama-2-13b.json", 13015864320, 13.02, 819200, 409600 },
	{ MODELS "llama-2-70b.json", 68976648192, 68.98, 327680, 163840 },
	{ MODELS "llama-3-8b.json", 8030261248, 8.03, 131072, 65536 },
	{ MODELS "llama-3-70b.json", 70553706496, 70.55, 327680, 163840 },
	{ MODELS "llama-3.1-8b.json", 8030261248, 8.03, 131072, 65536 },
	{ MODELS "llama-3.1-70b.json", 70553706496, 70.55, 327680, 163840 },
	{ MODELS "llama-3.1-405b.json", 405853388800, 405.85, 516096, 258048 },
	{ MODELS "llama-3.3-70b.json", 70553706496, 70.55, 327680, 163840 },
	{ MODELS "mixtral-8x7b.json", 46702792704, 12.88, 131072, 65536 },
	{ MODELS "qwen3-8b.json", 8190735360, 8.19, 147456, 73728 },
	{ MODELS "qwen3-32b.json", 32762123264, 32.76, 262144, 131072 },
	{ MODELS "qwen3-30b-a3b.json", 30532122624, 3.35, 98304, 49152 },
	{ MODELS "qwen3-235b-a22b.json", 235093634560, 22.19, 192512, 96256 },
	{ MODELS "deepseek-v3.json", 671026419200, 37.55, 70272, 35136 },
	{ MODELS "deepseek-r1.json", 671026419200, 37.55, 70272, 35136 },
};

static void read_good(const char *path, enum model_dtype dtype, struct model_config *m)
{
	struct engine_error e = {};

	if (model_config_read(path, dtype, m, &e))
		fail_msg("%s", e.text);
}

static void sizes_match_published_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++) {
		struct model_config m;
		double active;

		read_good(published[i].path, MODEL_BF16, &m);
		assert_int_equal(model_params(&m), published[i].params);
		assert_int_equal(model_weight_bytes(&m), 2 * published[i].params);
		assert_int_equal(model_kv_token_bytes(&m), published[i].kv_bf16);
		active = (double)model_active_params(&m) / 1e9;
		assert_true(active > published[i].active_billions - 0.01 &&
			    active < published[i].active_billions + 0.01);
		read_good(published[i].path, MODEL_FP8, &m);
		assert_int_equal(model_weight_bytes(&m), published[i].params);
		assert_int_equal(model_kv_token_bytes(&m), published[i].kv_fp8);
	}
}

/* Every parameter belongs to exactly one part. */
static void parts_add_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++) {
		struct model_config m;
		uint64_t sum = 0;

		read_good(published[i].path, MODEL_BF16, &m);
		sum += model_part_params(&m, MODEL_EMBEDDING, 0);
		sum += model_part_params(&m, MODEL_LM_HEAD, 0);
		for (uint32_t layer = 0; layer <= m.layers; layer++)
			for (int part = MODEL_ATTENTION; part <= MODEL_EXPERT; part++)
				sum += model_part_params(&m, part, layer) *
				       (part == MODEL_EXPERT ? m.experts : 1);
		assert_int_equal(sum, model_params(&m));
	}
}

static void experts_have_published_sizes(void **state)
{
	struct model_config m;

	(void)state;
	read_good(MODELS "mixtral-8x7b.json", MODEL_BF16, &m);
	assert_int_equal(model_part_bytes(&m, MODEL_EXPERT, 0), 336 << 20);
	assert_int_equal(m.top_k, 2);
	read_good(MODELS "qwen3-30b-a3b.json", MODEL_BF16, &m);
	assert_int_equal(model_part_bytes(&m, MODEL_EXPERT, 47), 9 << 20);
	assert_int_equal(m.top_k, 8);
	read_good(MODELS "deepseek-v3.json", MODEL_FP8, &m);
	assert_int_equal(model_part_bytes(&m, MODEL_EXPERT, 3), 42 << 20);
	assert_int_equal(model_part_bytes(&m, MODEL_EXPERT, 2), 0);
	assert_int_equal(model_part_bytes(&m, MODEL_SHARED_EXPERT, 3), 42 << 20);
	assert_int_equal(model_part_bytes(&m, MODEL_FFN, 2), 3 * 7168 * 18432);
	assert_false(model_is_moe(&m, 2));
	assert_true(model_is_moe(&m, 3));
	assert_true(model_is_moe(&m, 60));
	assert_false(model_is_moe(&m, 61));
}

#define TINY "\"num_hidden_layers\": 2, \"hidden_size\": 8, \"num_attention_heads\": 2, " \
	"\"num_key_value_heads\": 1, \"vocab_size\": 10, \"intermediate_size\": 6"

static void read_text(struct ini_fixture *f, const char *text, struct model_config *m)
{
	ini_fixture_text(f, "config.json", "%s", text);
	read_good(f->path, MODEL_BF16, m);
}

static void tiny_model_by_hand(void **state)
{
	/* A step of 3 tokens of a prompt (contexts 1, 2, 3) and 1 decoded token at context 5. */
	const struct model_work work = {
		.tokens = 4,
		.sampled = 2,
		.decode_context = 5,
		.prefill_context = 6,
	};
	const struct model_work most = { .tokens = UINT64_MAX, .sampled = UINT64_MAX };
	uint64_t attention = 8 * 8 * 2 + 8 * 4 * 2;	/* q, o of 2 heads x 4; k, v of 1 */
	uint64_t body = 2 * (attention + 3 * 8 * 6 + 2 * 8) + 8;
	struct model_config m;

	read_text(*state, "{\"model_type\": \"llama\", " TINY "}", &m);
	assert_int_equal(m.head_dim, 4);
	assert_int_equal(model_params(&m), body + 2 * 10 * 8);
	assert_int_equal(model_kv_token_bytes(&m), 2 * 2 * 1 * 4 * 2);
	/* Attention: 2 layers x 2 heads x 4 x (one product for scores, one for values) x 2. */
	assert_int_equal(model_flops(&m, &work), 2 * body * 4 + 2 * 80 * 2 + 2 * 2 * 4 * 4 * 11);
	assert_int_equal(model_flops(&m, &most), UINT64_MAX);
	assert_int_equal(model_flops(&m, &(struct model_work) {}), 0);

	read_text(*state, "{\"model_type\": \"qwen2\", \"tie_word_embeddings\": true, "
		  TINY "}", &m);
	assert_int_equal(model_params(&m), body + 2 * (8 + 2 * 4) + 10 * 8);
	assert_int_equal(model_part_params(&m, MODEL_LM_HEAD, 0), 0);
	read_text(*state, "{\"model_type\": \"qwen3\", \"head_dim\": 16, " TINY "}", &m);
	assert_int_equal(model_part_params(&m, MODEL_ATTENTION, 0),
			 8 * 32 * 2 + 8 * 16 * 2 + 2 * 16);
}

static void unknown_types_are_read_by_their_keys(void **state)
{
	struct model_config m;

	read_text(*state, "{\"model_type\": \"brandnew\", " TINY "}", &m);
	assert_int_equal(m.attention, MODEL_GQA);
	assert_int_equal(m.experts, 0);
	read_text(*state, "{" TINY ", \"kv_lora_rank\": 4, \"qk_nope_head_dim\": 4, "
		  "\"qk_rope_head_dim\": 2, \"v_head_dim\": 4, \"q_lora_rank\": null}", &m);
	assert_int_equal(m.attention, MODEL_MLA);
	assert_int_equal(model_kv_token_bytes(&m), 2 * 6 * 2);
	/* q 8 x 2 x 6, down 8 x 6 and norm 4, up 4 x 2 x 8, out 2 x 4 x 8 */
	assert_int_equal(model_part_params(&m, MODEL_ATTENTION, 0), 96 + 48 + 4 + 64 + 64);
	read_text(*state, "{" TINY ", \"num_experts\": 4, \"num_experts_per_tok\": 2, "
		  "\"moe_intermediate_size\": 3, \"decoder_sparse_step\": 2, "
		  "\"shared_expert_intermediate_size\": 5}", &m);
	assert_false(model_is_moe(&m, 0));
	assert_true(model_is_moe(&m, 1));
	assert_int_equal(model_part_params(&m, MODEL_EXPERT, 1), 3 * 8 * 3);
	assert_int_equal(model_part_params(&m, MODEL_SHARED_EXPERT, 1), 3 * 8 * 5);
	assert_int_equal(model_part_params(&m, MODEL_ROUTER, 1), 4 * 8);
}

/*
 * Text parameters of Llama 4 Maverick from its widths: 400.7e9, 17e9 of them active, as published.
 * Every other layer has 128 experts and one that all tokens share.
 */
static void maverick_by_hand(void **state)
{
	uint64_t attention = 5120 * (2 * 40 * 128 + 2 * 8 * 128), expert = 3 * 5120 * 8192;
	uint64_t dense = 3 * 5120 * 16384, ends = 2 * 202048 * 5120;
	uint64_t common = 48 * (attention + 2 * 5120) + 24 * (dense + expert + 128 * 5120) + 5120;
	struct model_config m;

	(void)state;
	read_good(MODELS "llama-4-maverick.json", MODEL_BF16, &m);
	assert_int_equal(model_params(&m), common + ends + 24 * 128 * expert);
	assert_int_equal(model_active_params(&m), common + ends + 24 * expert);
	assert_int_equal(model_params(&m), 400711848960);
	assert_int_equal(model_kv_token_bytes(&m), 196608);
	assert_false(model_is_moe(&m, 0));
	assert_true(model_is_moe(&m, 47));
}

/* A token and layer have 2 x 8 x 128 x 2 bytes of KV; 12 of 48 layers keep all of a context. */
static void local_layers_keep_a_window(void **state)
{
	struct model_config m;

	(void)state;
	read_good(MODELS "llama-4-maverick.json", MODEL_BF16, &m);
	assert_int_equal(m.local_window, 8192);
	assert_int_equal(model_kv_context_bytes(&m, 0), 0);
	assert_int_equal(model_kv_context_bytes(&m, 8192), 8192 * 196608ULL);
	assert_int_equal(model_kv_context_bytes(&m, 8193), 8192 * 196608ULL + 12 * 4096);
	assert_int_equal(model_kv_layer_bytes(&m, 0, 100000), 8192 * 4096ULL);
	assert_int_equal(model_kv_layer_bytes(&m, 2, 100000), 8192 * 4096ULL);
	assert_int_equal(model_kv_layer_bytes(&m, 3, 100000), 100000 * 4096ULL);
	assert_int_equal(model_kv_layer_bytes(&m, 47, 100000), 100000 * 4096ULL);
}

static void windows_are_optional(void **state)
{
	struct model_config m;

	read_text(*state, "{" TINY "}", &m);
	assert_int_equal(m.local_window, 0);
	assert_int_equal(model_kv_context_bytes(&m, 1000), 1000 * model_kv_token_bytes(&m));
	/* Without an interval that of Llama 4: of two layers none is global. */
	read_text(*state, "{" TINY ", \"attention_chunk_size\": 10}", &m);
	assert_int_equal(model_kv_context_bytes(&m, 1000), 10 * model_kv_token_bytes(&m));
	read_text(*state, "{" TINY ", \"attention_chunk_size\": 10, "
		  "\"no_rope_layer_interval\": 2}", &m);
	assert_int_equal(model_kv_context_bytes(&m, 1000), 1010 * model_kv_token_bytes(&m) / 2);
	read_text(*state, "{" TINY ", \"attention_chunk_size\": null, "
		  "\"no_rope_layer_interval\": 2}", &m);
	assert_int_equal(model_kv_context_bytes(&m, 1000), 1000 * model_kv_token_bytes(&m));
}

static void names_models_by_file_or_folder(void **state)
{
	struct ini_fixture *f = *state;
	struct model_config m;

	read_text(f, "{" TINY "}", &m);
	assert_string_equal(m.name, strrchr(f->folder, '/') + 1);
	ini_fixture_text(f, "small.json", "{" TINY "}");
	read_good(f->path, MODEL_BF16, &m);
	assert_string_equal(m.name, "small");
}

static const struct {
	const char *text;
	const char *reason;
} bad[] = {
	{ "", "not JSON" },
	{ "{\"model_type\": \"llama\"", "not JSON" },
	{ "[]", "num_hidden_layers is missing" },
	{ "{}", "num_hidden_layers is missing" },
	{ "{\"num_hidden_layers\": 2}", "hidden_size is missing" },
	{ "{\"num_hidden_layers\": 0}", "num_hidden_layers is 0, not a whole number from 1 to" },
	{ "{\"num_hidden_layers\": 1e30}", "num_hidden_layers is" },
	{ "{\"num_hidden_layers\": -1}", "num_hidden_layers is -1" },
	{ "{\"num_hidden_layers\": \"2\"}", "num_hidden_layers is \"2\"" },
	{ "{\"num_hidden_layers\": 1025}", "num_hidden_layers is 1025" },
	{ "{\"num_hidden_layers\": 2, \"num_hidden_layers\": 2}", "not JSON" },
	{ "{\"num_hidden_layers\": 2, \"hidden_size\": 8, \"num_attention_heads\": 2, "
	  "\"vocab_size\": 10}", "intermediate_size is missing" },
	{ "{\"num_hidden_layers\": 2, \"hidden_size\": 8, \"num_attention_heads\": 16, "
	  "\"vocab_size\": 10}", "give head_dim" },
	{ "{\"model_type\": \"deepseek_v3\", " TINY "}", "kv_lora_rank is missing" },
	{ "{" TINY ", \"attention_chunk_size\": 0}", "attention_chunk_size is 0" },
	{ "{" TINY ", \"attention_chunk_size\": 9, \"no_rope_layer_interval\": 0}",
	  "no_rope_layer_interval is 0" },
	{ "{" TINY ", \"kv_lora_rank\": 4}", "qk_nope_head_dim is missing" },
	{ "{" TINY ", \"num_experts\": 4}", "num_experts_per_tok is missing" },
	{ "{" TINY ", \"num_experts\": 4, \"num_experts_per_tok\": 5}",
	  "num_experts_per_tok is 5" },
	{ "{" TINY ", \"num_experts\": 4, \"num_experts_per_tok\": 1, \"mlp_only_layers\": [0]}",
	  "mlp_only_layers" },
	{ "{\"num_hidden_layers\": 1024, \"hidden_size\": 1048576, \"num_attention_heads\": 16384, "
	  "\"vocab_size\": 10, \"intermediate_size\": 1048576, \"num_experts\": 4096, "
	  "\"num_experts_per_tok\": 1}", "parameters" },
};

static void refuses_bad_files(void **state)
{
	struct ini_fixture *f = *state;
	struct engine_error e = {};
	struct model_config m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ini_fixture_text(f, "config.json", "%s", bad[i].text);
		assert_int_equal(model_config_read(f->path, MODEL_BF16, &m, &e), -EINVAL);
		if (!strstr(e.text, bad[i].reason) || !strstr(e.text, "config.json"))
			fail_msg("\"%s\" is \"%s\", not %s", bad[i].text, e.text, bad[i].reason);
	}
	assert_int_equal(model_config_read(MODELS "missing.json", MODEL_BF16, &m, &e), -ENOENT);
	assert_non_null(strstr(e.text, "missing.json"));
	assert_true(model_config_read("tests/data", MODEL_BF16, &m, &e) < 0);
}

static void parses_data_types(void **state)
{
	(void)state;
	assert_int_equal(model_dtype_parse("bf16"), MODEL_BF16);
	assert_int_equal(model_dtype_parse("fp8"), MODEL_FP8);
	assert_int_equal(model_dtype_parse("int4"), -EINVAL);
	assert_string_equal(model_part_name(MODEL_SHARED_EXPERT), "shared_expert");
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, ini_fixture_begin, ini_fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_match_published_ones),
		cmocka_unit_test(parts_add_up),
		cmocka_unit_test(experts_have_published_sizes),
		WITH_FILES(tiny_model_by_hand),
		WITH_FILES(unknown_types_are_read_by_their_keys),
		cmocka_unit_test(maverick_by_hand),
		cmocka_unit_test(local_layers_keep_a_window),
		WITH_FILES(windows_are_optional),
		WITH_FILES(names_models_by_file_or_folder),
		WITH_FILES(refuses_bad_files),
		cmocka_unit_test(parses_data_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
