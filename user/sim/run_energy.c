// SPDX-License-Identifier: LGPL-2.1-or-later
/* Energy of a run. */
#include "sim/run_energy.h"

#include <math.h>

#define BITS	8
#define FJ	1e15	/* in a joule */
#define UW	1e6	/* in a watt */

static double tier_moved(const struct shard *s, uint32_t tier)
{
	const struct tmodel_profile *p = &s->system->tiers.tiers[tier].profile;
	double read = 0, written = 0;
	int class;

	for (class = 0; class < ROOFLINE_CLASSES; class++) {
		read += s->sums.bytes.read[tier][class];
		written += s->sums.bytes.written[tier][class];
	}
	return BITS / FJ * (read * (double)(p->read_fj_per_bit + p->link_fj_per_bit) +
			    written * (double)(p->write_fj_per_bit + p->link_fj_per_bit));
}

struct run_energy run_energy(const struct shard *s, double seconds)
{
	const struct engine_tierfile *t = &s->system->tiers;
	double all_s = seconds * s->system->devices, computing_s = fmin(s->sums.compute_s, all_s);
	struct run_energy e = {
		.computing = t->accel.active_uw / UW * computing_s,
		.waiting = t->accel.idle_uw / UW * (all_s - computing_s),
	};
	uint32_t i;

	e.all = e.computing + e.waiting;
	for (i = 0; i < t->n_tiers; i++) {
		e.moved[i] = tier_moved(s, i);
		e.idle[i] = t->tiers[i].profile.idle_uw / UW * all_s;
		e.all += e.moved[i] + e.idle[i];
	}
	return e;
}
