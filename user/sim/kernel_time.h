/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long a step takes, from measured kernels.
 *
 * A step is the sum of its kernels, one after the other: embedding; in every layer two norms, the
 * projections, two norms of heads if the model has them, rotation, attention of what decodes and of
 * prompts, the dense layer or the experts, and what is sent between accelerators; at last a norm,
 * the lm_head and the sampler, for the tokens that come out.
 *
 * Sent between tp accelerators: an all-reduce of all tokens' states behind the attention and behind
 * the dense layer or the experts of every layer, and one behind the embedding; as a ring, 2 (tp -
 * 1) times latency + bytes / tp / bandwidth (Thakur, Rabenseifner, Gropp, IJHPCA 2005). At the end
 * the parts of the logits are gathered, (tp - 1) times latency + bytes of a part / bandwidth.
 *
 * With experts that are spread over ep accelerators each computes its own ones for all tokens: as
 * long as for 1 / ep of the tokens on 1 / ep of the experts that have any. Routing is taken as
 * even: T tokens that choose k of E experts leave E (1 - k / E)^T of them without any. Engines that
 * step together share them, and all wait for the slowest: before the experts every engine collects
 * the states of all engines' tokens, behind them it gets the sum of its own ones; each is (engines
 * - 1) times latency + bytes / bandwidth of the tokens that the engine with most of them has
 * (vLLM's all-gather and reduce-scatter).
 *
 * Between two kernels of a CUDA graph there is a gap that no kernel's own time holds:
 * KERNEL_GAP_US, from 2.9 us of a kernel that takes 3.4 us in a graph (Gray, Getting Started with
 * CUDA Graphs, NVIDIA 2019). A layer is of two norms, projections of the heads and back, rotation,
 * attention and what writes KV (KERNEL_LAYER); one for each norm of heads; dense another
 * KERNEL_DENSE; experts KERNEL_EXPERTS: router, choice, two for sorting, two products, activation,
 * sum.
 */
#ifndef _SIM_KERNEL_TIME_H
#define _SIM_KERNEL_TIME_H

#include "engine/model_config.h"
#include "sim/kernel_tables.h"
#include "sim/serve.h"

#define KERNEL_GAP_US	0.5
#define KERNEL_LAYER	7
#define KERNEL_DENSE	3
#define KERNEL_EXPERTS	8

/**
 * struct kernel_time - where and on what steps run
 * @tp: accelerators of an engine
 * @ep: accelerators that the experts are spread over, 1 = each has all, or its part of all
 * @link_bytes_s, @link_latency_s: between two accelerators
 * @overhead_s: of a step, in which no kernel runs; 0 when the next step is planned and sent off
 *              while one runs
 */
struct kernel_time {
	const struct kernel_tables *tables;
	const struct model_config *model;
	double tp;
	double ep;
	double link_bytes_s;
	double link_latency_s;
	double overhead_s;
};

/**
 * kernel_time_check - were the parts measured without which a step is not a step?
 * @hardware: for the error
 *
 * Return: 0; -ENOENT.
 */
int kernel_time_check(const struct kernel_tables *t, const struct model_config *m,
		      const char *hardware, struct engine_error *e);

/**
 * kernel_time_step - serve_time's callback
 * @ctx: struct kernel_time
 */
uint64_t kernel_time_step(void *ctx, const struct serve_step *steps, uint32_t n);

#endif /* _SIM_KERNEL_TIME_H */
