/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The roofline over tiers of memory: how long a step takes at least, and at most without overlap.
 *
 * An operator's compute time is its operations by the peak rate; its time on a tier the bytes it
 * has there by the tier's bandwidth (Williams et al., CACM 2009). Tiers stream at the same time, so
 * the slowest bounds what overlaps; GenZ's rule for offloaded bytes is the form with two tiers.
 *
 * Pure functions over plain structures, thread safe.
 */
#ifndef _SIM_ROOFLINE_H
#define _SIM_ROOFLINE_H

#include <terrace/model.h>

#include "sim/operators.h"

/* What is placed; the kinds of data of an operator belong to them. */
enum roofline_class { ROOFLINE_WEIGHTS, ROOFLINE_KV, ROOFLINE_ACTIVATIONS, ROOFLINE_CLASSES };

/**
 * struct roofline_tier - a memory
 * @read_bps, @write_bps: above 0
 * @first_s: latency of the first access of a step that reads or writes here; nothing hides it
 * @share: part of each class that lies here, 0 to 1
 */
struct roofline_tier {
	double read_bps;
	double write_bps;
	double first_s;
	double share[ROOFLINE_CLASSES];
};

/**
 * struct roofline - what a step runs on
 * @peak_ops: operations a second, times the efficiency that is reached; 0 = they take no time
 */
struct roofline {
	double peak_ops;
	struct roofline_tier tier[TMODEL_TIERS_MAX];
	size_t n_tiers;
};

/**
 * struct roofline_time - time of an operator or a step
 * @compute_s: of the operations
 * @tier_s: of each tier's bytes
 * @overlapped_s: the largest of them
 * @serial_s: their sum
 */
struct roofline_time {
	double compute_s;
	double tier_s[TMODEL_TIERS_MAX];
	double overlapped_s;
	double serial_s;
};

/**
 * struct roofline_step - time of a step
 * @whole: everything overlaps with everything; first accesses included
 * @by_operator_s: what overlaps is within an operator, one after the other: the sum of their
 *                 overlapped times and of the tiers' first accesses; between the bounds of @whole
 */
struct roofline_step {
	struct roofline_time whole;
	double by_operator_s;
};

/**
 * roofline_place - put a class of data on the tiers, the first tier first
 * @bytes: of the class
 * @room: bytes left by tier; what is placed is taken from it
 *
 * Sets the shares. Return: bytes that have no room; they have no share.
 */
double roofline_place(struct roofline *r, enum roofline_class class, double bytes, double *room);

/**
 * roofline_tier_of_profile - a tier from a memory's profile
 * @t: its shares are left as they are
 *
 * Bytes stream in chunks of a page on every channel. Sensing the next chunk overlaps with the
 * transfer of the one before, so that a chunk takes the longer of both; the first access exposes
 * latency and sensing time. For one read of whole chunks this is tmodel_transfer_ns() +
 * tmodel_exposed_ns(). Writes take the profile's rate; that programming takes time is left out.
 */
void roofline_tier_of_profile(const struct tmodel_profile *p, struct roofline_tier *t);

/**
 * roofline_operator - time of an operator, one time, without first accesses
 */
struct roofline_time roofline_operator(const struct roofline *r, const struct sim_operator *op);

/**
 * roofline_step - time of all operators, as often as they occur
 */
struct roofline_step roofline_step(const struct roofline *r, const struct operators *ops);

#endif /* _SIM_ROOFLINE_H */
