/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a run was asked for, and the defaults it took, as its reports state them. */
#ifndef _SIM_RUN_SETTINGS_H
#define _SIM_RUN_SETTINGS_H

#include "sim/run_case.h"

#define RUN_SETTINGS_MAX	64

/**
 * struct run_setting - a value, as text with its unit
 */
struct run_setting {
	const char *name;
	char value[256];
	bool is_default;
};

/**
 * struct run_settings - in the order they are printed in
 */
struct run_settings {
	struct run_setting setting[RUN_SETTINGS_MAX];
	size_t n;
};

/**
 * run_settings - of a run that is laid out
 */
void run_settings(const struct run_case *r, struct run_settings *out);

#endif /* _SIM_RUN_SETTINGS_H */
