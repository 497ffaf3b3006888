/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Report of a fit: whether, what lies where, what would.
 *
 * Bytes are whole numbers in CSV and JSON, of one device where a stage is named. CSV:
 * stage,devices,tier,item,value,unit; stage and tier are empty for what is of all devices.
 * JSON: {"basis", "model", "dtype", "tiers", "explained", "figures": {NAME: {"value", "unit"}},
 * "stage": [{"first", "stages", "devices", "figures", "tier": [{"name", "figures"}]}]}. A value
 * that was not found is null.
 */
#ifndef _SIM_FIT_REPORT_H
#define _SIM_FIT_REPORT_H

#include "sim/fit_items.h"
#include "sim/run_report.h"

/**
 * fit_report - print it on standard output
 *
 * Return: an exit status (cli/command.h).
 */
int fit_report(const struct fit_case *f, bool near, enum run_format format);

#endif /* _SIM_FIT_REPORT_H */
