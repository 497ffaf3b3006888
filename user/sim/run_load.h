/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The load that a run is asked for, beside which there is no trace. */
#ifndef _SIM_RUN_LOAD_H
#define _SIM_RUN_LOAD_H

#include "engine/trace.h"
#include "sim/run_args.h"

/**
 * run_load_given - are requests made up?
 */
bool run_load_given(const struct run_args *args);

/**
 * run_load_make - make them
 *
 * Return: as load_make().
 */
int run_load_make(const struct run_args *args, struct trace *out, struct engine_error *e);

/* ---- for run_args.c ---- */

/**
 * run_load_leave_trace - a number is given: if it is one of a load, no trace may be
 * run_load_leave - a trace is given: no number of a load may be
 *
 * What is of a scenario file is taken back. Return: 0; -EINVAL they contradict each other.
 */
int run_load_leave_trace(struct run_args *args, enum run_number which, const char *name,
			 struct engine_error *e);
int run_load_leave(struct run_args *args, struct engine_error *e);

/**
 * run_load_rate - take a rate: requests in a second, with up to three decimals
 */
int run_load_rate(struct run_args *args, const char *value, struct engine_error *e);

#endif /* _SIM_RUN_LOAD_H */
