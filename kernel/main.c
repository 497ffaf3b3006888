// SPDX-License-Identifier: GPL-2.0-only
/* The module: the device, its parts brought up in order and taken down in reverse. */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "compat.h"
#include "terrace.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

struct terrace_device terrace = {
	.control	= __MUTEX_INITIALIZER(terrace.control),
	.buffers	= XARRAY_INIT(terrace.buffers, XA_FLAGS_ALLOC1),
	.sessions_lock	= __SPIN_LOCK_UNLOCKED(terrace.sessions_lock),
	.sessions	= LIST_HEAD_INIT(terrace.sessions),
	.accel		= { .efficiency_permille = 1000 },
};

const char * const terrace_class_names[TERRACE_CLASSES] = {
	[TERRACE_CLASS_WEIGHTS]		= "weights",
	[TERRACE_CLASS_KV]		= "kv",
	[TERRACE_CLASS_CONTEXT]		= "context",
	[TERRACE_CLASS_ACTIVATION]	= "activation",
};

static struct miscdevice terrace_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "terrace",
	.fops	= &terrace_session_fops,
	.mode	= 0660,
};

static int __init terrace_init(void)
{
	int err;
	u32 i;

	for (i = 0; i < TERRACE_TIERS_MAX; i++) {
		terrace.tiers[i].index = i;
		spin_lock_init(&terrace.tiers[i].lock);
		terrace_landing_init(&terrace.tiers[i]);
	}
	terrace_clock_init();

	err = terrace_background_init();
	if (err)
		return err;
	err = terrace_shrinker_init();
	if (err)
		goto out_background;
	err = misc_register(&terrace_misc);
	if (err)
		goto out_shrinker;
	err = terrace_sysfs_init(&terrace_misc.this_device->kobj);
	if (err)
		goto out_misc;
	err = terrace_control_init();
	if (err)
		goto out_sysfs;
	/* pairs with the acquire in session_open() */
	smp_store_release(&terrace.ready, true);
	return 0;

out_sysfs:
	terrace_sysfs_exit();
out_misc:
	misc_deregister(&terrace_misc);
out_shrinker:
	terrace_shrinker_exit();
out_background:
	terrace_background_exit();
	return err;
}

/* Open files and configfs directories hold the module: nothing of theirs is left here. */
static void __exit terrace_exit(void)
{
	terrace_control_exit();
	terrace_sysfs_exit();
	misc_deregister(&terrace_misc);
	terrace_shrinker_exit();
	terrace_background_exit();
	terrace_detached_exit();
	xa_destroy(&terrace.buffers);
	rcu_barrier();
}

module_init(terrace_init);
module_exit(terrace_exit);
MODULE_DESCRIPTION("Tiered memory for LLM inference, with a model of the memories it stands for");
MODULE_LICENSE("GPL");
