/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Models, from a Hugging Face config.json: parameters, bytes and operations.
 *
 * Knows dense decoders, grouped-query attention, multi-head latent attention (MLA), and mixtures of
 * experts: model_type llama, mistral, qwen2, qwen3, mixtral, qwen3_moe, deepseek_v2, deepseek_v3.
 * Any other model_type is read by its keys alone: with kv_lora_rank as MLA, else as GQA, without
 * biases and inner norms that its keys do not mention. A draft head for multi-token prediction is
 * not counted.
 *
 * Layers that attend to the last tokens alone (attention_chunk_size and no_rope_layer_interval of
 * Llama 4) count in the KV of a context only: operations are those of full attention, an upper
 * bound.
 *
 * Counts are in parameters, bytes are parameters times the bytes of the data type. Ranges of the
 * fields (checked on reading) keep all products below 2^63.
 *
 * Sources: KV of GQA 2 x layers x kv_heads x head_dim (Ainslie et al., EMNLP 2023), of MLA layers x
 * (kv_lora_rank + qk_rope_head_dim) (DeepSeek-V2, arXiv 2405.04434); 2 operations a parameter and
 * token, 4 x heads x head_dim a layer, token and token of context for attention (Kaplan et al.,
 * arXiv 2001.08361).
 *
 * Functions on a const structure are thread safe.
 */
#ifndef _ENGINE_MODEL_CONFIG_H
#define _ENGINE_MODEL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"

#define MODEL_LAYERS_MAX	1024
#define MODEL_EXPERTS_MAX	4096
#define MODEL_NAME_MAX		128

enum model_attention { MODEL_GQA, MODEL_MLA };

/* The value is the bytes of a number. */
enum model_dtype { MODEL_FP8 = 1, MODEL_BF16 = 2 };

/**
 * struct model_config - the shape of a model
 * @name: name of the file without folder and ".json"; of a file config.json its folder's name
 * @weight_dtype: data type of all parameters
 * @kv_dtype: data type of the KV cache
 * @layers: 1 to MODEL_LAYERS_MAX
 * @hidden, @heads, @kv_heads, @head_dim, @ffn, @vocab: as in the config file
 * @tied: the embedding is the lm_head as well
 * @qkv_bias: query, key and value projections have biases
 * @qk_norm: query and key heads are normalised (qwen3)
 * @q_lora_rank, @kv_lora_rank, @qk_nope_dim, @qk_rope_dim, @v_dim: MLA only; q_lora_rank may be 0
 * @experts: experts of a MoE layer, 0 = dense model, to MODEL_EXPERTS_MAX
 * @top_k: experts a token is routed to, 1 to @experts
 * @expert_ffn: intermediate size of an expert
 * @shared_ffn: intermediate size of all shared experts of a layer together; 0 = none
 * @router_bias: the router has a bias for each expert (deepseek_v3)
 * @first_dense: layers before the first MoE layer
 * @moe_every: of the rest every so many-th layer is MoE, 1 = all
 * @local_window: tokens whose KV a local layer keeps at most; 0 = no layer is local
 * @global_every: every so many-th layer is not local
 */
struct model_config {
	char name[MODEL_NAME_MAX];
	enum model_attention attention;
	enum model_dtype weight_dtype;
	enum model_dtype kv_dtype;
	uint32_t layers;
	uint32_t hidden;
	uint32_t heads;
	uint32_t kv_heads;
	uint32_t head_dim;
	uint32_t ffn;
	uint32_t vocab;
	bool tied;
	bool qkv_bias;
	bool qk_norm;
	uint32_t q_lora_rank;
	uint32_t kv_lora_rank;
	uint32_t qk_nope_dim;
	uint32_t qk_rope_dim;
	uint32_t v_dim;
	uint32_t experts;
	uint32_t top_k;
	uint32_t expert_ffn;
	uint32_t shared_ffn;
	bool router_bias;
	uint32_t first_dense;
	uint32_t moe_every;
	uint32_t local_window;
	uint32_t global_every;
};

/**
 * model_config_read - read a config.json
 * @path: the file
 * @dtype: of parameters and KV; the file's own torch_dtype is not looked at
 * @out: filled when 0 is returned
 * @e: set when an error is returned
 *
 * Return: 0; -EINVAL not JSON, a missing key or a value out of range; -ENOENT and other negative
 * errno values of open(2).
 */
int model_config_read(const char *path, enum model_dtype dtype, struct model_config *out,
		      struct engine_error *e);

/**
 * model_dtype_parse - "bf16" or "fp8"
 *
 * Return: enum model_dtype; -EINVAL for anything else.
 */
int model_dtype_parse(const char *name);

/**
 * enum model_part - what weights are made of
 * @MODEL_EMBEDDING: once; a step reads the rows of its tokens only
 * @MODEL_ATTENTION: every layer; projections and their biases and inner norms
 * @MODEL_NORM: every layer, and once more after the last
 * @MODEL_FFN: every dense layer
 * @MODEL_ROUTER: every MoE layer
 * @MODEL_SHARED_EXPERT: every MoE layer, when the model has shared experts
 * @MODEL_EXPERT: every expert of every MoE layer
 * @MODEL_LM_HEAD: once; absent when it is tied to the embedding
 */
enum model_part {
	MODEL_EMBEDDING,
	MODEL_ATTENTION,
	MODEL_NORM,
	MODEL_FFN,
	MODEL_ROUTER,
	MODEL_SHARED_EXPERT,
	MODEL_EXPERT,
	MODEL_LM_HEAD,
};

#define MODEL_PARTS	8

/**
 * model_part_name - "embedding", "attention", "norm", "ffn", "router", "shared_expert", "expert",
 * "lm_head"
 */
const char *model_part_name(enum model_part part);

/**
 * model_is_moe - is this layer a mixture of experts?
 */
bool model_is_moe(const struct model_config *m, uint32_t layer);

/**
 * model_part_params - parameters of one part in one layer (of one expert)
 * @layer: 0 to layers - 1; for MODEL_NORM also layers (the last norm); ignored for the others that
 *         exist once
 *
 * Return: 0 when the layer has no such part.
 */
uint64_t model_part_params(const struct model_config *m, enum model_part part, uint32_t layer);
uint64_t model_part_bytes(const struct model_config *m, enum model_part part, uint32_t layer);

/**
 * model_params - all parameters
 * model_active_params - parameters that work on one token: all but experts it is not routed to
 * model_weight_bytes - bytes of all parameters
 */
uint64_t model_params(const struct model_config *m);
uint64_t model_active_params(const struct model_config *m);
uint64_t model_weight_bytes(const struct model_config *m);

/**
 * model_kv_token_bytes - KV bytes of one token in all layers
 */
uint64_t model_kv_token_bytes(const struct model_config *m);

/**
 * model_kv_layer_bytes - KV bytes that one layer keeps of a context
 * @layer: 0 to layers - 1
 * @tokens: of the context, below 2^32
 */
uint64_t model_kv_layer_bytes(const struct model_config *m, uint32_t layer, uint64_t tokens);

/**
 * model_kv_context_bytes - KV bytes that all layers keep of a context
 */
uint64_t model_kv_context_bytes(const struct model_config *m, uint64_t tokens);

/**
 * struct model_work - what a step computes
 * @tokens: tokens that pass through the layers
 * @sampled: tokens for which the lm_head is computed
 * @decode_context: sum over tokens decoded one at a time of the tokens each attends to
 * @prefill_context: the same for tokens of prompts
 */
struct model_work {
	uint64_t tokens;
	uint64_t sampled;
	uint64_t decode_context;
	uint64_t prefill_context;
};

/**
 * model_flops - floating point operations of a step
 *
 * 2 x parameters (embedding and lm_head apart) x tokens + 2 x lm_head x sampled + attention. MLA
 * decodes in its absorbed form (heads x (2 x kv_lora_rank + qk_rope) x 2 a layer and token of
 * context) and prefills in its plain one (heads x (qk_nope + qk_rope + v) x 2).
 *
 * Return: operations; UINT64_MAX when they do not fit.
 */
uint64_t model_flops(const struct model_config *m, const struct model_work *work);

#endif /* _ENGINE_MODEL_CONFIG_H */
