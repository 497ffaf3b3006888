// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace: memory tiers for LLM inference from the command line. */
#include "cli/commands.h"

const char *argp_program_version = "terrace " CLI_VERSION;

static const struct command commands[] = {
	{ "tier", cmd_tier, "load, list, show and unload tiers" },
	{ "status", cmd_status, "the device and its tiers at a glance" },
	{ "buffers", cmd_buffers, "list buffers and where they are" },
	{ "migrate", cmd_migrate, "move ranges of a buffer to a tier" },
	{ "run", cmd_run, "run an unmodified program with its model on the tiers" },
	{ "replay", cmd_replay, "run a request trace against the tiers" },
	{ "version", cmd_version, "versions of program, library and module" },
	{ NULL }
};

static const char doc[] =
	"Look at and control the memory tiers of /dev/terrace.\v"
	"Examples:\n"
	"  terrace tier load tests/data/tiers/hbm-cxl.ini\n"
	"  terrace status\n"
	"  terrace run --weights hbf0 -- llama-completion -m model.gguf -p Hello\n"
	"  terrace buffers --json\n"
	"  terrace migrate 3 0+64MiB --to cxl0\n"
	"\n"
	"Exit status: 0 done, 1 the device or a file said no, 2 the command line is wrong.\n"
	"'terrace COMMAND --help' describes a command.";

int main(int argc, char **argv)
{
	return commands_run(argc, argv, commands, doc);
}
