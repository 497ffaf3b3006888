/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Routing: which experts a step's tokens need in each layer of a mixture of experts.
 *
 * From a file of recorded choices, replayed in order and from the start again when it ends, or
 * drawn: in each layer the experts' popularity follows Zipf's law, p(r) ~ 1/r^s, over a permutation
 * of the experts that is seeded by layer, and a token takes top_k different experts one after the
 * other. s = 0 is uniform.
 *
 * Files: CSV "layer,expert", one line a choice, top_k consecutive lines of a layer make a token; or
 * JSONL {"layer", "batch_id", "topk_experts": [[...], ...]}, one inner list a token. Every MoE
 * layer must occur.
 *
 * The same options give the same choices in the same order of calls. Not thread safe.
 */
#ifndef _ENGINE_ROUTING_H
#define _ENGINE_ROUTING_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/model_config.h"

#define ROUTING_ZIPF_MAX	4.0

struct routing;

/**
 * struct routing_options - where choices come from
 * @file: recorded choices; NULL = drawn
 * @strict: a malformed line of the file is an error instead of being left out
 * @zipf: s, 0 to ROUTING_ZIPF_MAX
 * @seed: of permutations and draws
 */
struct routing_options {
	const char *file;
	bool strict;
	double zipf;
	uint64_t seed;
};

/**
 * routing_create - begin routing for a model with experts
 * @m: copied
 * @out: to be freed with routing_free()
 *
 * Return: 0; -EINVAL the model has no experts, an option is out of range, the file has no usable
 * line, lacks a MoE layer, or (strict) has a malformed line; -ENOMEM; negative errno of fopen(3).
 */
int routing_create(const struct model_config *m, const struct routing_options *options,
		   struct routing **out, struct engine_error *e);
void routing_free(struct routing *r);

/**
 * routing_bad_lines - malformed lines of the file that were left out
 */
uint64_t routing_bad_lines(const struct routing *r);

/**
 * routing_token - the experts of the next token in a layer
 * @layer: a MoE layer
 * @experts: receives top_k different experts
 */
void routing_token(struct routing *r, uint32_t layer, uint32_t *experts);

/**
 * routing_step - the distinct experts of the next @tokens tokens in a layer
 * @experts: room for all experts; receives them in ascending order
 *
 * Up to ROUTING_EXACT tokens are drawn one by one. Beyond that each expert is drawn once with the
 * probability 1 - (1 - q)^tokens that some token takes it, q being its share of tokens (measured
 * once over many tokens): the same expectation for each expert at a cost that does not grow.
 *
 * Return: how many there are.
 */
#define ROUTING_EXACT	64
uint32_t routing_step(struct routing *r, uint32_t layer, uint32_t tokens, uint32_t *experts);

#endif /* _ENGINE_ROUTING_H */
