/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operators of one step of a model: operations and bytes.
 *
 * All sequences of a batch are alike. Counts are whole numbers: operations, and bits that move by
 * kind of data, each a number of numbers times the bits of one. Norms, softmax and other operators
 * without weights take so many operations a number: norm 7, softmax 5, activation 2, sum 1.
 *
 * Pure functions, thread safe.
 */
#ifndef _SIM_OPERATORS_H
#define _SIM_OPERATORS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/model_config.h"

#define OPERATORS_MAX		32
#define STEP_BATCH_MAX		(1U << 20)
#define STEP_CONTEXT_MAX	(1U << 30)
#define NUMBER_BITS_MAX		64

/**
 * enum operator_convention - what is counted; results of different ones are never added up
 * @OPERATORS_EXACT: ours. A product takes two operations for each weight and token. Attention is
 *	one operator that reads queries, keys and values once and keeps its scores on the chip; a
 *	token attends to those before it only (half of the square in prefill). The embedding's rows
 *	are read, the lm_head is computed for the last token of each sequence, and norms and biases
 *	have weights: their sum is what model_params() counts. Experts see model_config.h; MLA
 *	decodes in its absorbed form and prefills in its plain one. Rotary embeddings are left out.
 * @OPERATORS_LLM_VIEWER: as LLM-Viewer counts (https://github.com/hahnyuan/LLM-Viewer, 472f71f),
 *	dense models with GQA only. Scores go to memory and back, also those of later tokens; the
 *	qk_matmul of a prefill reads as many queries as there are KV heads; the lm_head takes one
 *	operation a weight and sequence and moves the activations of one sequence; no embedding,
 *	no last norm, no weights of norms, no biases; a head has hidden / heads numbers.
 */
enum operator_convention { OPERATORS_EXACT, OPERATORS_LLM_VIEWER };

/* Kinds of data. */
enum operator_data {
	OPERATOR_WEIGHTS,
	OPERATOR_ACT_READ,
	OPERATOR_ACT_WRITE,
	OPERATOR_KV_READ,
	OPERATOR_KV_WRITE,
	OPERATOR_DATA
};

/**
 * struct number_bits - bits of a number, 1 to NUMBER_BITS_MAX
 */
struct number_bits {
	uint32_t weights;
	uint32_t activations;
	uint32_t kv;
};

enum step_stage { STEP_DECODE, STEP_PREFILL };

/**
 * struct step_shape - what a step does
 * @batch: sequences, 1 to STEP_BATCH_MAX
 * @tokens: of each that pass through the layers, 1 to @context; 1 when @stage is STEP_DECODE
 * @context: tokens that the last of them attends to, itself included, to STEP_CONTEXT_MAX
 */
struct step_shape {
	enum step_stage stage;
	uint64_t batch;
	uint64_t tokens;
	uint64_t context;
};

/**
 * struct sim_operator - one operator
 * @name: "q_proj"
 * @times: layers that have it
 * @ops: operations of one time
 * @bits: of one time, by enum operator_data
 */
struct sim_operator {
	const char *name;
	uint64_t times;
	uint64_t ops;
	uint64_t bits[OPERATOR_DATA];
};

/**
 * struct operators - of a step, in the order of the first layer that has them
 */
struct operators {
	struct sim_operator op[OPERATORS_MAX];
	size_t n;
};

/**
 * operators_of_step - count
 * @m: its data types are not looked at
 * @out: filled when 0 is returned
 *
 * Return: 0; -EINVAL a shape out of range, or a model the convention does not know; -ERANGE counts
 * that are too large (the sum of all is below 2^63 otherwise).
 */
int operators_of_step(const struct model_config *m, const struct step_shape *shape,
		      const struct number_bits *bits, enum operator_convention convention,
		      struct operators *out, struct engine_error *e);

/**
 * operators_total - the sum over operators and layers, as one operator
 */
struct sim_operator operators_total(const struct operators *ops);

/**
 * operators_find - the operator of a name
 *
 * Return: NULL when there is none.
 */
const struct sim_operator *operators_find(const struct operators *ops, const char *name);

/**
 * operator_bytes - bytes of all kinds of data, of one time
 */
double operator_bytes(const struct sim_operator *op);

/**
 * operators_experts_touched - expected number of experts of a layer that a step needs
 *
 * experts x (1 - (1 - top_k / experts)^tokens): each token takes top_k experts, all alike.
 */
double operators_experts_touched(const struct model_config *m, uint64_t tokens);

#endif /* _SIM_OPERATORS_H */
