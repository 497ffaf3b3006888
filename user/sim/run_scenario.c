// SPDX-License-Identifier: LGPL-2.1-or-later
/* Scenario files by path or by name. */
#include "sim/run_scenario.h"

#include "sim/data_path.h"

int run_scenario_read(struct run_args *args, const char *given, struct engine_error *e)
{
	char path[PATH_MAX];

	return sim_data_path("scenarios", "TERRACE_SCENARIOS", ".ini", given, path, e) ?:
	       run_args_read(args, path, e);
}
