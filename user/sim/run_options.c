// SPDX-License-Identifier: LGPL-2.1-or-later
/* The options of a run. */
#include "sim/run_options.h"

#include "sim/run_load.h"
#include "sim/run_scenario.h"
#include "sim/system.h"

enum {
	KEY_SCENARIO = 512,
	KEY_VALUE,	/* taken by run_args_set() under the option's name; those after it as well */
};

#define VALUE(name, value, doc, group)	{ name, KEY_VALUE + __COUNTER__, value, 0, doc, group }

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What is served:", 1 },
	{ "scenario", KEY_SCENARIO, "FILE", 0, "A file of these options, NAME = VALUE, or its name",
	  1 },
	VALUE("trace", "FILE",
	      "Requests: Mooncake JSONL, Azure, lengths or BurstGPT CSV, LLMServingSim JSONL", 1),
	VALUE("model", "MODEL", "A config.json of Hugging Face, or a model's name", 1),
	VALUE("dtype", "TYPE", "bf16 (default) or fp8, of weights and KV", 1),
	VALUE("limit", "REQUESTS", "Serve only so many requests", 1),
	VALUE("requests", "N", "Instead of a trace: so many requests (1000)", 1),
	VALUE("input", "TOKENS", "Their prompts' mean length (1024)", 1),
	VALUE("output", "TOKENS", "Their answers' mean length (128)", 1),
	VALUE("input-spread", "PERMILLE",
	      "Lognormal prompts: deviation in thousandths of the mean (all are equal)", 1),
	VALUE("output-spread", "PERMILLE", "The same for answers", 1),
	VALUE("rate", "PER_SECOND", "Poisson arrivals in a second (all come at once)", 1),
	VALUE("seed", "N", "Of all that is random (1)", 1),
	VALUE("note", "TEXT", "Said in the report", 1),
	{ NULL, 0, NULL, 0, "On what:", 2 },
	VALUE("devices", "N", "Devices (1)", 2),
	VALUE("tiers", "TIERS",
	      "Tier file of a device, or its name (" SYSTEM_TIERS "), see terrace-tiers(5)", 2),
	VALUE("network", "NETWORK",
	      "Network file, or its name (" SYSTEM_NETWORK "); a switch where it has no such size",
	      2),
	VALUE("prices", "PRICES", "File of prices, or its name (" SYSTEM_PRICES ")", 2),
	VALUE("overhead", "US", "Microseconds of software in each step (0)", 2),
	VALUE("bandwidth", "PERMILLE", "Share of the tiers' bandwidth that is reached (1000)", 2),
	VALUE("bound", "BOUND", "overlapped (default): the slowest of operations and tiers; or "
	      "serial: their sum", 2),
	VALUE("calibration", "CALIBRATION",
	      "What kernels reach, a file or its name, instead of the above three", 2),
	VALUE("kernels", "DIR", "Tables of measured kernels of the calibration's hardware", 2),
	{ NULL, 0, NULL, 0, "How; by default the layout that holds most KV:", 3 },
	VALUE("tp", "N", "Tensor parallel devices", 3),
	VALUE("pp", "N", "Pipeline stages", 3),
	VALUE("dp", "N", "Groups, with a scheduler each", 3),
	VALUE("ep", "N", "Devices that share the experts: TP x DP of a mixture, 1 of other models",
	      3),
	VALUE("prefill-devices", "N",
	      "Devices that compute prompts; the others decode, and the above is theirs", 3),
	VALUE("prefill-tp", "N", "Tensor parallel devices of these", 3),
	VALUE("prefill-pp", "N", "Pipeline stages of these", 3),
	VALUE("max-batch", "N", "Requests of a group at a time (256)", 3),
	VALUE("max-step-tokens", "N", "Tokens of a group's step (8192)", 3),
	VALUE("block-tokens", "N", "Tokens of a block of KV (16)", 3),
	{ NULL, 0, NULL, 0, "How answers come out:", 6 },
	VALUE("decoding", "KIND", "autoregressive (default), speculative or diffusion", 6),
	VALUE("draft-tokens", "N", "Tokens that are guessed in a step of speculative decoding", 6),
	VALUE("acceptance", "PERMILLE", "Chance that one is right if those before it were", 6),
	VALUE("draft-model", "MODEL", "What guesses them; without it they cost nothing", 6),
	VALUE("denoising-steps", "N", "Steps that a block takes with diffusion", 6),
	VALUE("diffusion-block", "N", "Tokens of a block that comes out at once", 6),
	{ NULL, 0, NULL, 0, "What is useful:", 4 },
	VALUE("slo-ttft", "MS",
	      "A first token later than that is of no use, nor are those behind it (2000)", 4),
	VALUE("slo-tpot", "MS",
	      "Tokens that take longer in the mean of a request are of no use (200)", 4),
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const struct argp_option *o = options;
	struct engine_error e;

	if (key == KEY_SCENARIO) {
		if (run_scenario_read(state->input, arg, &e))
			argp_error(state, "%s", e.text);
		return 0;
	}
	while ((o->name || o->doc) && o->key != key)
		o++;
	if (!o->name)
		return ARGP_ERR_UNKNOWN;
	if (run_args_set(state->input, o->name, arg, &e))
		argp_error(state, "--%s", e.text);
	return 0;
}

const struct argp run_options_argp = { options, parse, NULL, NULL, NULL, NULL, NULL };

void run_options_need_requests(const struct run_args *args, struct argp_state *state)
{
	if (!run_args_text(args, RUN_TRACE) && !run_load_given(args))
		argp_error(state, "--trace is needed, or --requests");
}

void run_options_need(const struct run_args *args, const enum run_text *which, unsigned int n,
		      struct argp_state *state)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!run_args_text(args, which[i]))
			argp_error(state, "--%s is needed", run_args_text_name(which[i]));
}
