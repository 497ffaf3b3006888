/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The forward pass: a token at a position goes in, a score for each token comes out. */
#ifndef DECODER_FORWARD_H
#define DECODER_FORWARD_H

#include <stdint.h>

#include "experts.h"
#include "kv.h"
#include "memory.h"
#include "model.h"

/**
 * struct forward - what a forward pass works with
 * @weights: all tensors of @model, its caller's
 * @scratch: where the vectors below are, those of layers before the logits
 * @layer_bytes: of it, what every layer uses
 * @x: hidden state, embd
 * @norm: @x or what else was normalised, embd
 * @q, @k, @v: of this position, the heads side by side
 * @heads: what attention found, embd
 * @gate, @up: hidden layer of the feed-forward network, ff
 * @out: what attention or the feed-forward network add to @x, embd
 * @sum: of the experts' @out, embd
 * @score: of each position, for one head
 * @cosine, @sine: of this position's rotation, for each pair of dimensions
 * @logits: score of each token
 */
struct forward {
	const struct model *model;
	struct memory *memory;
	const struct area *weights;
	struct area scratch;
	uint64_t layer_bytes;
	struct kv kv;
	struct experts experts;
	float *x;
	float *norm;
	float *q;
	float *k;
	float *v;
	float *heads;
	float *gate;
	float *up;
	float *out;
	float *sum;
	float *score;
	float *cosine;
	float *sine;
	float *logits;
};

/* To be released, also on failure. */
int forward_make(struct forward *f, const struct model *model, struct memory *memory,
		 const struct area *weights, uint64_t positions, const char *kv_tier);
void forward_release(struct forward *f);

/**
 * forward_step - decode a token, as one step of the session
 * @kind: TERRACE_STEP_PREFILL or TERRACE_STEP_DECODE
 * @position: the one after the last step's
 */
int forward_step(struct forward *f, uint32_t kind, uint32_t token, uint64_t position,
		 struct terrace_step_end *cost);

/* For experts.c: slice x vector, and that it was read. */
void forward_multiply(struct forward *f, const struct tensor *t, uint64_t slice, const float *x,
		      float *out);

/* RMSNorm: x by the root of the mean of its squares, times the norm's weights. */
void forward_norm(struct forward *f, const struct tensor *weight, const float *x, float *out);

/* out = what one feed-forward network, or one expert, makes of a normalised state. */
void forward_network(struct forward *f, const struct layer *l, uint64_t slice, float *out);

#endif
