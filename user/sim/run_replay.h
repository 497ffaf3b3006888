/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * terrace-sim run --replay: what terrace replay would report, by the model alone.
 *
 * The same engine (engine/replay.h) drives the model (engine/model_driver.h) in place of a device.
 * Everything but what is measured is the same for the same files and options.
 */
#ifndef _SIM_RUN_REPLAY_H
#define _SIM_RUN_REPLAY_H

#include "cli/replay_options.h"
#include "sim/run_args.h"
#include "sim/run_report.h"

/**
 * run_replay_other - name of an option that a replay has no use for, or NULL
 *
 * A replay is of one device, with limits of its own.
 */
const char *run_replay_other(const struct run_args *args);

/**
 * run_replay - run it and print the report
 * @choice: its seed is that of @args
 * @format: RUN_TEXT or RUN_JSON
 *
 * Return: an exit status (cli/command.h).
 */
int run_replay(const struct run_args *args, const struct replay_choice *choice,
	       enum run_format format);

#endif /* _SIM_RUN_REPLAY_H */
