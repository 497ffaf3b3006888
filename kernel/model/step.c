// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* How long a step takes at least: the tiers' times and the accelerator's. */
#include <terrace/model.h>

/* Of a step's accesses to a tier the first hides behind no other. */
static __u64 step_first_ns(const struct tmodel_profile *p, const struct tmodel_tier_load *load,
			   struct tmodel_sat *sat)
{
	if (load->read_bytes)
		return tmodel_add(p->read_latency_ns, p->page_read_ns, sat);
	if (load->write_bytes)
		return tmodel_add(p->write_latency_ns, p->page_program_ns, sat);
	return 0;
}

__u64 tmodel_tier_ns(const struct tmodel_profile *p, const struct tmodel_tier_load *load,
		     __u32 derate_permille, struct tmodel_sat *sat)
{
	__u64 ns = tmodel_add(step_first_ns(p, load, sat), load->exposed_ns, sat);

	ns = tmodel_add(ns, tmodel_transfer_ns(p, TMODEL_READ, load->read_bytes, derate_permille,
					       sat), sat);
	return tmodel_add(ns, tmodel_transfer_ns(p, TMODEL_WRITE, load->write_bytes,
						 derate_permille, sat), sat);
}

__u64 tmodel_compute_ns(const struct tmodel_accel *a, __u64 flops, struct tmodel_sat *sat)
{
	const __u64 scale = TMODEL_NS_PER_S * 1000;
	__u64 peak = a->peak_flops, share = a->efficiency_permille;

	if (!peak || !flops)
		return 0;
	/*
	 * Rounding up after each of two divisions is rounding up after dividing by the product,
	 * which for racks of accelerators does not fit.
	 */
	if (share && peak > TMODEL_U64_MAX / share)
		return tmodel_muldiv(tmodel_muldiv(flops, scale, peak, TMODEL_UP, sat), 1, share,
				     TMODEL_UP, sat);
	return tmodel_muldiv(flops, scale, peak * share, TMODEL_UP, sat);
}

void tmodel_bound_reset(struct tmodel_bound *b, __u64 compute_ns)
{
	*b = (struct tmodel_bound) {
		.compute_ns = compute_ns,
		.overlapped_ns = compute_ns,
		.serial_ns = compute_ns,
	};
}

void tmodel_bound_add(struct tmodel_bound *b, __u32 tier, __u64 tier_ns, struct tmodel_sat *sat)
{
	b->tier_ns[tier] = tmodel_add(b->tier_ns[tier], tier_ns, sat);
	if (b->tier_ns[tier] > b->overlapped_ns)
		b->overlapped_ns = b->tier_ns[tier];
	b->serial_ns = tmodel_add(b->serial_ns, tier_ns, sat);
}
