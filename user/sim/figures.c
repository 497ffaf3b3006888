// SPDX-License-Identifier: LGPL-2.1-or-later
/* The figures of a run. */
#include "sim/figures.h"

#define FIGURE(name, unit, formula)	{ #name, unit, formula },

const struct figure figures[FIGURES_N] = { FIGURES(FIGURE) };
