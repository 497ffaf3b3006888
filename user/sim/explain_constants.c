// SPDX-License-Identifier: LGPL-2.1-or-later
/* Constants of the code and defaults of options. */
#include "sim/explain_constants.h"

#include "sim/cost.h"
#include "sim/endurance.h"
#include "sim/run_defaults.h"

const struct explain_constant explain_constants[] = {
	{ "YEAR", ENDURANCE_YEAR_S, "s", false, true, "a Julian year, 365.25 days of 86,400 s" },
	{ "JOULES_PER_KWH", JOULES_PER_KWH, "J/kWh", false, true,
	  "SI: 1,000 W for 3,600 s" },
	{ "slo-ttft", RUN_DEFAULT_TTFT_MS, "ms", true, true,
	  "MLPerf Inference, Llama 2 70B, server scenario" },
	{ "slo-tpot", RUN_DEFAULT_TPOT_MS, "ms", true, true,
	  "MLPerf Inference, Llama 2 70B, server scenario" },
	{ "max-batch", RUN_DEFAULT_BATCH, "requests", true, true, "vLLM's max_num_seqs" },
	{ "max-step-tokens", RUN_DEFAULT_STEP_TOKENS, "tokens", true, true,
	  "vLLM's max_num_batched_tokens when it serves on an H100" },
	{ "block-tokens", RUN_DEFAULT_BLOCK_TOKENS, "tokens", true, true, "vLLM's block_size" },
	{ "overhead", RUN_DEFAULT_OVERHEAD_US, "us", true, false,
	  "software takes no time unless it is said" },
	{ "bandwidth", RUN_DEFAULT_BANDWIDTH, "permille", true, false,
	  "tiers reach the bandwidth of their profiles" },
};

const size_t explain_constants_n = sizeof(explain_constants) / sizeof(explain_constants[0]);
