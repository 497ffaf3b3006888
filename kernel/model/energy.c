// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Energy counters: whole microjoules and the rest in femtojoules, so that a sum of many small
 * amounts is the amount of the sum.
 */
#include <terrace/model.h>

#define FJ_PER_UJ	1000000000ULL
#define BYTE_BITS	8

/* Add a * b femtojoules. */
static void energy_add_product(struct tmodel_energy *e, __u64 a, __u64 b, struct tmodel_sat *sat)
{
	struct tmodel_sat local = {};
	struct tmodel_energy product = {
		.uj = tmodel_muldiv(a, b, FJ_PER_UJ, TMODEL_DOWN, &local),
	};

	/* The remainder is below 2^64, so that what wrapped above cancels out. */
	if (!local.count)
		product.rest_fj = a * b - product.uj * FJ_PER_UJ;
	sat->count = tmodel_add(sat->count, local.count, &local);
	tmodel_energy_add(e, &product, sat);
}

void tmodel_energy_access(struct tmodel_energy *e, const struct tmodel_profile *p,
			  enum tmodel_dir dir, __u64 bytes, int near, struct tmodel_sat *sat)
{
	__u64 fj_per_bit = dir == TMODEL_READ ? p->read_fj_per_bit : p->write_fj_per_bit;
	__u64 fj_per_byte;

	if (!near)
		fj_per_bit = tmodel_add(fj_per_bit, p->link_fj_per_bit, sat);
	fj_per_byte = tmodel_muldiv(fj_per_bit, BYTE_BITS, 1, TMODEL_DOWN, sat);
	energy_add_product(e, bytes, fj_per_byte, sat);
}

void tmodel_energy_power(struct tmodel_energy *e, __u64 uw, __u64 ns, struct tmodel_sat *sat)
{
	/* A microwatt over a nanosecond is a femtojoule. */
	energy_add_product(e, uw, ns, sat);
}

void tmodel_energy_add(struct tmodel_energy *to, const struct tmodel_energy *e,
		       struct tmodel_sat *sat)
{
	__u64 rest_fj = to->rest_fj + e->rest_fj;
	__u64 uj = tmodel_add(to->uj, e->uj, sat);

	if (rest_fj >= FJ_PER_UJ) {
		rest_fj -= FJ_PER_UJ;
		uj = tmodel_add(uj, 1, sat);
	}
	to->uj = uj;
	to->rest_fj = rest_fj;
}

void tmodel_accel_energy(struct tmodel_energy *e, const struct tmodel_accel *a, __u64 compute_ns,
			 __u64 step_ns, struct tmodel_sat *sat)
{
	tmodel_energy_power(e, a->active_uw, compute_ns, sat);
	if (step_ns > compute_ns)
		tmodel_energy_power(e, a->idle_uw, step_ns - compute_ns, sat);
}
