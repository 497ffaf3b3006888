// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim: inference on memory systems that do not exist yet. */
#include <malloc.h>

#include "sim/commands.h"

#define MMAP_THRESHOLD	(1 << 20)

const char *argp_program_version = "terrace-sim " CLI_VERSION;

static const struct command commands[] = {
	{ "compare", cmd_compare, "compare the runs of scenarios" },
	{ "explain", cmd_explain, "say how a figure of a run is computed" },
	{ "fit", cmd_fit, "say whether a model fits devices, and what lies where" },
	{ "report", cmd_report, "make a page of HTML with charts out of the JSON of runs" },
	{ "run", cmd_run, "serve a trace of requests on devices that need not exist" },
	{ "search", cmd_search, "find the best layouts of a model over devices" },
	{ "sweep", cmd_sweep, "make the runs of a grid of values" },
	{ "table", cmd_table, "published figures beside those of profiles and formulas" },
	{ "validate", cmd_validate, "compare the simulator with published figures" },
	{ NULL }
};

static const char doc[] =
	"Simulate LLM inference on tiers of memory, without a device.\v"
	"Examples:\n"
	"  terrace-sim run --trace requests.jsonl --model llama-3.1-70b --devices 8\n"
	"  terrace-sim validate tests/data/validation\n"
	"\n"
	"Exit status: 0 done, 1 the model does not fit or a check failed, 2 an option\n"
	"or a file is wrong.\n"
	"'terrace-sim COMMAND --help' describes a command.";

int main(int argc, char **argv)
{
	/* Tables that grow leave no holes. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	return commands_run(argc, argv, commands, doc);
}
