// SPDX-License-Identifier: LGPL-2.1-or-later
/* Functions that are known at some points. */
#include "sim/curve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first point that is not before @x. */
static size_t place_of(const struct curve *c, double x)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->point[middle].x < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int grow(struct curve *c)
{
	size_t room = c->room ? 2 * c->room : 16;
	struct curve_point *point;

	if (c->n < c->room)
		return 0;
	point = reallocarray(c->point, room, sizeof(*point));
	if (!point)
		return -ENOMEM;
	c->point = point;
	c->room = room;
	return 0;
}

int curve_add(struct curve *c, double x, double y)
{
	size_t at = place_of(c, x);

	if (at < c->n && c->point[at].x <= x) {
		c->point[at].y = y;
		return 0;
	}
	if (grow(c))
		return -ENOMEM;
	memmove(c->point + at + 1, c->point + at, (c->n - at) * sizeof(*c->point));
	c->point[at] = (struct curve_point) { x, y };
	c->n++;
	return 0;
}

double curve_at(const struct curve *c, double x)
{
	const struct curve_point *a, *b;
	size_t at = place_of(c, x);
	double y;

	if (!c->n)
		return 0;
	if (!at || c->n == 1)
		return c->point[0].y;
	b = &c->point[at < c->n ? at : c->n - 1];
	a = b - 1;
	y = a->y + (b->y - a->y) * (x - a->x) / (b->x - a->x);
	return y > 0 ? y : 0;
}

void curve_free(struct curve *c)
{
	free(c->point);
	*c = (struct curve) { 0 };
}
