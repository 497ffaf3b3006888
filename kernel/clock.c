// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model clock: one u64 of nanoseconds for the device, never going back.
 *
 * Live it is boot time x acceleration since the base. In a replay it stands still but for what the
 * replaying session advances it by.
 */
#include <linux/timekeeping.h>

#include "terrace.h"

static u64 clock_read(void)
{
	u64 boot = ktime_get_boottime_ns() - terrace.clock_boot_ns;

	lockdep_assert_held(&terrace.clock_lock);
	if (terrace.clock_replayed)
		return terrace.clock_base_ns;
	boot = tmodel_muldiv(boot, terrace.clock_acceleration, 1, TMODEL_DOWN, &terrace.sat);
	return tmodel_add(terrace.clock_base_ns, boot, &terrace.sat);
}

static void clock_rebase(void)
{
	terrace.clock_base_ns = clock_read();
	terrace.clock_boot_ns = ktime_get_boottime_ns();
}

/**
 * terrace_clock_init - start the clock at 0, live, at the speed of boot time
 */
void terrace_clock_init(void)
{
	spin_lock_init(&terrace.clock_lock);
	terrace.clock_acceleration = 1;
	terrace.clock_boot_ns = ktime_get_boottime_ns();
}

/**
 * terrace_clock - model time now
 */
u64 terrace_clock(void)
{
	guard(spinlock)(&terrace.clock_lock);
	return clock_read();
}

/**
 * terrace_clock_advance - let a replay's time pass; does nothing to a live clock
 *
 * Return: the clock afterwards.
 */
u64 terrace_clock_advance(u64 ns)
{
	guard(spinlock)(&terrace.clock_lock);
	if (terrace.clock_replayed)
		terrace.clock_base_ns = tmodel_add(terrace.clock_base_ns, ns, &terrace.sat);
	return clock_read();
}

/**
 * terrace_clock_replay - hand the clock to a replay, or back to boot time
 */
void terrace_clock_replay(bool on)
{
	guard(spinlock)(&terrace.clock_lock);
	clock_rebase();
	terrace.clock_replayed = on;
}

/**
 * terrace_clock_accelerate - set model seconds per second of boot time
 */
void terrace_clock_accelerate(u32 acceleration)
{
	guard(spinlock)(&terrace.clock_lock);
	clock_rebase();
	terrace.clock_acceleration = acceleration;
}
