// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace tier: the commands on tiers. */
#include "cli/commands.h"

static const struct command commands[] = {
	{ "load", cmd_tier_load, "bring the tiers of a tier file online" },
	{ "list", cmd_tier_list, "list the tiers that are online" },
	{ "show", cmd_tier_show, "all values of a tier" },
	{ "unload", cmd_tier_unload, "take tiers offline" },
	{ "format", cmd_tier_format, "make a block device usable as a flash tier" },
	{ NULL }
};

static const char doc[] =
	"Bring memory tiers up, look at them and take them down.\v"
	"Examples:\n"
	"  terrace tier load tests/data/tiers/hbm-cxl-hbf.ini\n"
	"  terrace tier list\n"
	"  terrace tier show hbf0 --json\n"
	"  terrace tier unload";

int cmd_tier(int argc, char **argv)
{
	return commands_run(argc, argv, commands, doc);
}
