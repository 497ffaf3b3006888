// SPDX-License-Identifier: LGPL-2.1-or-later
/* Models: parameters, bytes and operations. */
#include "engine/model_config.h"

#include <errno.h>
#include <string.h>

static const char *const part_names[MODEL_PARTS] = {
	[MODEL_EMBEDDING] = "embedding",
	[MODEL_ATTENTION] = "attention",
	[MODEL_NORM] = "norm",
	[MODEL_FFN] = "ffn",
	[MODEL_ROUTER] = "router",
	[MODEL_SHARED_EXPERT] = "shared_expert",
	[MODEL_EXPERT] = "expert",
	[MODEL_LM_HEAD] = "lm_head",
};

const char *model_part_name(enum model_part part)
{
	return part_names[part];
}

int model_dtype_parse(const char *name)
{
	if (!strcmp(name, "bf16"))
		return MODEL_BF16;
	if (!strcmp(name, "fp8"))
		return MODEL_FP8;
	return -EINVAL;
}

bool model_is_moe(const struct model_config *m, uint32_t layer)
{
	if (!m->experts || layer < m->first_dense || layer >= m->layers)
		return false;
	return (layer + 1) % m->moe_every == 0;
}

/* gate, up and down projections */
static uint64_t ffn_params(const struct model_config *m, uint64_t width)
{
	return 3 * m->hidden * width;
}

static uint64_t gqa_params(const struct model_config *m)
{
	uint64_t q = (uint64_t)m->heads * m->head_dim;
	uint64_t kv = (uint64_t)m->kv_heads * m->head_dim;
	uint64_t params = m->hidden * (2 * q + 2 * kv);

	if (m->qkv_bias)
		params += q + 2 * kv;
	if (m->qk_norm)
		params += 2 * m->head_dim;
	return params;
}

static uint64_t mla_params(const struct model_config *m)
{
	uint64_t q = (uint64_t)m->heads * (m->qk_nope_dim + m->qk_rope_dim);
	uint64_t kv = (uint64_t)m->heads * (m->qk_nope_dim + m->v_dim);
	uint64_t params;

	if (m->q_lora_rank)
		params = m->q_lora_rank * (m->hidden + q + 1);
	else
		params = m->hidden * q;
	/* Down to the latent and the shared rotary key, its norm, up again, and out. */
	params += (uint64_t)m->hidden * (m->kv_lora_rank + m->qk_rope_dim) + m->kv_lora_rank;
	params += m->kv_lora_rank * kv;
	return params + (uint64_t)m->heads * m->v_dim * m->hidden;
}

static uint64_t embedding_params(const struct model_config *m)
{
	return (uint64_t)m->vocab * m->hidden;
}

static uint64_t norm_params(const struct model_config *m, uint32_t layer)
{
	if (layer > m->layers)
		return 0;
	return layer == m->layers ? m->hidden : 2 * (uint64_t)m->hidden;
}

static uint64_t router_params(const struct model_config *m)
{
	return (uint64_t)m->experts * (m->hidden + m->router_bias);
}

uint64_t model_part_params(const struct model_config *m, enum model_part part, uint32_t layer)
{
	bool moe = model_is_moe(m, layer);

	switch (part) {
	case MODEL_EMBEDDING:
		return embedding_params(m);
	case MODEL_LM_HEAD:
		return m->tied ? 0 : embedding_params(m);
	case MODEL_NORM:
		return norm_params(m, layer);
	case MODEL_ATTENTION:
		if (layer >= m->layers)
			return 0;
		return m->attention == MODEL_MLA ? mla_params(m) : gqa_params(m);
	case MODEL_FFN:
		return moe || layer >= m->layers ? 0 : ffn_params(m, m->ffn);
	case MODEL_ROUTER:
		return moe ? router_params(m) : 0;
	case MODEL_SHARED_EXPERT:
		return moe ? ffn_params(m, m->shared_ffn) : 0;
	case MODEL_EXPERT:
		return moe ? ffn_params(m, m->expert_ffn) : 0;
	}
	return 0;
}

uint64_t model_part_bytes(const struct model_config *m, enum model_part part, uint32_t layer)
{
	return model_part_params(m, part, layer) * m->weight_dtype;
}

/* All layers and the last norm, with @experts of the experts. */
static uint64_t body_params(const struct model_config *m, uint32_t experts)
{
	uint64_t sum = 0;

	for (uint32_t layer = 0; layer <= m->layers; layer++)
		for (int part = MODEL_ATTENTION; part <= MODEL_EXPERT; part++)
			sum += model_part_params(m, part, layer) *
			       (part == MODEL_EXPERT ? experts : 1);
	return sum;
}

uint64_t model_params(const struct model_config *m)
{
	return body_params(m, m->experts) + embedding_params(m) +
	       model_part_params(m, MODEL_LM_HEAD, 0);
}

uint64_t model_active_params(const struct model_config *m)
{
	return body_params(m, m->top_k) + embedding_params(m) +
	       model_part_params(m, MODEL_LM_HEAD, 0);
}

uint64_t model_weight_bytes(const struct model_config *m)
{
	return model_params(m) * m->weight_dtype;
}

/* KV bytes of one token in one layer. */
static uint64_t kv_bytes(const struct model_config *m)
{
	uint64_t width = m->attention == MODEL_MLA ? m->kv_lora_rank + m->qk_rope_dim :
						     2ULL * m->kv_heads * m->head_dim;

	return width * m->kv_dtype;
}

uint64_t model_kv_token_bytes(const struct model_config *m)
{
	return m->layers * kv_bytes(m);
}

static bool is_local(const struct model_config *m, uint32_t layer)
{
	return m->local_window && (layer + 1) % m->global_every;
}

uint64_t model_kv_layer_bytes(const struct model_config *m, uint32_t layer, uint64_t tokens)
{
	if (is_local(m, layer) && tokens > m->local_window)
		tokens = m->local_window;
	return tokens * kv_bytes(m);
}

uint64_t model_kv_context_bytes(const struct model_config *m, uint64_t tokens)
{
	uint64_t sum = 0;

	for (uint32_t layer = 0; layer < m->layers; layer++)
		sum += model_kv_layer_bytes(m, layer, tokens);
	return sum;
}

/* Operations of attention in all layers for one token and one token of its context. */
static uint64_t context_flops(const struct model_config *m, bool decode)
{
	uint64_t width;

	if (m->attention == MODEL_GQA)
		width = 2ULL * m->head_dim;
	else if (decode)
		width = 2ULL * m->kv_lora_rank + m->qk_rope_dim;
	else
		width = m->qk_nope_dim + m->qk_rope_dim + m->v_dim;
	return 2ULL * m->layers * m->heads * width;
}

uint64_t model_flops(const struct model_config *m, const struct model_work *work)
{
	__uint128_t sum;

	sum = (__uint128_t)body_params(m, m->top_k) * 2 * work->tokens;
	sum += (__uint128_t)embedding_params(m) * 2 * work->sampled;
	sum += (__uint128_t)context_flops(m, true) * work->decode_context;
	sum += (__uint128_t)context_flops(m, false) * work->prefill_context;
	return sum > UINT64_MAX ? UINT64_MAX : (uint64_t)sum;
}
