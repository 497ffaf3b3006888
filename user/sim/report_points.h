/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Points of a Pareto front, out of JSON of any command: the numbers of an object by name.
 *
 * What lies in objects within it is named by their path, "network.hops"; {"value": ...} is what it
 * has as its value. Members of "figures" and "settings" have no path before their names. Arrays are
 * not looked at.
 */
#ifndef _SIM_REPORT_POINTS_H
#define _SIM_REPORT_POINTS_H

#include <jansson.h>
#include <stdbool.h>

/**
 * report_point - what an object says of a point
 *
 * Return: {"numbers": {NAME: number}, "texts": {NAME: string}}, to be freed by json_decref(); NULL
 * without memory.
 */
json_t *report_point(json_t *object);

/**
 * report_points_have - whether any of the points has a number of this name
 */
bool report_points_have(json_t *points, const char *name);

/**
 * report_points_axes - what the axes are when nothing is asked for
 * @axes: names; NULL where no point has anything that is usual
 *
 * The first of latency and of throughput, in the order that fits the promises of a service.
 */
void report_points_axes(json_t *points, const char *axes[2]);

#endif /* _SIM_REPORT_POINTS_H */
