// SPDX-License-Identifier: LGPL-2.1-or-later
/* The operators of a run's steps: they add up to what the layout counts of the same step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "sim/run_operators.h"

#define CLASS(c)	(1U << TERRACE_CLASS_##c)
#define SOFTMAX_OPS	5
#define NORM_OPS	7
#define HEAD_DIM	128

static const struct model_config dense = {
	.name = "dense",
	.weight_dtype = MODEL_BF16,
	.kv_dtype = MODEL_BF16,
	.layers = 4,
	.hidden = 4096,
	.heads = 32,
	.kv_heads = 8,
	.head_dim = HEAD_DIM,
	.ffn = 14336,
	.vocab = 32000,
	.moe_every = 1,
	.global_every = 4,
};

static struct model_config with_experts(void)
{
	struct model_config m = dense;

	m.ffn = 0;
	m.experts = 128;
	m.top_k = 8;
	m.expert_ffn = 768;
	return m;
}

static void add_tier(struct sim_system *s, const char *name, uint32_t classes, uint64_t bps)
{
	struct engine_tier *t = &s->tiers.tiers[s->tiers.n_tiers];

	t->rank = s->tiers.n_tiers++;
	strcpy(t->name, name);
	t->classes = classes;
	tmodel_profile_init(&t->profile);
	t->profile.capacity_bytes = 100000000000ULL;
	t->profile.read_bps = bps;
	t->profile.write_bps = bps / 2;
}

static void make_system(struct sim_system *s, uint32_t devices)
{
	memset(s, 0, sizeof(*s));
	s->devices = devices;
	s->tiers.accel.peak_flops = 1000000000000000ULL;
	s->tiers.accel.efficiency_permille = 500;
	network_init(&s->network);
	s->network.links = 1;
	s->network.link_bps = 100000000000ULL;
	s->network.efficiency_permille = 1000;
	add_tier(s, "near", CLASS(ACTIVATION) | CLASS(KV), 4000000000000ULL);
	add_tier(s, "far", CLASS(WEIGHTS), 1000000000000ULL);
}

static void make(struct shard *shard, const struct sim_system *s, const struct model_config *m,
		 const struct capacity_shard *layout)
{
	const struct shard_options o = {
		.shard = *layout,
		.max_batch = 256,
		.max_step_tokens = 8192,
		.block_tokens = 16,
		.bandwidth_permille = 1000,
	};
	struct engine_error e;

	if (shard_init(shard, s, m, &o, &e))
		fail_msg("%s", e.text);
}

static void assert_near(double value, double expected, const char *what)
{
	if (!(fabs(value - expected) <= fabs(expected) / 1e6))
		fail_msg("%s: %.12g is not %.12g", what, value, expected);
}

/* The layout takes the last norm of all tokens, not only of those that come out. */
static double times_of(const struct run_operators *o, const struct sim_operator *op)
{
	double times = (double)op->times;

	return strcmp(op->name, "last_norm") ? times : times * (double)o->shape.tokens;
}

static double bits_of(const struct run_operators *o, enum operator_data kind)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < o->ops.n; i++) {
		const struct sim_operator *op = &o->ops.op[i];
		double times = kind == OPERATOR_WEIGHTS ? (double)op->times : times_of(o, op);

		sum += times * (double)op->bits[kind];
	}
	return sum;
}

/*
 * The layout takes two operations for each weight, those of norms as well, and counts no softmax,
 * activations or sums.
 */
static double layout_ops(const struct run_operators *o)
{
	static const char *const left_out[] = {
		"attn_add", "mlp_act", "mlp_add", "expert_act", "expert_sum",
	};
	double sum = 0, ops;
	size_t i, k;

	for (i = 0; i < o->ops.n; i++) {
		const struct sim_operator *op = &o->ops.op[i];

		ops = times_of(o, op) * (double)op->ops;
		if (!strcmp(op->name, "attention"))
			ops *= 4.0 * HEAD_DIM / (4 * HEAD_DIM + SOFTMAX_OPS);
		if (strstr(op->name, "norm"))
			ops *= 2.0 / NORM_OPS;
		for (k = 0; k < sizeof(left_out) / sizeof(*left_out); k++)
			if (!strcmp(op->name, left_out[k]))
				ops = 0;
		sum += ops;
	}
	return sum;
}

static double of_tiers(double (*bytes)[ROOFLINE_CLASSES], int class)
{
	double sum = 0;
	int i;

	for (i = 0; i < TMODEL_TIERS_MAX; i++)
		sum += bytes[i][class];
	return sum;
}

static void assert_adds_up(struct run_operators *o, double devices)
{
	struct shard_bytes *b = &o->sums.bytes;
	const struct {
		enum operator_data kind;
		double bytes;
		const char *what;
	} rows[] = {
		{ OPERATOR_WEIGHTS, of_tiers(b->read, ROOFLINE_WEIGHTS), "weights" },
		{ OPERATOR_ACT_READ, of_tiers(b->read, ROOFLINE_ACTIVATIONS), "activations read" },
		{ OPERATOR_ACT_WRITE, of_tiers(b->written, ROOFLINE_ACTIVATIONS), "written" },
		{ OPERATOR_KV_READ, of_tiers(b->read, ROOFLINE_KV), "KV read" },
		{ OPERATOR_KV_WRITE, of_tiers(b->written, ROOFLINE_KV), "KV written" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_near(bits_of(o, rows[i].kind) / 8 * devices, rows[i].bytes, rows[i].what);
	assert_near(layout_ops(o) * devices, o->sums.ops, "operations");
}

static void operators_add_up_to_the_step(void **state)
{
	const struct model_config mixture = with_experts();
	const struct run_means means = { .batch = 6.2, .context = 1000.4, .prompt = 700.4 };
	const struct {
		const struct model_config *model;
		struct capacity_shard layout;
	} cases[] = {
		{ &dense, { 1, 1, 1 } }, { &dense, { 4, 1, 1 } }, { &dense, { 1, 2, 1 } },
		{ &dense, { 2, 2, 2 } }, { &dense, { 16, 1, 1 } }, { &mixture, { 1, 1, 1 } },
		{ &mixture, { 2, 1, 2 } }, { &mixture, { 1, 1, 4 } }, { &mixture, { 2, 4, 2 } },
	};
	struct run_operators o;
	struct engine_error e;
	struct sim_system s;
	struct shard shard;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct capacity_shard *c = &cases[i].layout;
		int stage;

		make_system(&s, c->tp * c->pp * c->dp);
		make(&shard, &s, cases[i].model, c);
		for (stage = STEP_DECODE; stage <= STEP_PREFILL; stage++) {
			assert_int_equal(run_operators(&shard, &means, stage, &o, &e), 0);
			assert_adds_up(&o, s.devices);
		}
		assert_int_equal(shard.sums.steps, 0);
		shard_free(&shard);
	}
}

static const struct sim_operator *find(const struct run_operators *o, const char *name)
{
	const struct sim_operator *op = operators_find(&o->ops, name);

	if (!op)
		fail_msg("no %s", name);
	return op;
}

/* 16 devices have half a KV head each, so that there are two copies of all. */
static void a_device_has_its_part(void **state)
{
	const struct run_means means = { .batch = 6, .context = 1000, .prompt = 700 };
	const struct capacity_shard layout = { 16, 1, 1 };
	const struct sim_operator *q, *attention;
	struct run_operators o;
	struct engine_error e;
	struct sim_system s;
	struct shard shard;

	(void)state;
	make_system(&s, 16);
	make(&shard, &s, &dense, &layout);
	assert_int_equal(run_operators(&shard, &means, STEP_DECODE, &o, &e), 0);
	q = find(&o, "q_proj");
	attention = find(&o, "attention");
	assert_int_equal(q->times, 4);
	assert_int_equal(q->ops, 2ULL * 6 * 4096 * 4096 / 16);
	assert_int_equal(q->bits[OPERATOR_WEIGHTS], 16ULL * 4096 * 4096 / 16);
	assert_int_equal(attention->bits[OPERATOR_KV_READ], 16ULL * 6 * 1000 * 2 * HEAD_DIM);
	assert_near(o.device.peak_ops, 5e14, "peak");
	assert_near(o.device.tier[0].share[ROOFLINE_KV], 1, "KV nearby");
	assert_near(o.device.tier[1].share[ROOFLINE_WEIGHTS], 1, "weights far away");
	assert_near(roofline_operator(&o.device, q).tier_s[1], 4096.0 * 4096 * 2 / 16 / 1e12,
		    "time of weights");
	shard_free(&shard);
}

static void shapes_are_of_the_mean(void **state)
{
	const struct {
		double batch;
		double prompt;
		uint32_t pp;
		uint64_t decodes;
		uint64_t tokens;
		uint32_t microbatches;
	} cases[] = {
		{ 6.2, 700.4, 1, 6, 700, 1 },
		{ 6.2, 700.6, 4, 8, 701, 4 },	/* microbatches are alike: 4 of 2 */
		{ 2.4, 9000, 4, 2, 8192, 2 },	/* as much of a prompt as a step takes */
		{ 1, 1, 4, 1, 1, 1 },
	};
	struct run_operators o;
	struct engine_error e;
	struct sim_system s;
	struct shard shard;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct run_means means = { cases[i].batch, 50, cases[i].prompt };
		const struct capacity_shard layout = { 1, cases[i].pp, 1 };

		make_system(&s, cases[i].pp);
		make(&shard, &s, &dense, &layout);
		assert_int_equal(run_operators(&shard, &means, STEP_DECODE, &o, &e), 0);
		assert_int_equal(o.shape.batch, cases[i].decodes);
		assert_int_equal(o.shape.context, 50);
		assert_int_equal(o.microbatches, cases[i].microbatches);
		assert_int_equal(run_operators(&shard, &means, STEP_PREFILL, &o, &e), 0);
		assert_int_equal(o.shape.batch, 1);
		assert_int_equal(o.shape.tokens, cases[i].tokens);
		assert_int_equal(o.shape.context, cases[i].tokens);
		assert_int_equal(o.microbatches, 1);
		shard_free(&shard);
	}
}

static void means_are_of_what_was_served(void **state)
{
	struct trace_request specs[3] = {
		{ .input_tokens = 100, .output_tokens = 1 },
		{ .input_tokens = 200, .output_tokens = 3 },
		{ .input_tokens = 900, .output_tokens = 9 },
	};
	struct serve_request requests[3] = { { 0 }, { 0 }, { .rejected = true } };
	struct run_case r = {
		.trace = { .requests = specs, .n = 3 },
		.requests = requests,
		.stats = { .decoded = 10, .steps = 4 },
		.served = { .served = 2, .prompt_tokens = 300, .tokens = 4 },
	};
	struct run_means means;

	(void)state;
	assert_true(run_operators_means(&r, &means));
	assert_near(means.batch, 2.5, "batch");
	assert_near(means.prompt, 150, "prompt");
	/* 101 of the first's token; 201, 202 and 203 of the second's. */
	assert_near(means.context, (101 + 201 + 202 + 203) / 4.0, "context");
	r.stats.decoded = 0;
	assert_true(run_operators_means(&r, &means));
	assert_near(means.batch, 1, "batch of nothing decoded");
	r.served.served = 0;
	assert_false(run_operators_means(&r, &means));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_add_up_to_the_step),
		cmocka_unit_test(a_device_has_its_part),
		cmocka_unit_test(shapes_are_of_the_mean),
		cmocka_unit_test(means_are_of_what_was_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
