/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The figures of a run, by name, with their units. */
#ifndef _SIM_RUN_FIGURES_H
#define _SIM_RUN_FIGURES_H

#include "sim/figures.h"
#include "sim/run_case.h"

/**
 * struct run_figure - a figure
 * @tier: its index, or negative when it is of all
 * @value: NAN or infinite when there is none
 */
struct run_figure {
	int tier;
	const char *name;
	double value;
	const char *unit;
};

/**
 * struct run_figures - in the order they are printed in: of all, then tier by tier
 */
struct run_figures {
	struct run_figure figure[FIGURES_N * (1 + TMODEL_TIERS_MAX)];
	size_t n;
};

/**
 * run_figures - compute all of a run that has served
 */
void run_figures(const struct run_case *r, struct run_figures *out);

#endif /* _SIM_RUN_FIGURES_H */
