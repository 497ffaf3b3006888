/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Report of a run: settings and figures, as text, JSON or CSV.
 *
 * Every figure has its unit and is modelled: computed from profiles and formulas, measured nowhere.
 *
 * JSON: {"basis": "modelled", "settings": {NAME: {"value", "default"}}, "figures": {NAME: {"value",
 * "unit"}}, "tier": [{"name", "rank", "figures"}]}. A value that does not exist (a percentile of
 * nothing, the price of memory that has none, a life without an end) is null.
 * CSV: tier,figure,value,unit; the tier is empty for what is of all devices together.
 */
#ifndef _SIM_RUN_REPORT_H
#define _SIM_RUN_REPORT_H

#include "sim/run_served.h"
#include "sim/shard.h"

enum run_format { RUN_TEXT, RUN_JSON, RUN_CSV };

#define RUN_SETTINGS_MAX	24

/**
 * struct run_setting - what the run was asked for, or a default
 */
struct run_setting {
	const char *name;
	char value[256];
	bool is_default;
};

/**
 * struct run_facts - what a report is made from
 * @settings: @n_settings of them
 */
struct run_facts {
	struct run_setting settings[RUN_SETTINGS_MAX];
	size_t n_settings;
	const struct shard *shard;
	const struct trace *trace;
	const struct serve_stats *stats;
	const struct run_served *served;
};

/**
 * run_report - print it on standard output
 *
 * Return: an exit status (cli/command.h).
 */
int run_report(const struct run_facts *f, enum run_format format);

#endif /* _SIM_RUN_REPORT_H */
