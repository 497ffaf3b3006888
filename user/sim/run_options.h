/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of terrace-sim run. */
#ifndef _SIM_RUN_OPTIONS_H
#define _SIM_RUN_OPTIONS_H

#include "engine/model_config.h"
#include "sim/run_report.h"

/* Numbers; 0 = not given. */
enum run_number {
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
	RUN_NUMBERS
};

/**
 * struct run_args - the command line
 * @trace, @model: given
 * @tiers, @network, @prices: NULL when not given
 * @dtype: 0 when not given
 */
struct run_args {
	const char *trace;
	const char *model;
	const char *tiers;
	const char *network;
	const char *prices;
	enum model_dtype dtype;
	enum run_format format;
	uint64_t number[RUN_NUMBERS];
};

/**
 * run_options_parse - parse the command line; ends the program when it is wrong
 */
void run_options_parse(int argc, char **argv, struct run_args *args);

/**
 * run_options_name - "max-batch"
 */
const char *run_options_name(enum run_number number);

#endif /* _SIM_RUN_OPTIONS_H */
