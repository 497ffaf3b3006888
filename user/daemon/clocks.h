/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Model time of what BPF programs stamped with CLOCK_MONOTONIC. Pure functions.
 *
 * The model clock need not run evenly (a replay moves it by steps), so it is read at every look at
 * the device, and in between it counts as linear.
 */
#ifndef _DAEMON_CLOCKS_H
#define _DAEMON_CLOCKS_H

#include <stdint.h>

/**
 * struct clocks - both clocks at the last two looks
 * @mono_ns, @model_ns: now
 * @mono_before_ns, @model_before_ns: at the look before
 */
struct clocks {
	uint64_t mono_ns;
	uint64_t model_ns;
	uint64_t mono_before_ns;
	uint64_t model_before_ns;
};

/**
 * clocks_look - note both clocks
 *
 * The first look counts as the look before as well. A clock that went back (the module was
 * reloaded) begins anew.
 */
void clocks_look(struct clocks *c, uint64_t mono_ns, uint64_t model_ns);

/**
 * clocks_model - model time at a monotonic time; times outside the last two looks count as the
 * nearer of them
 */
uint64_t clocks_model(const struct clocks *c, uint64_t mono_ns);

#endif /* _DAEMON_CLOCKS_H */
