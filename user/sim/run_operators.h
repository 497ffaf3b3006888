/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operators of a run's steps on its devices: what a roofline is drawn of.
 *
 * Two steps stand for all: a decode of as many requests as a step decoded in the mean, which attend
 * to as many tokens as a token of an answer did in the mean, and a prefill of the mean prompt, or
 * of as much of it as a step takes. All groups do the same. Counts are of one device in the mean of
 * all, so that those of all devices add up to what struct shard_sums counts of the step. Where that
 * is simpler, it differs: it leaves out operations of softmax, activations and sums, takes two of a
 * norm's weight, has the last norm of all tokens, and takes the activations of an MLA prefill for
 * those of as many decodes.
 */
#ifndef _SIM_RUN_OPERATORS_H
#define _SIM_RUN_OPERATORS_H

#include "sim/run_case.h"

#define RUN_OPERATORS_STEPS	2

/**
 * struct run_means - what the steps of a run had in the mean, at least 1 each
 * @batch: requests of a group that decode
 * @context: tokens that a decoded one attends to, itself included
 * @prompt: tokens of a prompt
 */
struct run_means {
	double batch;
	double context;
	double prompt;
};

/**
 * struct run_operators - operators of a step
 * @shape: of a group; its batch may differ from the mean so that microbatches are alike
 * @microbatches: that the group's requests are cut into
 * @ops: of a device, each one time; an operator's times are the layers of the model that have it
 * @device: rates of a device; where its classes of data lie in this step
 * @sums: what shard_step_ns() counted of the step in all groups
 */
struct run_operators {
	struct step_shape shape;
	uint32_t microbatches;
	struct operators ops;
	struct roofline device;
	struct shard_sums sums;
};

/**
 * run_operators_means - of a run that has served
 *
 * Return: whether any request was served.
 */
bool run_operators_means(const struct run_case *r, struct run_means *out);

/**
 * run_operators - operators of a step
 * @s: laid out; is not changed
 *
 * Return: 0, as operators_of_step().
 */
int run_operators(const struct shard *s, const struct run_means *means, enum step_stage stage,
		  struct run_operators *out, struct engine_error *e);

#endif /* _SIM_RUN_OPERATORS_H */
