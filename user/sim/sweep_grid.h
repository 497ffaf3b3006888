/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Grids: scenario files whose values may be lists, and all their combinations.
 *
 *   model = llama-3.1-70b
 *   requests = 500
 *   devices = 1, 2, 4, 8
 *   tiers = a.ini, b.ini
 *
 * Keys are those of sim/run_args.h, and scenario, which stands first if at all: what follows
 * replaces values of it. Commas are between values; a list may go on in indented lines. Cells are
 * counted with the last key's values changing first.
 */
#ifndef _SIM_SWEEP_GRID_H
#define _SIM_SWEEP_GRID_H

#include <stddef.h>

#include "sim/run_inputs.h"

#define SWEEP_CELLS_MAX		100000
#define SWEEP_SCENARIO		"scenario"

/**
 * struct sweep_axis - a key with its @n values
 */
struct sweep_axis {
	char *name;
	char **value;
	size_t n;
};

/**
 * struct sweep_grid - @n keys, in the order of the file
 * @cells: how many combinations there are
 */
struct sweep_grid {
	struct sweep_axis *axis;
	size_t n;
	size_t cells;
};

/**
 * sweep_grid_read - read a grid
 * @out: to be freed with sweep_grid_free(), also on error
 * @in: the files that it names are looked at
 *
 * Return: 0; -EINVAL malformed, a value or a file it names is wrong; -E2BIG too many cells; errno
 * of fopen(3); -ENOMEM.
 */
int sweep_grid_read(struct sweep_grid *out, const char *path, struct run_inputs *in,
		    struct engine_error *e);
void sweep_grid_free(struct sweep_grid *g);

/**
 * sweep_grid_value - which value of a key a cell has
 */
const char *sweep_grid_value(const struct sweep_grid *g, size_t cell, size_t axis);

/**
 * sweep_grid_args - what a cell asks for
 *
 * Return: 0; -EINVAL its values contradict each other, or lack a model or requests.
 */
int sweep_grid_args(const struct sweep_grid *g, size_t cell, struct run_args *out,
		    struct engine_error *e);

#endif /* _SIM_SWEEP_GRID_H */
