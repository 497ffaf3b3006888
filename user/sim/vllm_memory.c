// SPDX-License-Identifier: LGPL-2.1-or-later
/* KV that an accelerator has room for. */
#include "sim/vllm_memory.h"

#include "engine/prefix.h"

#define LOGIT_BYTES	24
#define RUNTIME_BYTES	(1U << 29)

/* Experts are whole where they are spread, all else is cut over the accelerators of an engine. */
static double weight_bytes(const struct vllm_memory *c, const struct model_config *m)
{
	double experts = 0;
	uint32_t i;

	for (i = 0; i < m->layers; i++)
		experts += (double)m->experts * model_part_bytes(m, MODEL_EXPERT, i);
	return ((double)model_weight_bytes(m) - experts) / c->tp +
	       experts / (c->ep > 1 ? c->ep : c->tp);
}

static double activation_bytes(const struct vllm_memory *c, const struct model_config *m)
{
	double wide = m->experts ? (double)m->top_k * m->expert_ffn : m->ffn;
	double token = (4.0 * m->hidden + 3 * wide / c->tp) * m->weight_dtype;

	return c->step_tokens * token + c->batch * m->vocab * LOGIT_BYTES;
}

uint32_t vllm_memory_blocks(const struct vllm_memory *c, const struct model_config *m)
{
	double left = c->memory_bytes * c->utilization - weight_bytes(c, m) -
		      activation_bytes(c, m) - RUNTIME_BYTES;
	double blocks = left / (c->block_tokens * model_kv_token_bytes(m) / c->tp);

	if (blocks < 1)
		return 0;
	return blocks < PREFIX_BLOCKS_MAX ? (uint32_t)blocks : PREFIX_BLOCKS_MAX;
}
