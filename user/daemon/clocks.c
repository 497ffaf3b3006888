// SPDX-License-Identifier: LGPL-2.1-or-later
/* Model time of a monotonic time. */
#include "daemon/clocks.h"

void clocks_look(struct clocks *c, uint64_t mono_ns, uint64_t model_ns)
{
	if (!c->mono_ns || model_ns < c->model_ns || mono_ns < c->mono_ns) {
		c->mono_before_ns = mono_ns;
		c->model_before_ns = model_ns;
	} else {
		c->mono_before_ns = c->mono_ns;
		c->model_before_ns = c->model_ns;
	}
	c->mono_ns = mono_ns;
	c->model_ns = model_ns;
}

uint64_t clocks_model(const struct clocks *c, uint64_t mono_ns)
{
	uint64_t span = c->mono_ns - c->mono_before_ns;
	uint64_t model = c->model_ns - c->model_before_ns;

	if (mono_ns >= c->mono_ns)
		return c->model_ns;
	if (mono_ns <= c->mono_before_ns)
		return c->model_before_ns;
	return c->model_before_ns +
	       (uint64_t)((__uint128_t)model * (mono_ns - c->mono_before_ns) / span);
}
