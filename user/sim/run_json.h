/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Report of a run, as JSON.
 *
 * {"basis": "modelled", "settings": {NAME: {"value", "default"}}, "figures": {NAME: {"value",
 * "unit"}}, "tier": [{"name", "rank", "figures"}], "roofline": sim/run_operators_json.h}. A value
 * that does not exist (a percentile of nothing, the price of memory that has none, a life without an
 * end) is null.
 */
#ifndef _SIM_RUN_JSON_H
#define _SIM_RUN_JSON_H

#include <jansson.h>

#include "sim/run_case.h"

/**
 * run_json - the report of a run that has served
 *
 * Return: to be freed by json_decref(); NULL without memory.
 */
json_t *run_json(const struct run_case *r);

#endif /* _SIM_RUN_JSON_H */
