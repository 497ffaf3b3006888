// SPDX-License-Identifier: LGPL-2.1-or-later
/* How long a step takes, from measured kernels. */
#include "sim/kernel_time.h"

#include <errno.h>
#include <math.h>

/* A step that takes longer, as over a link without bandwidth, never ends: three years. */
#define NEVER_US	1e14

int kernel_time_check(const struct kernel_tables *t, const struct model_config *m,
		      const char *hardware, struct engine_error *e)
{
	static const char *const needed[] = { "qkv_proj", "o_proj", "lm_head", "gate_up_proj",
					      "down_proj" };
	size_t i, n = m->experts ? 3 : 5;

	for (i = 0; i < n; i++)
		if (kernel_part_us(t, needed[i], 1) <= 0)
			break;
	if (i == n && (!m->experts || t->experts.n))
		return 0;
	engine_error_set(e, "%s of %s on %s were not measured", i < n ? needed[i] : "experts",
			 m->name, hardware);
	return -ENOENT;
}

static double tokens_of(const struct serve_step *s)
{
	return (double)s->decodes + s->prefill_tokens;
}

static double decode_us(const struct kernel_tables *t, const struct serve_step *s)
{
	return s->prefills ? kernel_mixed_us(t, s->decodes, (double)s->decode_context) :
			     kernel_decode_us(t, s->decodes, (double)s->decode_context);
}

/* Two of each, which were measured as one. */
static double norms_us(const struct kernel_tables *t, double tokens)
{
	return 2 * (kernel_part_us(t, "layernorm", tokens) + kernel_part_us(t, "qk_norm", tokens));
}

static double attention_us(const struct kernel_tables *t, const struct serve_step *s)
{
	double tokens = tokens_of(s);

	return kernel_part_us(t, "qkv_proj", tokens) + kernel_part_us(t, "rotary_emb", tokens) +
	       decode_us(t, s) +
	       kernel_prefill_us(t, s->prefills, s->prefill_tokens, (double)s->prefill_context) +
	       kernel_part_us(t, "o_proj", tokens);
}

static double dense_us(const struct kernel_tables *t, double tokens)
{
	return kernel_part_us(t, "gate_up_proj", tokens) + kernel_part_us(t, "act_fn", tokens) +
	       kernel_part_us(t, "down_proj", tokens);
}

static double model_us(const struct kernel_tables *t, const struct serve_step *s)
{
	return kernel_part_us(t, "embedding", tokens_of(s)) +
	       kernel_part_us(t, "final_layernorm", tokens_of(s)) +
	       kernel_part_us(t, "lm_head", s->sampled) + kernel_part_us(t, "sampler", s->sampled);
}

static double state_bytes(const struct kernel_time *k, double tokens)
{
	return tokens * k->model->hidden * k->model->weight_dtype;
}

static double all_reduce_us(const struct kernel_time *k, double tokens)
{
	if (k->tp <= 1 || tokens <= 0)
		return 0;
	return 2 * (k->tp - 1) *
	       (k->link_latency_s + state_bytes(k, tokens) / k->tp / k->link_bytes_s) * 1e6;
}

/* The logits of all tokens that come out, of which each accelerator has computed a part. */
static double gather_us(const struct kernel_time *k, double sampled)
{
	double part = sampled * k->model->vocab * k->model->weight_dtype / k->tp;

	if (k->tp <= 1 || sampled <= 0)
		return 0;
	return (k->tp - 1) * (k->link_latency_s + part / k->link_bytes_s) * 1e6;
}

/* The states of the tokens of @engines, one way. */
static double collect_us(const struct kernel_time *k, uint32_t engines, double most)
{
	if (engines <= 1)
		return 0;
	return (engines - 1) * (k->link_latency_s + state_bytes(k, most) / k->link_bytes_s) * 1e6;
}

/* Experts that at least one of the tokens chose. */
static double busy_experts(const struct model_config *m, double tokens)
{
	return m->experts * (1 - pow(1 - (double)m->top_k / m->experts, tokens));
}

static double experts_us(const struct kernel_time *k, double tokens)
{
	return kernel_experts_us(k->tables, tokens / k->ep,
				 busy_experts(k->model, tokens) / k->ep);
}

static double moe_layers(const struct model_config *m)
{
	uint32_t i, n = 0;

	for (i = 0; i < m->layers; i++)
		n += model_is_moe(m, i);
	return n;
}

/* Gaps between the kernels of all layers; those of the ends are few. */
static double gaps_us(const struct kernel_time *k, double moe)
{
	const struct model_config *m = k->model;
	double kernels = m->layers * (KERNEL_LAYER + 2.0 * m->qk_norm) +
			 (m->layers - moe) * KERNEL_DENSE + moe * KERNEL_EXPERTS;

	return kernels * KERNEL_GAP_US;
}

/* What an engine does by itself. */
static double own_us(const struct kernel_time *k, const struct serve_step *s, double moe)
{
	const struct kernel_tables *t = k->tables;
	double tokens = tokens_of(s);

	if (tokens <= 0)
		return 0;
	return model_us(t, s) + all_reduce_us(k, tokens) + gather_us(k, s->sampled) +
	       k->model->layers * (norms_us(t, tokens) + attention_us(t, s) +
				   2 * all_reduce_us(k, tokens)) +
	       (k->model->layers - moe) * dense_us(t, tokens);
}

uint64_t kernel_time_step(void *ctx, const struct serve_step *steps, uint32_t n)
{
	const struct kernel_time *k = ctx;
	double moe = moe_layers(k->model), slowest = 0, all = 0, most = 0, us;
	uint32_t i;

	for (i = 0; i < n; i++) {
		slowest = fmax(slowest, own_us(k, &steps[i], moe));
		most = fmax(most, tokens_of(&steps[i]));
		all += tokens_of(&steps[i]);
	}
	us = slowest + gaps_us(k, moe) + moe * (experts_us(k, all) + 2 * collect_us(k, n, most));
	us += k->overhead_s * 1e6;
	return us < NEVER_US ? (uint64_t)(us * 1e3) : UINT64_MAX;
}
