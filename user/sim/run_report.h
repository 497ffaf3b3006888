/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Report of a run: settings and figures, as text, JSON or CSV.
 *
 * Every figure has its unit and is modelled: computed from profiles and formulas, measured nowhere.
 *
 * JSON: sim/run_json.h.
 * CSV: tier,figure,value,unit; the tier is empty for what is of all devices together.
 */
#ifndef _SIM_RUN_REPORT_H
#define _SIM_RUN_REPORT_H

#include "sim/run_case.h"

enum run_format { RUN_TEXT, RUN_JSON, RUN_CSV };

/**
 * run_report - print it on standard output
 *
 * Return: an exit status (cli/command.h).
 */
int run_report(const struct run_case *r, enum run_format format);

#endif /* _SIM_RUN_REPORT_H */
