/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions that are known at some points: straight between two points, beyond the last as steep as
 * between the last two, before the first as the first.
 *
 * Not for concurrent use while points are added.
 */
#ifndef _SIM_CURVE_H
#define _SIM_CURVE_H

#include <stddef.h>

struct curve_point {
	double x;
	double y;
};

/**
 * struct curve - @n points by ascending x
 */
struct curve {
	struct curve_point *point;
	size_t n;
	size_t room;
};

/**
 * curve_add - add a point, in the place of one that has the same @x
 *
 * Return: 0; -ENOMEM.
 */
int curve_add(struct curve *c, double x, double y);

/**
 * curve_at - the value at a place; 0 without any point, never less than 0
 */
double curve_at(const struct curve *c, double x);

void curve_free(struct curve *c);

#endif /* _SIM_CURVE_H */
