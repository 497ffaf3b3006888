/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What came out of a sweep, a line for each cell in the order of the grid.
 *
 * JSON lines: the object of sim/run_result.h with "values": {KEY: TEXT} of the cell.
 * CSV: the grid's keys; refused, the reason why a cell was not served; NAME (UNIT) of figures, as
 * run_result_each() has them, in the order they come in first. What a cell lacks is empty.
 */
#ifndef _SIM_SWEEP_TABLE_H
#define _SIM_SWEEP_TABLE_H

#include <stdio.h>

#include "sim/sweep_grid.h"
#include "sim/sweep_journal.h"

enum sweep_format { SWEEP_CSV, SWEEP_JSON };

/**
 * sweep_table_write - write it
 * @keys: of each cell; the journal has them all
 *
 * Return: 0; -ENOMEM; -EIO a result is not what was written, or @out cannot be written.
 */
int sweep_table_write(FILE *out, enum sweep_format format, const struct sweep_grid *g,
		      struct sweep_journal *journal, const uint64_t *keys, struct engine_error *e);

#endif /* _SIM_SWEEP_TABLE_H */
