/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The options of a run, for the commands that make one or many.
 *
 * --NAME VALUE for every name of run_args.h, and --scenario FILE, whose values later options replace.
 */
#ifndef _SIM_RUN_OPTIONS_H
#define _SIM_RUN_OPTIONS_H

#include <argp.h>

#include "sim/run_args.h"

/**
 * run_options_argp - for the children of a command's argp
 *
 * Its input is a struct run_args. A wrong value ends the program, as argp_error() does.
 */
extern const struct argp run_options_argp;

/**
 * run_options_need - end the program when one of the names is not given
 * @which: @n of them
 */
void run_options_need(const struct run_args *args, const enum run_text *which, unsigned int n,
		      struct argp_state *state);

/**
 * run_options_need_requests - end the program when there is neither a trace nor a load
 */
void run_options_need_requests(const struct run_args *args, struct argp_state *state);

#endif /* _SIM_RUN_OPTIONS_H */
