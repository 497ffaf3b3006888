/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs beside each other: the settings that differ, and a line for each figure.
 *
 * Each of the others is compared with the first: difference (other - first) and ratio (other /
 * first); neither where one of them has no value, no ratio to 0.
 *
 * JSON: {"basis": "modelled", "runs": [NAME], "settings": {NAME: [TEXT]}, "figures": {NAME:
 * {"unit", "values": [], "differences": [], "ratios": []}}}; the last two have an element for each
 * of the others. Settings are those that differ. Figures of tiers are TIER.NAME.
 * CSV: figure,unit,FIRST, and for each of the others OTHER,OTHER - FIRST,OTHER / FIRST.
 */
#ifndef _SIM_COMPARE_TABLE_H
#define _SIM_COMPARE_TABLE_H

#include <jansson.h>
#include <stddef.h>

#include "engine/error.h"

#define COMPARE_RUNS_MAX	16

/**
 * struct compared_run - one of them
 * @name: of its scenario
 * @result: of sim/run_result.h
 */
struct compared_run {
	const char *name;
	json_t *result;
};

/**
 * compare_table - all of it
 * @runs: @n of them, 2 to COMPARE_RUNS_MAX, all served
 * @figures: names with commas between, in the order they are printed in; NULL = all
 *
 * Return: to be freed by json_decref(); NULL, @e says that a figure does not exist, or that there
 * is no memory.
 */
json_t *compare_table(const struct compared_run *runs, size_t n, const char *figures,
		      struct engine_error *e);

/**
 * compare_print_text, compare_print_csv - print it on standard output
 */
void compare_print_text(json_t *table);
void compare_print_csv(json_t *table);

#endif /* _SIM_COMPARE_TABLE_H */
