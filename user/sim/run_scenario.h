/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scenario files by path or by name: kind "scenarios", variable TERRACE_SCENARIOS, see
 * sim/data_path.h. What is in them: sim/run_args.h.
 */
#ifndef _SIM_RUN_SCENARIO_H
#define _SIM_RUN_SCENARIO_H

#include "sim/run_args.h"

/**
 * run_scenario_read - take the values of a scenario
 * @given: a path or a name
 *
 * Return: as run_args_read(); -ENOENT there is none of the name.
 */
int run_scenario_read(struct run_args *args, const char *given, struct engine_error *e);

#endif /* _SIM_RUN_SCENARIO_H */
