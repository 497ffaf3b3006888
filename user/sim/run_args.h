/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a run is asked for: values by name, as options of a command and as keys of a scenario file.
 *
 * A scenario file is INI without sections; its keys are the names of the options:
 *
 *   model = llama-3.1-70b
 *   devices = 8
 *
 * Names of files in it that are not absolute are as seen from the working directory, as those of
 * options are.
 *
 * Requests come from a trace or from a load (sim/load.h), not from both: what a scenario file says
 * of one gives way to what is said of the other after it.
 */
#ifndef _SIM_RUN_ARGS_H
#define _SIM_RUN_ARGS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/model_config.h"

#define RUN_ZERO	UINT64_MAX
#define RUN_NOTE_MAX	160		/* bytes */
#define RUN_RATE_MAX	1000000000

enum run_text {
	RUN_NOTE,
	RUN_TRACE,
	RUN_MODEL,
	RUN_TIERS,
	RUN_NETWORK,
	RUN_PRICES,
	RUN_DTYPE,
	RUN_DECODING,
	RUN_DRAFT_MODEL,
	RUN_BOUND,
	RUN_CALIBRATION,
	RUN_KERNELS,
	RUN_TEXTS
};

enum run_number {
	RUN_REQUESTS,
	RUN_INPUT,
	RUN_INPUT_SPREAD,
	RUN_OUTPUT,
	RUN_OUTPUT_SPREAD,
	RUN_RATE,	/* in 1000 s; its text is in 1 s, with decimals */
	RUN_SEED,
	RUN_DEVICES,
	RUN_TP,
	RUN_PP,
	RUN_EP,
	RUN_DP,
	RUN_SLO_TTFT,
	RUN_SLO_TPOT,
	RUN_MAX_BATCH,
	RUN_MAX_STEP_TOKENS,
	RUN_BLOCK_TOKENS,
	RUN_OVERHEAD,
	RUN_BANDWIDTH,
	RUN_LIMIT,
	RUN_DRAFT_TOKENS,
	RUN_ACCEPTANCE,
	RUN_DENOISING_STEPS,
	RUN_DIFFUSION_BLOCK,
	RUN_PREFILL_DEVICES,
	RUN_PREFILL_TP,
	RUN_PREFILL_PP,
	RUN_NUMBERS
};

/**
 * struct run_args - the values; all 0 when nothing is asked for
 * @text: "" when not given
 * @number: 0 when not given, RUN_ZERO when 0 is
 */
struct run_args {
	char text[RUN_TEXTS][PATH_MAX];
	uint64_t number[RUN_NUMBERS];
	bool from_file;		/* trace or load are those of a scenario file */
};

/**
 * run_args_set - take a value
 * @name: "max-batch"
 *
 * Return: 0; -ENOENT there is no such name; -EINVAL the value is not one, or contradicts another.
 */
int run_args_set(struct run_args *args, const char *name, const char *value,
		 struct engine_error *e);

/**
 * run_args_read - take the values of a scenario file
 *
 * Those it does not give stay as they are. Return: 0; -EINVAL malformed; errno of fopen(3).
 */
int run_args_read(struct run_args *args, const char *path, struct engine_error *e);

/**
 * run_args_text - the value, or NULL when it is not given
 */
const char *run_args_text(const struct run_args *args, enum run_text which);

/**
 * run_args_number - the value, or its default when it is not given
 */
uint64_t run_args_number(const struct run_args *args, enum run_number which);

/**
 * run_args_dtype - of parameters and KV
 */
enum model_dtype run_args_dtype(const struct run_args *args);

/**
 * run_args_text_name, run_args_number_name - "max-batch"
 */
const char *run_args_text_name(enum run_text which);
const char *run_args_number_name(enum run_number which);

#endif /* _SIM_RUN_ARGS_H */
