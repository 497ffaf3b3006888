/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What came out of a run, for those who make many.
 *
 * The JSON of sim/run_json.h with "refused": null; or {"refused": REASON} when the devices do not
 * hold the model, or what is asked for cannot be.
 */
#ifndef _SIM_RUN_RESULT_H
#define _SIM_RUN_RESULT_H

#include <jansson.h>

#include "sim/run_args.h"

/**
 * run_result - make a run
 *
 * Return: to be freed by json_decref(); NULL without memory.
 */
json_t *run_result(const struct run_args *args);

/**
 * run_result_refused - why there was no run, or NULL
 */
const char *run_result_refused(const json_t *result);

typedef int run_result_fn(void *ctx, const char *name, json_t *figure);

/**
 * run_result_each - call a function for each figure, until it returns an error
 *
 * Names are NAME, and TIER.NAME of those of tiers. Figures are {"value", "unit"}. Return: what the
 * function returned last.
 */
int run_result_each(json_t *result, run_result_fn *fn, void *ctx);

#endif /* _SIM_RUN_RESULT_H */
