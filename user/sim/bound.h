/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Throughput that a node cannot exceed, whatever serves: peak rates, nothing lost to latency or
 * communication.
 *
 * Operations are two for each parameter that works on a token (the embedding apart) and token;
 * attention is left out, so that the bound stays one.
 */
#ifndef _SIM_BOUND_H
#define _SIM_BOUND_H

#include <stdint.h>

#include "engine/model_config.h"

/**
 * struct bound_node - accelerators that share a model, all alike
 * @peak_ops, @bandwidth_bps, @capacity_bytes: of each
 */
struct bound_node {
	double devices;
	double peak_ops;
	double bandwidth_bps;
	double capacity_bytes;
};

/**
 * struct bound_model - a model and how it is stored
 */
struct bound_model {
	struct model_config config;
	uint32_t weight_bits;
	uint32_t kv_bits;
};

/**
 * bound_stream - tokens/s when each step reads the weights once and nothing else
 * @batch: tokens of a step; of experts those that they need are read
 *
 * batch x devices x bandwidth / bytes of the weights that a step reads
 *
 * Return: 0 when the step is out of range.
 */
double bound_stream(const struct bound_model *m, const struct bound_node *n, uint64_t batch);

/**
 * bound_serving - output tokens/s of requests that all have the same lengths
 *
 * As many sequences as have room beside the weights at their mean length (input + output / 2); a
 * step of decode takes the larger of memory (all weights and KV once) and operations, the prefill
 * its operations.
 *
 * Return: 0 when the weights do not fit.
 */
double bound_serving(const struct bound_model *m, const struct bound_node *n, double input,
		     double output);

/**
 * bound_compute - output tokens/s by operations alone
 */
double bound_compute(const struct bound_model *m, const struct bound_node *n, double input,
		     double output);

#endif /* _SIM_BOUND_H */
