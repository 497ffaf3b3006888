/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of terrace, see command.h. */
#ifndef _CLI_COMMANDS_H
#define _CLI_COMMANDS_H

#include "cli/command.h"

int cmd_tier(int argc, char **argv);
int cmd_tier_load(int argc, char **argv);
int cmd_tier_list(int argc, char **argv);
int cmd_tier_show(int argc, char **argv);
int cmd_tier_unload(int argc, char **argv);
int cmd_tier_format(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_buffers(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif /* _CLI_COMMANDS_H */
