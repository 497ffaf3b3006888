// SPDX-License-Identifier: LGPL-2.1-or-later
/* Does a model fit: modules, banks, what is lacking and what would hold it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sim/fit_items.h"
#include "sim/fit_near.h"
#include "sim/models.h"

#define GB	1000000000ULL
#define MB	1000000ULL

static struct model_config model(const char *name, enum model_dtype dtype)
{
	struct model_config m;
	struct engine_error e;

	if (sim_model_read(name, dtype, &m, &e))
		fail_msg("%s", e.text);
	return m;
}

/* 70,553,706,496 bytes: 2.2 times 32 GB, 4.4 times 16 GB, 1102.4 times 64 MB. */
static void llama_3_70b_in_fp8(void **state)
{
	struct model_config m = model("llama-3-70b", MODEL_FP8);
	struct fit_module pnm32 = fit_module(&m, 32 * GB), pnm16 = fit_module(&m, 16 * GB);
	struct fit_banks pim = fit_banks(&m, 64 * MB);

	(void)state;
	assert_int_equal(pnm32.shards, 3);
	assert_int_equal(pnm32.devices, 3);
	assert_int_equal(pnm32.layout.pp, 3);
	/* 27 of the layers of 855,654,400 bytes, the last norm, the lm_head. */
	assert_int_equal(pnm32.fullest, 27ULL * 855654400 + 8192 + 1050673152);
	assert_int_equal(pnm16.shards, 5);
	assert_int_equal(pnm16.devices, 5);
	assert_int_equal(pim.shards, 1103);
	/* An FFN is 3 x 8192 x 28672 bytes; 80 of each, and embedding, lm_head, 81 norms. */
	assert_int_equal(pim.part[MODEL_FFN].bytes, 3ULL * 8192 * 28672);
	assert_int_equal(pim.part[MODEL_FFN].pieces, 12);
	assert_int_equal(pim.part[MODEL_ATTENTION].pieces, 3);
	assert_int_equal(pim.part[MODEL_NORM].pieces, 1);
	assert_int_equal(pim.pieces, 80 * (12 + 3) + 2 * 17 + 81 * pim.part[MODEL_NORM].pieces);
}

static void experts_are_apart(void **state)
{
	struct model_config m = model("qwen3-235b-a22b", MODEL_FP8);
	struct fit_module pnm = fit_module(&m, 16 * GB);
	struct fit_banks pim = fit_banks(&m, 32 * MB);

	(void)state;
	assert_true(pnm.devices >= pnm.shards);
	assert_in_range(pnm.fullest, 1, 16 * GB);
	assert_int_equal(pnm.layout.tp * pnm.layout.pp * pnm.layout.dp, pnm.devices);
	assert_int_equal(m.heads % pnm.layout.tp, 0);
	/* 94 layers of 128 experts of 3 x 4096 x 1536 bytes, which fit. */
	assert_int_equal(pim.part[MODEL_EXPERT].count, 94 * 128);
	assert_int_equal(pim.part[MODEL_EXPERT].bytes, 3ULL * 4096 * 1536);
	assert_int_equal(pim.part[MODEL_EXPERT].pieces, 1);
}

static void open_case(struct fit_case *f, const char *model_name, const char *tiers,
		      uint64_t devices)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->run.args.text[RUN_MODEL], model_name);
	strcpy(f->run.args.text[RUN_TIERS], tiers);
	f->run.args.number[RUN_DEVICES] = devices;
}

static void make(struct fit_case *f)
{
	struct engine_error e;

	if (fit_case(f, &e))
		fail_msg("%s", e.text);
}

/* 16 of a token's 131072 bytes are a block; HBM of 96 GB has weights and activations as well. */
static void room_is_what_is_left(void **state)
{
	static struct fit_case f;
	uint64_t left;

	(void)state;
	open_case(&f, "llama-3.1-8b", "tests/data/tiers/hbm.ini", 1);
	f.context = 1000;
	make(&f);
	left = 96000000000ULL - model_weight_bytes(&f.run.model) -
	       (uint64_t)f.run.shard.stage[0].activations;
	assert_int_equal(fit_lack(&f), 0);
	assert_int_equal(f.run.shard.kv_blocks, left / (16 * 131072));
	/* A thousand tokens are 63 blocks. */
	assert_int_equal(f.requests, left / (16 * 131072) / 63);
	assert_int_equal(f.enough.devices, 1);
	fit_case_free(&f);
}

static void what_lacks_is_said_with_a_remedy(void **state)
{
	static struct fit_case f;
	char text[512], lack[64];
	uint64_t weights;

	(void)state;
	open_case(&f, "llama-3.1-70b", "tests/data/tiers/hbm.ini", 1);
	make(&f);
	weights = model_weight_bytes(&f.run.model) +
		  (uint64_t)f.run.shard.stage[0].activations - 96000000000ULL;
	assert_int_equal(f.short_bytes[ROOFLINE_WEIGHTS], weights);
	assert_int_equal(f.short_bytes[ROOFLINE_KV], 8192ULL * 327680);
	assert_int_equal(f.short_bytes[ROOFLINE_ACTIVATIONS], 0);
	assert_int_equal(f.enough.devices, 2);
	assert_true(f.fp8_fits);
	fit_explain(&f, text, sizeof(text));
	snprintf(lack, sizeof(lack), "lacks %llu bytes for weights", (unsigned long long)weights);
	assert_non_null(strstr(text, lack));
	assert_non_null(strstr(text, "take 2 devices (TP 2 x PP 1 x DP 1), or --dtype fp8"));
	fit_case_free(&f);
}

/* KV of what is asked for, when the weights fit. */
static void requests_need_room(void **state)
{
	static struct fit_case f;
	struct fit_holder enough;

	(void)state;
	open_case(&f, "llama-3.1-8b", "tests/data/tiers/hbm.ini", 1);
	f.batch = 10000;
	make(&f);
	assert_int_equal(f.short_bytes[ROOFLINE_WEIGHTS], 0);
	/* 512 blocks a request. */
	assert_int_equal(f.short_bytes[ROOFLINE_KV], 10000ULL * 512 * 16 * 131072 -
			 (96000000000ULL - model_weight_bytes(&f.run.model) -
			  (uint64_t)f.run.shard.stage[0].activations));
	assert_true(f.requests < 10000);
	assert_in_range(f.enough.devices, 2, FIT_DEVICES_MAX);
	fit_case_free(&f);
	enough = f.enough;
	open_case(&f, "llama-3.1-8b", "tests/data/tiers/hbm.ini", enough.devices);
	f.run.args.number[RUN_TP] = enough.layout.tp;
	f.run.args.number[RUN_PP] = enough.layout.pp;
	f.batch = 10000;
	make(&f);
	assert_int_equal(fit_lack(&f), 0);
	assert_true(f.requests >= 10000);
	fit_case_free(&f);
}

/* No number of devices that are looked at. */
static void too_much_has_no_remedy(void **state)
{
	static struct fit_case f;
	char text[512];

	(void)state;
	open_case(&f, "llama-3.1-405b", "tests/data/tiers/hbm.ini", 1);
	f.batch = FIT_BATCH_MAX;
	f.context = FIT_CONTEXT_MAX;
	make(&f);
	assert_int_equal(f.enough.devices, 0);
	assert_int_equal(f.fp8_enough.devices, 0);
	fit_explain(&f, text, sizeof(text));
	assert_non_null(strstr(text, "take a larger tier"));
	fit_case_free(&f);
}

static uint64_t value_of(const struct fit_items *items, int stage, int tier, const char *name)
{
	size_t i;

	for (i = 0; i < items->n; i++)
		if (items->item[i].stage == stage && items->item[i].tier == tier &&
		    !strcmp(items->item[i].name, name))
			return items->item[i].value;
	fail_msg("no item %s", name);
	return 0;
}

/* Each byte of a tier is somebody's, each byte of weights somewhere. */
static void bytes_add_up(void **state)
{
	static const char *const parts[] = { "weights", "activations", "kv_room", "staging",
					     "unused" };
	static struct fit_case f;
	struct fit_items items;
	uint64_t sum, weights;
	size_t p;
	int s, t;

	(void)state;
	open_case(&f, "deepseek-v3", "hbm4-hbf", 8);
	f.run.args.number[RUN_PP] = 4;
	make(&f);
	assert_int_equal(fit_items(&f, false, &items), 0);
	for (s = 0; s < (int)f.run.shard.n_stages; s++) {
		for (t = 0, weights = 0; t < (int)f.run.system.tiers.n_tiers; t++) {
			for (p = 0, sum = 0; p < 5; p++)
				sum += value_of(&items, s, t, parts[p]);
			assert_int_equal(sum, value_of(&items, s, t, "capacity"));
			weights += value_of(&items, s, t, "weights");
		}
		assert_int_equal(weights, value_of(&items, s, -1, "weights"));
		assert_int_equal(weights, value_of(&items, s, -1, "weights_embedding") +
				 value_of(&items, s, -1, "weights_common") +
				 value_of(&items, s, -1, "weights_experts"));
	}
	fit_items_free(&items);
	fit_case_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(llama_3_70b_in_fp8),
		cmocka_unit_test(experts_are_apart),
		cmocka_unit_test(room_is_what_is_left),
		cmocka_unit_test(what_lacks_is_said_with_a_remedy),
		cmocka_unit_test(requests_need_room),
		cmocka_unit_test(too_much_has_no_remedy),
		cmocka_unit_test(bytes_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
