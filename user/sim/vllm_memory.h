/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KV that an accelerator has room for when vLLM serves from it: an estimate, for configurations
 * that do not say.
 *
 * Its share of the memory, less the weights; what the greatest step needs beside them: states and
 * the widest layer of all tokens of a step, and for each logit of a whole batch 24 bytes (itself,
 * sorted, where it was, as a probability, summed up); and half a GiB that the runtime keeps. Where
 * a configuration says how many blocks there were (Llama-3.1-8B on 24 GB: 2588), this says 2 %
 * more.
 */
#ifndef _SIM_VLLM_MEMORY_H
#define _SIM_VLLM_MEMORY_H

#include <stdint.h>

#include "engine/model_config.h"

/**
 * struct vllm_memory - a configuration
 * @memory_bytes: of an accelerator
 * @utilization: how much of it may be used
 * @tp: accelerators of an engine
 * @ep: accelerators that experts are spread over, 1 = none are
 * @batch: requests in a batch
 * @step_tokens: tokens of a step
 * @block_tokens: of a block of KV
 */
struct vllm_memory {
	double memory_bytes;
	double utilization;
	double tp;
	double ep;
	double batch;
	double step_tokens;
	double block_tokens;
};

/**
 * vllm_memory_blocks - blocks of KV of an engine; 0 when the weights do not fit
 */
uint32_t vllm_memory_blocks(const struct vllm_memory *c, const struct model_config *m);

#endif /* _SIM_VLLM_MEMORY_H */
