// SPDX-License-Identifier: LGPL-2.1-or-later
/* Small models, tiers and traces for the engine's tests. */
#include "engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ALL_CLASSES	0xf

const struct engine_options fixture_options = {
	.sched = {
		.max_batch = 8,
		.max_step_tokens = 2048,
		.block_tokens = TRACE_BLOCK_TOKENS,
		.kv_blocks = 400,
		.share_prefixes = true,
	},
	.rebalance_steps = 7,
};

const struct model_config fixture_dense = {
	.name = "dense",
	.weight_dtype = MODEL_BF16,
	.kv_dtype = MODEL_BF16,
	.layers = 3,
	.hidden = 64,
	.heads = 4,
	.kv_heads = 1,
	.head_dim = 16,
	.ffn = 96,
	.vocab = 100,
	.moe_every = 1,
};

const struct model_config fixture_moe = {
	.name = "moe",
	.weight_dtype = MODEL_BF16,
	.kv_dtype = MODEL_BF16,
	.layers = 3,
	.hidden = 64,
	.heads = 4,
	.kv_heads = 1,
	.head_dim = 16,
	.vocab = 100,
	.tied = true,
	.experts = 8,
	.top_k = 2,
	.expert_ffn = 32,
	.moe_every = 1,
};

const struct model_config fixture_mla = {
	.name = "mla",
	.attention = MODEL_MLA,
	.weight_dtype = MODEL_FP8,
	.kv_dtype = MODEL_FP8,
	.layers = 3,
	.hidden = 64,
	.heads = 4,
	.ffn = 96,
	.vocab = 100,
	.q_lora_rank = 24,
	.kv_lora_rank = 20,
	.qk_nope_dim = 8,
	.qk_rope_dim = 3,
	.v_dim = 8,
	.experts = 8,
	.top_k = 2,
	.expert_ffn = 32,
	.shared_ffn = 32,
	.router_bias = true,
	.first_dense = 1,
	.moe_every = 1,
};

void fixture_layout(const struct model_config *m, uint32_t scale_shift, struct layout *l)
{
	struct engine_error e = {};

	if (layout_make(m, scale_shift, 64, TRACE_BLOCK_TOKENS, l, &e))
		fail_msg("%s", e.text);
}

struct routing *fixture_routing(const struct model_config *m)
{
	const struct routing_options o = { .zipf = 1, .seed = 3 };
	struct engine_error e = {};
	struct routing *r;

	if (!m->experts)
		return NULL;
	if (routing_create(m, &o, &r, &e))
		fail_msg("%s", e.text);
	return r;
}

static void set_tier(struct engine_tier *t, const char *name, uint32_t rank, uint64_t mib,
		     uint64_t bps)
{
	*t = (struct engine_tier) { .rank = rank, .classes = ALL_CLASSES, .stacks = 1 };
	snprintf(t->name, sizeof(t->name), "%s", name);
	tmodel_profile_init(&t->profile);
	t->profile.capacity_bytes = mib << 20;
	t->profile.read_bps = bps;
	t->profile.write_bps = bps;
	t->profile.read_latency_ns = 100;
	t->profile.write_latency_ns = 100;
	t->profile.read_granule_bytes = 1;
	t->profile.write_granule_bytes = 1;
	t->profile.read_fj_per_bit = 900;
	t->profile.write_fj_per_bit = 900;
	t->profile.link_fj_per_bit = 100;
	t->profile.idle_uw = 2000000;
}

void fixture_tiers(struct engine_tierfile *f, uint32_t scale_shift, uint32_t n)
{
	*f = (struct engine_tierfile) {
		.device = { .scale = 1U << scale_shift, .scale_shift = scale_shift },
		.accel = { .efficiency_permille = 1000 },
		.n_tiers = n,
	};
	set_tier(&f->tiers[0], "fast0", 0, 64, 1000000000);
	set_tier(&f->tiers[1], "slow0", 1, 256, 250000000);
	set_tier(&f->tiers[2], "flash0", 2, 512, 500000000);
	f->tiers[2].profile.endurance_cycles = 100000;
	f->tiers[2].classes = 1U << TERRACE_CLASS_WEIGHTS | 1U << TERRACE_CLASS_CONTEXT;
}

static void add_prompt(struct trace *t, struct random *random, size_t i)
{
	const struct trace_request *old = &t->requests[random_below(random, (uint32_t)i + 1)];
	struct trace_request *q = &t->requests[i];
	uint32_t common = random_below(random, old->n_hashes + 1);

	q->input_tokens = 1 + random_below(random, 4000);
	q->output_tokens = 1 + random_below(random, 60);
	q->line = (uint32_t)i + 1;
	if (i)
		q->arrival_ns = t->requests[i - 1].arrival_ns +
				random_below(random, 3) * random_below(random, 40000);
	q->first_hash = t->n_hashes;
	q->n_hashes = (q->input_tokens + TRACE_BLOCK_TOKENS - 1) / TRACE_BLOCK_TOKENS;
	for (uint32_t k = 0; k < q->n_hashes; k++)
		t->hashes[t->n_hashes++] = k < common ? t->hashes[old->first_hash + k] :
						       random_next(random);
}

void fixture_trace(struct trace *t, struct random *random, size_t n)
{
	*t = (struct trace) { .n = n };
	t->requests = calloc(n, sizeof(*t->requests));
	t->hashes = calloc(n * 8, sizeof(*t->hashes));
	assert_non_null(t->requests);
	assert_non_null(t->hashes);
	for (size_t i = 0; i < n; i++)
		add_prompt(t, random, i);
}

void fixture_check_conserved(const struct trace *t, const struct engine_options *o,
			     const struct engine_result *r)
{
	uint64_t answers = 0, prompts = 0, rejected = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct trace_request *q = &t->requests[i];
		uint64_t blocks = (q->input_tokens + q->output_tokens - 1 +
				   (uint64_t)o->sched.block_tokens - 1) / o->sched.block_tokens;

		if (blocks > o->sched.kv_blocks) {
			rejected++;
			continue;
		}
		answers += q->output_tokens;
		prompts += q->input_tokens;
	}
	assert_false(r->interrupted);
	assert_int_equal(r->requests, t->n);
	assert_int_equal(r->sched.arrived, t->n);
	assert_int_equal(r->sched.rejected, rejected);
	assert_int_equal(r->sched.finished, t->n - rejected);
	assert_int_equal(r->sched.produced_tokens, answers);
	assert_int_equal(r->sched.prompt_tokens, prompts);
	assert_int_equal(r->sched.cached_tokens + r->sched.prefilled_tokens, prompts);
	assert_int_equal(r->prefix.held, 0);
	assert_int_equal(r->n_ttft, t->n - rejected);
	assert_true(r->sched.peak_batch <= o->sched.max_batch);
	assert_true(r->sched.peak_blocks <= o->sched.kv_blocks);
	for (size_t i = 1; i < r->n_ttft; i++)
		assert_true(r->ttft_ns[i - 1] <= r->ttft_ns[i]);
	for (size_t i = 1; i < r->n_tpot; i++)
		assert_true(r->tpot_ns[i - 1] <= r->tpot_ns[i]);
}
