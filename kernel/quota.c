// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quotas: how many bytes of each class the buffers of a uid may have. They belong to the uid, so a
 * second session does not escape them, and are taken when a buffer is created.
 *
 * An entry exists while something is charged to it or its configfs directory is there.
 */
#include <linux/cred.h>
#include <linux/slab.h>

#include "terrace.h"

struct terrace_quota {
	kuid_t uid;
	unsigned int refs;
	u64 limit[TERRACE_CLASSES];
	u64 used[TERRACE_CLASSES];
};

/* By uid of the initial user name space. Its lock protects the entries as well. */
static DEFINE_XARRAY(quotas);

/**
 * terrace_quota_get - the entry of a uid, made if need be
 *
 * Return: an entry to be given back with terrace_quota_put(), or ERR_PTR(-ENOMEM).
 */
struct terrace_quota *terrace_quota_get(kuid_t uid)
{
	unsigned long key = from_kuid(&init_user_ns, uid);
	struct terrace_quota *q, *fresh;
	int i, err = 0;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	fresh->uid = uid;
	for (i = 0; i < TERRACE_CLASSES; i++)
		fresh->limit[i] = U64_MAX;

	xa_lock(&quotas);
	q = xa_load(&quotas, key);
	if (!q) {
		/* may drop the lock to allocate: -EBUSY when another entry came in between */
		err = __xa_insert(&quotas, key, fresh, GFP_KERNEL);
		q = xa_load(&quotas, key);
	}
	if (q)
		q->refs++;
	xa_unlock(&quotas);

	if (q != fresh)
		kfree(fresh);
	return q ?: ERR_PTR(err);
}

/**
 * terrace_quota_hold - one more reference, for a part of a charge that is given back by itself
 */
void terrace_quota_hold(struct terrace_quota *q)
{
	xa_lock(&quotas);
	q->refs++;
	xa_unlock(&quotas);
}

/**
 * terrace_quota_put - give an entry back
 */
void terrace_quota_put(struct terrace_quota *q)
{
	xa_lock(&quotas);
	if (--q->refs)
		q = NULL;
	else
		__xa_erase(&quotas, from_kuid(&init_user_ns, q->uid));
	xa_unlock(&quotas);
	kfree(q);
}

/**
 * terrace_quota_take - charge bytes to a uid
 * @out: the entry, to be passed to terrace_quota_give()
 *
 * Return: 0, -EDQUOT or -ENOMEM.
 */
int terrace_quota_take(kuid_t uid, u32 class_id, u64 bytes, struct terrace_quota **out)
{
	struct terrace_quota *q = terrace_quota_get(uid);
	bool fits;

	if (IS_ERR(q))
		return PTR_ERR(q);
	xa_lock(&quotas);
	fits = q->used[class_id] <= q->limit[class_id] &&
	       bytes <= q->limit[class_id] - q->used[class_id];
	if (fits)
		q->used[class_id] += bytes;
	xa_unlock(&quotas);
	if (!fits) {
		terrace_quota_put(q);
		return -EDQUOT;
	}
	*out = q;
	return 0;
}

/**
 * terrace_quota_give - take a charge back, and with it the reference of terrace_quota_take()
 */
void terrace_quota_give(struct terrace_quota *q, u32 class_id, u64 bytes)
{
	xa_lock(&quotas);
	q->used[class_id] -= bytes;
	xa_unlock(&quotas);
	terrace_quota_put(q);
}

/**
 * terrace_quota_limit - bytes of a class the uid may have; U64_MAX = not limited
 */
u64 terrace_quota_limit(const struct terrace_quota *q, u32 class_id)
{
	return READ_ONCE(q->limit[class_id]);
}

/**
 * terrace_quota_set_limit - change a limit; what is over it stays, nothing new comes
 */
void terrace_quota_set_limit(struct terrace_quota *q, u32 class_id, u64 bytes)
{
	xa_lock(&quotas);
	q->limit[class_id] = bytes;
	xa_unlock(&quotas);
}
