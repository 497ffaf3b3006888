/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting operators: what the files of sim/operators.h share. */
#ifndef _SIM_OPERATORS_COUNT_H
#define _SIM_OPERATORS_COUNT_H

#include <stdbool.h>

#include "sim/operators.h"

/**
 * struct counting - operators that are being counted
 * @tokens: of all sequences
 * @scores: pairs of a token and one it attends to, of all sequences
 * @layers, @moe_layers: all, and those with experts
 * @too_large: a count was; what is in @out is of no use
 */
struct counting {
	const struct model_config *model;
	struct step_shape shape;
	struct number_bits bits;
	__uint128_t tokens;
	__uint128_t scores;
	uint64_t layers;
	uint64_t moe_layers;
	struct operators *out;
	bool too_large;
};

/**
 * struct count - one operator: operations and numbers that move
 */
struct count {
	const char *name;
	uint64_t times;
	__uint128_t ops;
	__uint128_t numbers[OPERATOR_DATA];
};

/**
 * count_add - add an operator; one of no layer is left out
 */
void count_add(struct counting *c, const struct count *count);

/**
 * count_product - a product with a matrix of weights, for all tokens
 * @bias: weights besides those of the matrix
 * @to: OPERATOR_ACT_WRITE or OPERATOR_KV_WRITE, what the outputs are
 */
void count_product(struct counting *c, const char *name, uint64_t times, uint64_t inputs,
		   uint64_t outputs, uint64_t bias, enum operator_data to);

/**
 * count_each - an operator on each of so many numbers
 * @ops: of a number
 * @inputs: so many are read for one that is written
 * @weights: of all
 */
void count_each(struct counting *c, const char *name, uint64_t times, __uint128_t numbers,
		uint32_t ops, uint32_t inputs, uint64_t weights);

/* Operations of a number. */
#define NORM_OPS	7
#define SOFTMAX_OPS	5
#define ACTIVATION_OPS	2
#define SUM_OPS		1

void count_attention(struct counting *c);
void count_ffn(struct counting *c);
void count_viewer(struct counting *c);

#endif /* _SIM_OPERATORS_COUNT_H */
