// SPDX-License-Identifier: LGPL-2.1-or-later
/* Heat of a stack of dies: steady state and step response of an RC ladder. */
#include "sim/thermal.h"

#include <errno.h>
#include <math.h>

#include "sim/positive.h"

void thermal_init(struct thermal_stack *s, unsigned int dies, double area_mm2)
{
	*s = (struct thermal_stack) {
		.dies = dies,
		.area_mm2 = area_mm2,
		.die_um = 50,
		.bond_um = 20,
		.die_w_mk = 148,
		.bond_w_mk = 1.5,
		.die_j_m3k = 1660000,
		.sink_k_w = 0.1,
		.sink_j_k = 140.4,
		.ambient_c = 45,
		.limit_c = 85,
	};
}

int thermal_check(const struct thermal_stack *s, const char *what, struct engine_error *e)
{
	if (!s->dies || s->dies > THERMAL_DIES_MAX) {
		engine_error_set(e, "%s: a stack of %u dies: it must have from 1 to %d", what,
				 s->dies, THERMAL_DIES_MAX);
		return -EINVAL;
	}
	if (check_positive(s->area_mm2, "area_mm2", what, e) ||
	    check_positive(s->die_um, "die_um", what, e) ||
	    check_positive(s->bond_um, "bond_um", what, e) ||
	    check_positive(s->die_w_mk, "die_w_mk", what, e) ||
	    check_positive(s->bond_w_mk, "bond_w_mk", what, e) ||
	    check_positive(s->die_j_m3k, "die_j_m3k", what, e) ||
	    check_positive(s->sink_k_w, "sink_k_w", what, e) ||
	    check_positive(s->sink_j_k, "sink_j_k", what, e))
		return -EINVAL;
	if (s->limit_c > s->ambient_c && isfinite(s->limit_c) && isfinite(s->ambient_c))
		return 0;
	engine_error_set(e, "%s: limit_c is %g with an ambient_c of %g: it must be higher", what,
			 s->limit_c, s->ambient_c);
	return -EINVAL;
}

double thermal_die_k_w(const struct thermal_stack *s)
{
	return (s->die_um / s->die_w_mk + s->bond_um / s->bond_w_mk) / s->area_mm2;
}

double thermal_die_j_k(const struct thermal_stack *s)
{
	return s->die_um * s->area_mm2 * s->die_j_m3k / 1e12;
}

/* From the hottest die to the sink: what die i passes on is what comes from i and beyond. */
static double ladder_k_w(const struct thermal_stack *s)
{
	return thermal_die_k_w(s) * (s->dies + 1) / 2;
}

double thermal_steady_c(const struct thermal_stack *s, double watts)
{
	return s->ambient_c + watts * (s->sink_k_w + ladder_k_w(s));
}

/*
 * What of the ladder's rise is still missing after a time, in K/W: its modes are
 * sin((2k - 1) pi i / (2n + 1)), with the decay rates 4 sin^2(angle / 2) / (R C).
 */
static double ladder_missing(const struct thermal_stack *s, double seconds)
{
	double rc = thermal_die_k_w(s) * thermal_die_j_k(s), sum = 0, angle, rate, weight;
	unsigned int k, n = s->dies;

	for (k = 1; k <= n; k++) {
		angle = (2 * k - 1) * M_PI / (2 * n + 1);
		rate = 4 * pow(sin(angle / 2), 2) / rc;
		weight = 2 / tan(angle / 2) / (2 * n + 1) * sin(n * angle);
		sum += weight * exp(-rate * seconds) / rate;
	}
	return sum / (n * thermal_die_j_k(s));
}

/* The sink's capacity is so much larger than the dies' that it gets their power at once. */
static double missing_k_w(const struct thermal_stack *s, double seconds)
{
	return s->sink_k_w * exp(-seconds / (s->sink_k_w * s->sink_j_k)) +
		ladder_missing(s, seconds);
}

double thermal_after_c(const struct thermal_stack *s, double before, double watts, double seconds)
{
	return thermal_steady_c(s, watts) - (watts - before) * missing_k_w(s, seconds);
}

double thermal_watts(const struct thermal_stack *s)
{
	return (s->limit_c - s->ambient_c) / (s->sink_k_w + ladder_k_w(s));
}

static double read_watts(const struct tmodel_profile *p)
{
	return 8.0 * p->read_bps * p->read_fj_per_bit / 1e15;
}

double thermal_tier_watts(const struct tmodel_profile *p, uint32_t derate_permille)
{
	return p->idle_uw / 1e6 + read_watts(p) * derate_permille / 1000;
}

uint32_t thermal_derate(const struct thermal_stack *s, const struct tmodel_profile *p,
			uint32_t stacks)
{
	double left = thermal_watts(s) * stacks - p->idle_uw / 1e6;
	double load = read_watts(p);

	if (left < 0)
		return 0;
	return left >= load ? 1000 : (uint32_t)floor(left / load * 1000);
}
