// SPDX-License-Identifier: LGPL-2.1-or-later
/* Steps that verify drafts or denoise blocks, and draft models, counted by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "shard_fixture.h"
#include "sim/draft.h"

#define US	1000

/* Times are rounded up, of sums that may be a little more than their parts. */
static void assert_step_us(const struct model_config *m, const struct serve_step *step, uint64_t us)
{
	struct sim_system s;
	struct shard shard;

	shard_system(&s, 1);
	shard_must_init(&shard, &s, m, shard_tiny_options(1, 1, 1));
	assert_in_range(shard_step_ns(&shard, step, 1), us * US, us * US + 1);
	shard_free(&shard);
}

static double sum(double (*bytes)[ROOFLINE_CLASSES], int class)
{
	double all = 0;

	for (int i = 0; i < TMODEL_TIERS_MAX; i++)
		all += bytes[i][class];
	return all;
}

/* A token and 3 drafts behind 4 others attend to 5 + 6 + 7 + 8; 8 are read once, all 4 written. */
static void drafts_are_verified_in_a_step(void **state)
{
	const struct serve_step verify = {
		.decodes = 1, .decode_context = 26, .sampled = 4, .beside = 3, .reread = 18,
	};
	struct model_config m = shard_tiny();

	(void)state;
	assert_step_us(&m, &verify, 2672 + 4 * 16 + 8 * 96 + 4 * 96);
	/* Windows of 2 behind each other, of 4 tokens. */
	m.local_window = 2;
	assert_step_us(&m, &verify, 2672 + 64 + 5 * 96 + 4 * 96);
}

/* 4 tokens that attend to 8 are denoised: KV is read in each pass, written in the last. */
static void a_block_is_written_once(void **state)
{
	struct serve_step pass = {
		.decodes = 1, .decode_context = 32, .sampled = 4, .beside = 3, .reread = 24,
		.unwritten = 4,
	};
	struct model_config m = shard_tiny();

	(void)state;
	assert_step_us(&m, &pass, 2672 + 64 + 8 * 96);
	pass.unwritten = 0;
	assert_step_us(&m, &pass, 2672 + 64 + 8 * 96 + 4 * 96);
	/* KV of 10 tokens comes from elsewhere. */
	pass.brought = 10;
	assert_step_us(&m, &pass, 2672 + 64 + 8 * 96 + 14 * 96);
}

/* Of one layer: 416 x 2 + 16 + 160 = 1008 bytes a pass, and 32 of KV a token. */
static struct model_config draft_model(void)
{
	struct model_config m = shard_tiny();

	m.layers = 1;
	return m;
}

static void a_draft_model_takes_memory(void **state)
{
	struct model_config m = shard_tiny(), draft = draft_model();
	struct shard_options o = shard_tiny_options(1, 1, 1);
	struct engine_error e;
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 2);
	s.devices = 1;
	/* Both with their embeddings, and 7 blocks of 4 tokens. */
	s.tiers.tiers[1].profile.capacity_bytes = 2832 + 1168 + 7 * 4 * (96 + 32);
	o.draft = &draft;
	shard_must_init(&shard, &s, &m, o);
	assert_int_equal(shard.kv_blocks, 7);
	assert_true((double)shard_weights(&shard.stage[0]) == 2832 + 1168);
	shard_free(&shard);
	s.tiers.tiers[1].profile.capacity_bytes = 2832 + 1168 + 511;
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), -28);
	shard_free(&shard);
	s.devices = 2;
	o.shard.pp = 2;
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), -22);
	assert_non_null(strstr(e.text, "take --pp 1"));
	shard_free(&shard);
}

/*
 * A prompt of 4 takes 2672 + 64 + 2 x 384 and a pass of the draft model, 1008 + 64 + 2 x 128. Then
 * 4 tokens come out of a step of 3888 as above, and of passes that attend to 5, 6 and 7 tokens.
 */
static void drafts_take_passes_of_their_model(void **state)
{
	const uint64_t prompt = 3504 + 1328, step = 3888 + 3 * (1008 + 16 + 32) + (5 + 6 + 7) * 32;
	struct trace_request q = { .input_tokens = 4, .output_tokens = 5 };
	const struct trace t = { .requests = &q, .n = 1 };
	struct model_config m = shard_tiny(), draft = draft_model();
	struct serve_options serving = {
		.ranks = 1, .max_batch = 8, .max_step_tokens = 64, .block_tokens = 4,
		.decoding = { .kind = SERVE_SPECULATIVE, .drafts = 3, .acceptance_permille = 1000 },
	};
	struct shard_options o = shard_tiny_options(1, 1, 1);
	struct serve_request out;
	struct engine_error e;
	struct sim_system s;
	struct shard shard;

	(void)state;
	shard_system(&s, 1);
	o.draft = &draft;
	o.overhead_ns = 10 * US;
	shard_must_init(&shard, &s, &m, o);
	serving.kv_blocks = shard.kv_blocks;
	assert_int_equal(draft_serve(&t, &serving, &shard, &out, NULL, &e), 0);
	assert_in_range(out.first_token_ns, (prompt + 10) * US, (prompt + 10) * US + 3);
	assert_in_range(out.finish_ns, (prompt + step + 20) * US, (prompt + step + 20) * US + 7);
	assert_int_equal(shard.sums.steps, 2);
	assert_true(sum(shard.sums.bytes.written, ROOFLINE_KV) == (4 + 4) * 96 + (4 + 3) * 32);
	assert_true(sum(shard.sums.bytes.read, ROOFLINE_WEIGHTS) ==
		    2 * 2672 + 8 * 16 + 4 * 1008 + 7 * 16);
	shard_free(&shard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drafts_are_verified_in_a_step),
		cmocka_unit_test(a_block_is_written_once),
		cmocka_unit_test(a_draft_model_takes_memory),
		cmocka_unit_test(drafts_take_passes_of_their_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
