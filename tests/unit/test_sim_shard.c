// SPDX-License-Identifier: LGPL-2.1-or-later
/* Time and bytes of a step on devices, with a model small enough to count by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "sim/draft.h"

#define CLASS(c)	(1U << TERRACE_CLASS_##c)
#define US		1000
#define S_IN_US		1e6

/*
 * Three layers of width 8: attention of 2 heads of 4 and 2 KV heads 8 x (16 + 16) = 256, norms 16,
 * FFN 3 x 8 x 6 = 144: 416 numbers a layer. Embedding and lm_head 10 x 8, last norm 8. Two bytes
 * each: 3 x 832 + 16 + 160 = 2672 that a step reads, and a row of 16. KV 32 bytes a token, layer.
 */
static struct model_config tiny(void)
{
	return (struct model_config) {
		.name = "tiny",
		.weight_dtype = MODEL_BF16,
		.kv_dtype = MODEL_BF16,
		.layers = 3,
		.hidden = 8,
		.heads = 2,
		.kv_heads = 2,
		.head_dim = 4,
		.ffn = 6,
		.vocab = 10,
		.moe_every = 1,
		.global_every = 4,
	};
}

static void add_tier(struct sim_system *s, const char *name, uint32_t classes, uint64_t capacity,
		     uint64_t bps)
{
	struct engine_tier *t = &s->tiers.tiers[s->tiers.n_tiers];

	t->rank = s->tiers.n_tiers++;
	strcpy(t->name, name);
	t->classes = classes;
	tmodel_profile_init(&t->profile);
	t->profile.capacity_bytes = capacity;
	t->profile.read_bps = bps;
	t->profile.write_bps = bps;
}

/* A byte of weights or KV takes a microsecond, all else next to nothing. */
static void make_system(struct sim_system *s, uint32_t devices)
{
	memset(s, 0, sizeof(*s));
	s->devices = devices;
	s->tiers.accel.peak_flops = 1000000000000000000ULL;
	s->tiers.accel.efficiency_permille = 1000;
	network_init(&s->network);
	s->network.links = 1;
	s->network.link_bps = 1000000000000000ULL;
	s->network.efficiency_permille = 1000;
	add_tier(s, "sram", CLASS(ACTIVATION), 1 << 20, 1000000000000000ULL);
	add_tier(s, "memory", CLASS(WEIGHTS) | CLASS(KV), 1 << 20, 1000000);
}

static struct shard_options options(uint32_t tp, uint32_t pp, uint32_t dp)
{
	return (struct shard_options) {
		.shard = { tp, pp, dp },
		.max_batch = 8,
		.max_step_tokens = 64,
		.block_tokens = 4,
		.bandwidth_permille = 1000,
	};
}

static const struct serve_step decode = {
	.decodes = 1, .decode_context = 5, .sampled = 1,
};

static void init(struct shard *shard, const struct sim_system *s, const struct model_config *m,
		 struct shard_options o)
{
	struct engine_error e;

	if (shard_init(shard, s, m, &o, &e))
		fail_msg("%s", e.text);
}

static uint64_t once(const struct sim_system *s, const struct model_config *m,
		     struct shard_options o, const struct serve_step *step)
{
	struct shard shard;
	uint64_t ns;

	init(&shard, s, m, o);
	ns = shard_step_ns(&shard, step, 1);
	shard_free(&shard);
	return ns;
}

/* Times are rounded up, of sums that may be a little more than their parts. */
static void assert_us(uint64_t ns, uint64_t us)
{
	assert_in_range(ns, us * US, us * US + 1);
}

static double sum(double (*bytes)[ROOFLINE_CLASSES], int class)
{
	double all = 0;

	for (int i = 0; i < TMODEL_TIERS_MAX; i++)
		all += bytes[i][class];
	return all;
}

static void decode_is_bytes_by_bandwidth(void **state)
{
	struct model_config m = tiny();
	struct sim_system s;

	(void)state;
	make_system(&s, 1);
	/* Weights and a row, KV of 5 tokens read and of one written. */
	assert_us(once(&s, &m, options(1, 1, 1), &decode), 2672 + 16 + 5 * 96 + 96);
	s.tiers.tiers[1].profile.read_latency_ns = 7 * US;
	assert_us(once(&s, &m, options(1, 1, 1), &decode), 3264 + 7);
}

static void bandwidth_and_software_cost_time(void **state)
{
	struct shard_options o = options(1, 1, 1);
	struct model_config m = tiny();
	struct sim_system s;

	(void)state;
	make_system(&s, 1);
	o.bandwidth_permille = 500;
	assert_us(once(&s, &m, o, &decode), 2 * 3264);
	o.overhead_ns = 11 * US;
	assert_us(once(&s, &m, o, &decode), 2 * 3264 + 11);
}

static void tensor_parallel_halves(void **state)
{
	struct model_config m = tiny();
	struct sim_system s;

	(void)state;
	make_system(&s, 2);
	assert_us(once(&s, &m, options(2, 1, 1), &decode), 3264 / 2);
	/* Half of the weights, but all KV where heads cannot be split: attention is smaller. */
	m.kv_heads = 1;
	assert_us(once(&s, &m, options(2, 1, 1), &decode), (2288 + 16) / 2 + 6 * 48);
}

/* Of two all-reduces a layer and a gather of logits: 7 operations of a launch each. */
static void collectives_come_on_top(void **state)
{
	struct model_config m = tiny();
	struct sim_system s;
	struct shard shard;

	(void)state;
	make_system(&s, 2);
	s.network.launch_ns = 10 * US;
	init(&shard, &s, &m, options(2, 1, 1));
	assert_in_range(shard_step_ns(&shard, &decode, 1), 1702 * US, 1702 * US + 5);
	assert_true(shard.sums.network_s * S_IN_US > 69.99);
	assert_true(shard.sums.network_s * S_IN_US < 70.01);
	shard_free(&shard);
}

/* Stages of one and two layers: the second takes 2 x 832 + 176 and KV of two layers. */
static void stages_work_on_microbatches(void **state)
{
	const struct serve_step two = { .decodes = 2, .decode_context = 10, .sampled = 2 };
	struct model_config m = tiny();
	struct sim_system s;
	struct shard shard;

	(void)state;
	make_system(&s, 2);
	init(&shard, &s, &m, options(1, 2, 1));
	assert_us(shard_step_ns(&shard, &two, 1), 2 * (2 * 832 + 176 + 6 * 64));
	/* Each of the two microbatches reads all weights. */
	assert_true(sum(shard.sums.bytes.read, ROOFLINE_WEIGHTS) == 2 * (2672 + 16));
	shard_free(&shard);
	/* One request alone passes one stage after the other. */
	init(&shard, &s, &m, options(1, 2, 1));
	assert_us(shard_step_ns(&shard, &decode, 1), 2 * (2 * 832 + 176 + 6 * 64));
	assert_true(sum(shard.sums.bytes.read, ROOFLINE_WEIGHTS) == 2672 + 16);
	shard_free(&shard);
}

/* 2 x (3 x 416 + 8) a token, 2 x 80 for its logits, 4 x 8 x 3 for each of 5 tokens. */
static void operations_bound_a_step(void **state)
{
	struct model_config m = tiny();
	struct sim_system s;
	struct shard shard;

	(void)state;
	make_system(&s, 1);
	s.tiers.accel.peak_flops = 1000000;
	s.tiers.accel.efficiency_permille = 500;
	init(&shard, &s, &m, options(1, 1, 1));
	assert_us(shard_step_ns(&shard, &decode, 1), 2 * (2512 + 160 + 480));
	assert_true(shard.sums.ops == 3152);
	assert_true(shard.sums.compute_s * S_IN_US > 6303.999);
	assert_true(shard.sums.compute_s * S_IN_US < 6304.001);
	assert_true(shard.sums.serial_s * S_IN_US > 6304 + 3264);
	assert_true(shard.sums.serial_s * S_IN_US < 6304 + 3264 + 1);
	shard_free(&shard);
	/* FP8 has half of the bytes and twice the operations a second. */
	m.weight_dtype = MODEL_FP8;
	assert_us(once(&s, &m, options(1, 1, 1), &decode), 3152);
}

/* A piece of 4 tokens that ends at 6: they attend to 3 + 4 + 5 + 6, KV of 6 tokens is read once. */
static void a_piece_reads_its_context_once(void **state)
{
	const struct serve_step piece = {
		.prefill_tokens = 4, .prefill_context = 18, .prefills = 1,
	};
	struct model_config m = tiny();
	struct sim_system s;
	struct shard shard;

	(void)state;
	make_system(&s, 1);
	init(&shard, &s, &m, options(1, 1, 1));
	assert_us(shard_step_ns(&shard, &piece, 1), 2672 + 4 * 16 + 6 * 96 + 4 * 96);
	assert_true(sum(shard.sums.bytes.read, ROOFLINE_KV) == 6 * 96);
	assert_true(sum(shard.sums.bytes.written, ROOFLINE_KV) == 4 * 96);
	shard_free(&shard);
}

/* KV has 31/32 of what weights leave, 288 bytes, in the first tier; the rest is in the second. */
static void bytes_by_tier_add_up(void **state)
{
	struct model_config m = tiny();
	struct sim_system s;
	struct shard shard;

	(void)state;
	make_system(&s, 1);
	s.tiers.tiers[1].profile.capacity_bytes = 160 + 2672 + 288;
	add_tier(&s, "more", CLASS(KV), 1 << 20, 1000000);
	init(&shard, &s, &m, options(1, 1, 1));
	assert_int_equal(shard.kv_blocks, (288 + (1 << 20)) * 31 / 32 / 96 / 4);
	shard_step_ns(&shard, &decode, 1);
	assert_true(shard.sums.bytes.read[1][ROOFLINE_WEIGHTS] == 2688);
	assert_true(shard.sums.bytes.read[1][ROOFLINE_KV] == 279);
	assert_true(shard.sums.bytes.read[2][ROOFLINE_KV] == 480 - 279);
	assert_true(sum(shard.sums.bytes.read, ROOFLINE_KV) == 480);
	assert_true(sum(shard.sums.bytes.written, ROOFLINE_KV) > 95.999);
	assert_true(sum(shard.sums.bytes.written, ROOFLINE_KV) < 96.001);
	shard_free(&shard);
}

/* 4 experts of 3 x 8 x 6, one chosen: a token reads one, of two groups' tokens 1.75 are. */
static void experts_are_read_when_chosen(void **state)
{
	const struct serve_step none = { 0 }, both[] = { decode, decode }, one[] = { decode, none };
	struct model_config m = tiny();
	struct sim_system s;
	struct shard shard;
	double rest = 2672 - 3 * 288 + 3 * 64 + 16;

	(void)state;
	m.experts = 4;
	m.top_k = 1;
	m.expert_ffn = 6;
	make_system(&s, 1);
	assert_us(once(&s, &m, options(1, 1, 1), &decode), (uint64_t)rest + 3 * 288 + 6 * 96);
	make_system(&s, 2);
	init(&shard, &s, &m, options(1, 1, 2));
	assert_us(shard_step_ns(&shard, both, 2),
		  (uint64_t)rest + 3 * 288 * 7 / 8 + 6 * 96);
	shard_free(&shard);
	/* The group without requests reads its half of the expert. */
	init(&shard, &s, &m, options(1, 1, 2));
	shard_step_ns(&shard, one, 2);
	assert_true(sum(shard.sums.bytes.read, ROOFLINE_WEIGHTS) == rest + 2 * (3 * 288 / 2));
	shard_free(&shard);
}

/* A token and 3 drafts behind 4 others attend to 5 + 6 + 7 + 8; 8 are read once, all 4 written. */
static void drafts_are_verified_in_a_step(void **state)
{
	const struct serve_step verify = {
		.decodes = 1, .decode_context = 26, .sampled = 4, .beside = 3, .reread = 18,
	};
	struct model_config m = tiny();
	struct sim_system s;

	(void)state;
	make_system(&s, 1);
	assert_us(once(&s, &m, options(1, 1, 1), &verify), 2672 + 4 * 16 + 8 * 96 + 4 * 96);
	/* Windows of 2 behind each other, of 4 tokens. */
	m.local_window = 2;
	assert_us(once(&s, &m, options(1, 1, 1), &verify), 2672 + 64 + 5 * 96 + 4 * 96);
}

/* 4 tokens that attend to 8 are denoised: KV is read in each pass, written in the last. */
static void a_block_is_written_once(void **state)
{
	struct serve_step pass = {
		.decodes = 1, .decode_context = 32, .sampled = 4, .beside = 3, .reread = 24,
		.unwritten = 4,
	};
	struct model_config m = tiny();
	struct sim_system s;

	(void)state;
	make_system(&s, 1);
	assert_us(once(&s, &m, options(1, 1, 1), &pass), 2672 + 64 + 8 * 96);
	pass.unwritten = 0;
	assert_us(once(&s, &m, options(1, 1, 1), &pass), 2672 + 64 + 8 * 96 + 4 * 96);
	/* KV of 10 tokens comes from elsewhere. */
	pass.brought = 10;
	assert_us(once(&s, &m, options(1, 1, 1), &pass), 2672 + 64 + 8 * 96 + 14 * 96);
}

/* Of one layer: 416 x 2 + 16 + 160 = 1008 bytes a pass, and 32 of KV a token. */
static struct model_config tiny_draft(void)
{
	struct model_config m = tiny();

	m.layers = 1;
	return m;
}

static void a_draft_model_takes_memory(void **state)
{
	struct model_config m = tiny(), draft = tiny_draft();
	struct shard_options o = options(1, 1, 1);
	struct engine_error e;
	struct sim_system s;
	struct shard shard;

	(void)state;
	make_system(&s, 2);
	s.devices = 1;
	/* Both with their embeddings, and 7 blocks of 4 tokens. */
	s.tiers.tiers[1].profile.capacity_bytes = 2832 + 1168 + 7 * 4 * (96 + 32);
	o.draft = &draft;
	init(&shard, &s, &m, o);
	assert_int_equal(shard.kv_blocks, 7);
	assert_true(shard_stage_weights(&shard.stage[0]) == 2832 + 1168);
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
 * A prompt of 4 takes 2672 + 64 + 2 x 384 and a pass of the draft model, 1008 + 64 + 2 x 128. Then 4
 * tokens come out of a step of 3888 as above, and of passes that attend to 5, 6 and 7 tokens.
 */
static void drafts_take_passes_of_their_model(void **state)
{
	const uint64_t prompt = 3504 + 1328, step = 3888 + 3 * (1008 + 16 + 32) + (5 + 6 + 7) * 32;
	struct trace_request q = { .input_tokens = 4, .output_tokens = 5 };
	const struct trace t = { .requests = &q, .n = 1 };
	struct model_config m = tiny(), draft = tiny_draft();
	struct serve_options serving = {
		.ranks = 1, .max_batch = 8, .max_step_tokens = 64, .block_tokens = 4,
		.decoding = { .kind = SERVE_SPECULATIVE, .drafts = 3, .acceptance_permille = 1000 },
	};
	struct shard_options o = options(1, 1, 1);
	struct serve_request out;
	struct engine_error e;
	struct sim_system s;
	struct shard shard;

	(void)state;
	make_system(&s, 1);
	o.draft = &draft;
	o.overhead_ns = 10 * US;
	init(&shard, &s, &m, o);
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

static void what_does_not_fit_is_said(void **state)
{
	struct shard_options o = options(1, 1, 1);
	struct model_config m = tiny();
	struct engine_error e;
	struct sim_system s;
	struct shard shard;

	(void)state;
	make_system(&s, 1);
	s.tiers.tiers[1].profile.capacity_bytes = 160 + 2672 - 1;
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), -28);
	assert_non_null(strstr(e.text, "memory of a device lack 1 bytes for 2832 bytes of"));
	shard_free(&shard);
	s.tiers.tiers[1].profile.capacity_bytes = 160 + 2672 + 4 * 96 - 1;
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), -28);
	assert_non_null(strstr(e.text, "KV of one block"));
	shard_free(&shard);
	s.tiers.tiers[1].classes = CLASS(KV);
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), -18);
	assert_non_null(strstr(e.text, "no tier allows the class weights"));
	shard_free(&shard);
	o.shard.tp = 3;
	assert_int_equal(shard_init(&shard, &s, &m, &o, &e), -22);
	shard_free(&shard);
}

static void the_layout_with_most_kv_is_chosen(void **state)
{
	struct shard_options o = options(0, 0, 0);
	struct model_config m = tiny();
	struct engine_error e;
	struct sim_system s;

	(void)state;
	make_system(&s, 2);
	/* Copies of the weights would leave next to nothing. */
	s.tiers.tiers[1].profile.capacity_bytes = 4000;
	assert_int_equal(shard_choose(&s, &m, &o, &e), 0);
	assert_int_equal(o.shard.tp, 2);
	o.shard = (struct capacity_shard) { .pp = 2 };
	assert_int_equal(shard_choose(&s, &m, &o, &e), 0);
	assert_int_equal(o.shard.pp, 2);
	assert_int_equal(o.shard.tp, 1);
	o.shard = (struct capacity_shard) { .pp = 3 };
	assert_int_equal(shard_choose(&s, &m, &o, &e), -22);
	s.tiers.tiers[1].profile.capacity_bytes = 100;
	o.shard = (struct capacity_shard) { 0 };
	assert_int_equal(shard_choose(&s, &m, &o, &e), -28);
	assert_non_null(strstr(e.text, "TP 2 x PP 1 x DP 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_is_bytes_by_bandwidth),
		cmocka_unit_test(bandwidth_and_software_cost_time),
		cmocka_unit_test(tensor_parallel_halves),
		cmocka_unit_test(collectives_come_on_top),
		cmocka_unit_test(stages_work_on_microbatches),
		cmocka_unit_test(operations_bound_a_step),
		cmocka_unit_test(a_piece_reads_its_context_once),
		cmocka_unit_test(bytes_by_tier_add_up),
		cmocka_unit_test(experts_are_read_when_chosen),
		cmocka_unit_test(drafts_are_verified_in_a_step),
		cmocka_unit_test(a_block_is_written_once),
		cmocka_unit_test(a_draft_model_takes_memory),
		cmocka_unit_test(drafts_take_passes_of_their_model),
		cmocka_unit_test(what_does_not_fit_is_said),
		cmocka_unit_test(the_layout_with_most_kv_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
