/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operators of a run's steps, as JSON. All counts are of one device in the mean of all.
 *
 * {"peak_ops": operations/s, "tier": [{"name", "read_bps", "write_bps"}],
 *  "step": [{"name": "decode" or "prefill", "batch", "tokens", "context", "microbatches",
 *    "seconds", "serial_seconds", "operators": [{"name", "layers", "ops", "bytes", "intensity",
 *    "attainable", "bound", "seconds", "tier": [{"name", "read", "written", "seconds"}]}]}]}
 *
 * Batch, tokens and context are of a group: requests, tokens of each, tokens the last of them
 * attends to. The step's seconds are those of all of it, collective operations and software
 * included; serial_seconds is what it takes when nothing overlaps. An operator's are of all layers:
 * the longest of its operations and tiers, which "bound" names ("compute" or a tier). Its intensity
 * is ops / bytes of all tiers, attainable ops / seconds. A value that does not exist is null.
 */
#ifndef _SIM_RUN_OPERATORS_JSON_H
#define _SIM_RUN_OPERATORS_JSON_H

#include <jansson.h>

#include "sim/run_case.h"

/**
 * run_operators_json - of a run that has served
 *
 * A run in which nothing was served has no step. Return: to be freed by json_decref(); NULL without
 * memory.
 */
json_t *run_operators_json(const struct run_case *r);

#endif /* _SIM_RUN_OPERATORS_JSON_H */
