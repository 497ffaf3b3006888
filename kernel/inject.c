// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seeded fault injection: one in N passes of a site fails. The same seed and the same sequence of
 * passes give the same failures. Off unless an administrator writes the module parameters.
 */
#include <linux/moduleparam.h>
#include <linux/spinlock.h>

#include "terrace.h"

static unsigned int inject_every[TERRACE_INJECT_NR];
static DEFINE_SPINLOCK(inject_lock);
static u64 inject_state = 1;

module_param_named(inject_alloc, inject_every[TERRACE_INJECT_ALLOC], uint, 0600);
MODULE_PARM_DESC(inject_alloc, "fail one in N frame allocations (0 = off)");
module_param_named(inject_copy, inject_every[TERRACE_INJECT_COPY], uint, 0600);
MODULE_PARM_DESC(inject_copy, "fail one in N migration copies (0 = off)");
module_param_named(inject_policy, inject_every[TERRACE_INJECT_POLICY], uint, 0600);
MODULE_PARM_DESC(inject_policy, "spoil one in N placement answers (0 = off)");

module_param_named(inject_read, inject_every[TERRACE_INJECT_READ], uint, 0600);
MODULE_PARM_DESC(inject_read, "fail one in N reads of flash blocks (0 = off)");
module_param_named(inject_program, inject_every[TERRACE_INJECT_PROGRAM], uint, 0600);
MODULE_PARM_DESC(inject_program, "fail one in N programs of flash blocks (0 = off)");

static int inject_seed_set(const char *val, const struct kernel_param *kp)
{
	u64 seed;
	int err = kstrtou64(val, 0, &seed);

	if (err)
		return err;
	guard(spinlock)(&inject_lock);
	inject_state = seed ?: 1;	/* xorshift stays at 0 for ever */
	return 0;
}

static int inject_seed_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%llu\n", READ_ONCE(inject_state));
}

static const struct kernel_param_ops inject_seed_ops = {
	.set = inject_seed_set,
	.get = inject_seed_get,
};

module_param_cb(inject_seed, &inject_seed_ops, NULL, 0600);
MODULE_PARM_DESC(inject_seed, "state of the injection's generator");

/* xorshift64 (Marsaglia, Journal of Statistical Software 8(14), 2003) */
static u64 inject_next(void)
{
	guard(spinlock)(&inject_lock);
	inject_state ^= inject_state << 13;
	inject_state ^= inject_state >> 7;
	inject_state ^= inject_state << 17;
	return inject_state;
}

/**
 * terrace_inject - should this pass of the site fail?
 */
bool terrace_inject(enum terrace_inject_site site)
{
	unsigned int every = READ_ONCE(inject_every[site]);

	return every && inject_next() % every == 0;
}
