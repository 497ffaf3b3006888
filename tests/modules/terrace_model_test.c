// SPDX-License-Identifier: GPL-2.0-only
/*
 * Computes the model's digests in the kernel when it is loaded, and shows them in
 * /sys/module/terrace_model_test/parameters/digests in the order of MODEL_DIGESTS.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "model_digest.h"

static unsigned long n = MODEL_DIGEST_INPUTS;
module_param(n, ulong, 0444);
MODULE_PARM_DESC(n, "number of random inputs");

static unsigned long long digests[MODEL_DIGEST_COUNT];
module_param_array(digests, ullong, NULL, 0444);
MODULE_PARM_DESC(digests, "what came out; read only");

static int __init model_test_init(void)
{
	struct model_digest *d = kmalloc(sizeof(*d), GFP_KERNEL);
	unsigned long i;

	if (!d)
		return -ENOMEM;
	model_digest_begin(d);
	for (i = 0; i < n; i++) {
		model_digest_input(d);
		if (!(i % 1024))
			cond_resched();
	}
	for (i = 0; i < MODEL_DIGEST_COUNT; i++)
		digests[i] = d->digest[i];
	kfree(d);
	return 0;
}

static void __exit model_test_exit(void)
{
}

module_init(model_test_init);
module_exit(model_test_exit);
MODULE_DESCRIPTION("Digests of terrace's tier model, for a comparison with user space");
MODULE_LICENSE("GPL");
