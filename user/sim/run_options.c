// SPDX-License-Identifier: LGPL-2.1-or-later
/* The options of terrace-sim run. */
#include "sim/run_options.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/command.h"
#include "sim/system.h"

enum {
	KEY_TRACE = 256, KEY_MODEL, KEY_TIERS, KEY_NETWORK, KEY_PRICES, KEY_DTYPE, KEY_CSV,
	KEY_NUMBER,	/* and those of the numbers from here */
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What is served:", 1 },
	{ "trace", KEY_TRACE, "FILE", 0,
	  "Requests: Mooncake JSONL, Azure, lengths or BurstGPT CSV, LLMServingSim JSONL", 1 },
	{ "model", KEY_MODEL, "MODEL", 0, "A config.json of Hugging Face, or a model's name", 1 },
	{ "dtype", KEY_DTYPE, "TYPE", 0, "bf16 (default) or fp8, of weights and KV", 1 },
	{ "limit", KEY_NUMBER + RUN_LIMIT, "REQUESTS", 0, "Serve only so many requests", 1 },
	{ NULL, 0, NULL, 0, "On what:", 2 },
	{ "devices", KEY_NUMBER + RUN_DEVICES, "N", 0, "Devices (1)", 2 },
	{ "tiers", KEY_TIERS, "TIERS", 0,
	  "Tier file of a device, or its name (" SYSTEM_TIERS "), see terrace-tiers(5)", 2 },
	{ "network", KEY_NETWORK, "NETWORK", 0,
	  "Network file, or its name (" SYSTEM_NETWORK "); a switch where it has no such size", 2 },
	{ "prices", KEY_PRICES, "PRICES", 0, "File of prices, or its name (" SYSTEM_PRICES ")", 2 },
	{ "overhead", KEY_NUMBER + RUN_OVERHEAD, "US", 0,
	  "Microseconds of software in each step (0)", 2 },
	{ "bandwidth", KEY_NUMBER + RUN_BANDWIDTH, "PERMILLE", 0,
	  "Share of the tiers' bandwidth that is reached (1000)", 2 },
	{ NULL, 0, NULL, 0, "How; by default the layout that holds most KV:", 3 },
	{ "tp", KEY_NUMBER + RUN_TP, "N", 0, "Tensor parallel devices", 3 },
	{ "pp", KEY_NUMBER + RUN_PP, "N", 0, "Pipeline stages", 3 },
	{ "dp", KEY_NUMBER + RUN_DP, "N", 0, "Groups, with a scheduler each", 3 },
	{ "ep", KEY_NUMBER + RUN_EP, "N", 0,
	  "Devices that share the experts: TP x DP of a mixture, 1 of other models", 3 },
	{ "max-batch", KEY_NUMBER + RUN_MAX_BATCH, "N", 0, "Requests of a group at a time (256)",
	  3 },
	{ "max-step-tokens", KEY_NUMBER + RUN_MAX_STEP_TOKENS, "N", 0,
	  "Tokens of a group's step (8192)", 3 },
	{ "block-tokens", KEY_NUMBER + RUN_BLOCK_TOKENS, "N", 0, "Tokens of a block of KV (16)",
	  3 },
	{ NULL, 0, NULL, 0, "What is told:", 4 },
	{ "slo-ttft", KEY_NUMBER + RUN_SLO_TTFT, "MS", 0,
	  "A first token later than that is of no use, nor are those behind it (2000)", 4 },
	{ "slo-tpot", KEY_NUMBER + RUN_SLO_TPOT, "MS", 0,
	  "Tokens that take longer in the mean of a request are of no use (200)", 4 },
	{ "json", 'j', NULL, 0, "Print JSON instead of text", 4 },
	{ "csv", KEY_CSV, NULL, 0, "Print a line for each figure", 4 },
	{ 0 }
};

static const uint64_t highest[RUN_NUMBERS] = {
	[RUN_DEVICES] = SYSTEM_DEVICES_MAX,
	[RUN_TP] = SYSTEM_DEVICES_MAX,
	[RUN_PP] = SYSTEM_DEVICES_MAX,
	[RUN_EP] = SYSTEM_DEVICES_MAX,
	[RUN_DP] = SYSTEM_DEVICES_MAX,
	[RUN_SLO_TTFT] = 1000000000,
	[RUN_SLO_TPOT] = 1000000000,
	[RUN_MAX_BATCH] = SERVE_BATCH_MAX,
	[RUN_MAX_STEP_TOKENS] = 1U << 20,
	[RUN_BLOCK_TOKENS] = TRACE_BLOCK_TOKENS,
	[RUN_OVERHEAD] = 1000000000,
	[RUN_BANDWIDTH] = 1000,
	[RUN_LIMIT] = TRACE_REQUESTS_MAX,
};

const char *run_options_name(enum run_number number)
{
	const struct argp_option *o = options;

	while (o->key != (int)(KEY_NUMBER + number))
		o++;
	return o->name;
}

static void parse_number(struct run_args *args, enum run_number number, const char *arg,
			 struct argp_state *state)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(arg, &end, 10);
	if (errno || *end || end == arg || arg[0] == '-' || !value || value > highest[number])
		argp_error(state, "--%s is \"%s\"; give a number from 1 to %llu",
			   run_options_name(number), arg, (unsigned long long)highest[number]);
	args->number[number] = value;
}

static void parse_dtype(struct run_args *args, const char *arg, struct argp_state *state)
{
	int dtype = model_dtype_parse(arg);

	if (dtype < 0)
		argp_error(state, "--dtype is \"%s\"; give bf16 or fp8", arg);
	args->dtype = dtype;
}

static const char **text_of(struct run_args *args, int key)
{
	switch (key) {
	case KEY_TRACE:
		return &args->trace;
	case KEY_MODEL:
		return &args->model;
	case KEY_TIERS:
		return &args->tiers;
	case KEY_NETWORK:
		return &args->network;
	case KEY_PRICES:
		return &args->prices;
	default:
		return NULL;
	}
}

static void check(const struct run_args *args, struct argp_state *state)
{
	if (!args->trace || !args->model)
		argp_error(state, "--trace and --model are needed");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_args *args = state->input;
	const char **text = text_of(args, key);

	if (text) {
		*text = arg;
		return 0;
	}
	if (key >= KEY_NUMBER && key < KEY_NUMBER + RUN_NUMBERS) {
		parse_number(args, key - KEY_NUMBER, arg, state);
		return 0;
	}
	switch (key) {
	case KEY_DTYPE:
		parse_dtype(args, arg, state);
		return 0;
	case 'j':
		args->format = RUN_JSON;
		return 0;
	case KEY_CSV:
		args->format = RUN_CSV;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", arg);
		return 0;
	case ARGP_KEY_END:
		check(args, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, NULL,
	"Serve the requests of a trace on devices that need not exist, and say what it takes.\v"
	"Everything has a default that the report states. A file that does not fit, a model that "
	"the devices do not hold: exit status 1, and one sentence says what to change.",
	NULL, NULL, NULL
};

void run_options_parse(int argc, char **argv, struct run_args *args)
{
	*args = (struct run_args) { 0 };
	command_parse(&argp, argc, argv, args);
}
