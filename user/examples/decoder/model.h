/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model of the llama architecture: its dimensions and where its tensors are. */
#ifndef DECODER_MODEL_H
#define DECODER_MODEL_H

#include <stdint.h>

#include "tensor.h"

/* What a file may say. The products of these fit into 64 bits. */
#define MODEL_EMBD_MAX		(1U << 16)
#define MODEL_LAYERS_MAX	1024U
#define MODEL_FF_MAX		(1U << 20)
#define MODEL_HEADS_MAX		4096U
#define MODEL_VOCAB_MAX		(1U << 20)
#define MODEL_EXPERTS_MAX	4096U
#define MODEL_USED_MAX		64U	/* experts of a token in a layer */

/* With experts there is a router, and gate, up and down have a slice for each of them. */
struct layer {
	struct tensor attn_norm;
	struct tensor q;
	struct tensor k;
	struct tensor v;
	struct tensor attn_out;
	struct tensor ffn_norm;
	struct tensor router;
	struct tensor gate;
	struct tensor up;
	struct tensor down;
};

/**
 * struct model - what a file says of itself
 * @weights_offset, @weights_bytes: range of the file that all tensors lie in
 * @embd: width of the hidden state
 * @ff: width of a feed-forward network, or of each expert
 * @kv_heads: heads that K and V have; @heads is a multiple
 * @experts, @experts_used: 0 without experts
 * @rope_dims: dimensions of a head that are rotated
 * @output: equals @token_embd where a file has none
 */
struct model {
	uint64_t weights_offset;
	uint64_t weights_bytes;
	uint32_t embd;
	uint32_t layers;
	uint32_t ff;
	uint32_t heads;
	uint32_t kv_heads;
	uint32_t vocab;
	uint32_t experts;
	uint32_t experts_used;
	uint32_t rope_dims;
	float rope_base;
	float norm_eps;
	struct tensor token_embd;
	struct tensor output_norm;
	struct tensor output;
	struct layer *layer;
};

/* Dimensions are possible; sets the defaults of what is 0. Before room for layers is made. */
int model_check_dimensions(struct model *m);

/* Makes room for the layers. */
int model_make_layers(struct model *m);

/* Every tensor is there, has the shape that the dimensions ask for, and lies within the weights. */
int model_check_tensors(struct model *m);

void model_release(struct model *m);

static inline uint32_t model_head_dim(const struct model *m)
{
	return m->embd / m->heads;
}

static inline uint32_t model_kv_dim(const struct model *m)
{
	return m->kv_heads * model_head_dim(m);
}

/* Floating point operations to decode the token at a position, its logits included. */
uint64_t model_token_flops(const struct model *m, uint64_t position);

#endif
