/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of terrace-sim, see cli/command.h. */
#ifndef _SIM_COMMANDS_H
#define _SIM_COMMANDS_H

#include "cli/command.h"

int cmd_compare(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_fit(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_search(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_table(int argc, char **argv);
int cmd_validate(int argc, char **argv);

#endif /* _SIM_COMMANDS_H */
