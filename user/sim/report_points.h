/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Points of a Pareto front, out of JSON of any command: the numbers of an object by name.
 *
 * What lies in objects within it is named by their path, "network.hops"; {"value": ...} is what it
 * has as its value. Members of "figures", "settings" and "values" have no path before their names.
 * Arrays are not looked at.
 */
#ifndef _SIM_REPORT_POINTS_H
#define _SIM_REPORT_POINTS_H

#include <jansson.h>
#include <stddef.h>

/**
 * report_point - what an object says of a point
 *
 * Return: {"numbers": {NAME: number}, "texts": {NAME: string}}, to be freed by json_decref(); NULL
 * without memory.
 */
json_t *report_point(json_t *object);

/**
 * report_points_with - so many of the points have a number of this name
 */
size_t report_points_with(json_t *points, const char *name);

/**
 * report_points_axes - what the axes are when nothing is asked for
 * @axes: names; NULL where no point has anything that is usual
 *
 * Of the usual names of latency, and of throughput or cost, those that most points have; the time
 * per token and useful throughput before others. What is the same everywhere is none.
 */
void report_points_axes(json_t *points, const char *axes[2]);

#endif /* _SIM_REPORT_POINTS_H */
