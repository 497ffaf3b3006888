/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of terrace run, as people write them: see terrace-run(1). */
#ifndef _CLI_RUN_RULES_H
#define _CLI_RUN_RULES_H

#include "engine/error.h"
#include "preload/rules.h"

/**
 * run_rules_read - read a file of rules
 * @rules: RULES_MAX
 *
 * Return: how many; a negative errno with @e set.
 */
int run_rules_read(const char *path, struct rule *rules, struct engine_error *e);

#endif /* _CLI_RUN_RULES_H */
