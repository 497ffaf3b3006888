/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a run computes its figures from: the program, what is asked for, and what is in its files.
 *
 * Each file is looked at once. Not thread safe.
 */
#ifndef _SIM_RUN_INPUTS_H
#define _SIM_RUN_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include "sim/run_args.h"

/**
 * struct run_inputs - files that were looked at; all 0 in the beginning
 */
struct run_inputs {
	struct run_input *input;
	size_t n;
	uint64_t program;
};

/**
 * run_inputs_key - 64 bits that stand for all of a run's input
 *
 * Models, tiers, networks and prices are read as well, so that what is wrong in them is said here.
 *
 * Return: 0; -ENOENT there is no file of a name; errors of the files' readers; -ENOMEM.
 */
int run_inputs_key(struct run_inputs *in, const struct run_args *args, uint64_t *key,
		   struct engine_error *e);

void run_inputs_free(struct run_inputs *in);

#endif /* _SIM_RUN_INPUTS_H */
