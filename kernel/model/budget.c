// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* The write budget as a token bucket: a model day's worth, one share for each class. */
#include <terrace/model.h>

#define BUDGET_MAX	(TMODEL_U64_MAX >> 2)	/* sums of two fit a signed number */

static int budget_limited(const struct tmodel_budget *b)
{
	return b->share_bytes < BUDGET_MAX;
}

static __u32 budget_classes(__u32 classes)
{
	__u32 c, n = 0;

	for (c = 0; c < TMODEL_CLASSES; c++)
		n += classes >> c & 1;
	return n ? n : 1;
}

void tmodel_budget_init(struct tmodel_budget *b, const struct tmodel_profile *p, __u32 classes,
			__u64 now_ns, struct tmodel_sat *sat)
{
	__u64 day = tmodel_wear_budget(p, sat);
	__u32 c;

	*b = (struct tmodel_budget) {
		.share_bytes = day == TMODEL_U64_MAX ? day : day / budget_classes(classes),
		.at_ns = now_ns,
	};
	for (c = 0; c < TMODEL_CLASSES; c++)
		b->left_bytes[c] = budget_limited(b) ? b->share_bytes : TMODEL_U64_MAX >> 1;
}

static int budget_full(const struct tmodel_budget *b)
{
	__u32 c;

	for (c = 0; c < TMODEL_CLASSES; c++)
		if (b->left_bytes[c] != (__s64)b->share_bytes)
			return 0;
	return 1;
}

/*
 * Tokens that came since the last look. Time that made no whole byte counts next time, but not
 * while there is no room: how long everything was full makes no difference.
 */
static void budget_fill(struct tmodel_budget *b, __u64 now_ns)
{
	struct tmodel_sat ignored = {};
	__u64 passed = now_ns > b->at_ns ? now_ns - b->at_ns : 0;
	__u64 bytes;
	__u32 c;

	if (!budget_limited(b) || !b->share_bytes)
		return;
	if (budget_full(b)) {
		b->at_ns += passed;
		return;
	}
	bytes = tmodel_muldiv(b->share_bytes, passed, TMODEL_NS_PER_DAY, TMODEL_DOWN, &ignored);
	if (bytes > BUDGET_MAX)
		bytes = BUDGET_MAX;
	if (!bytes)
		return;
	for (c = 0; c < TMODEL_CLASSES; c++) {
		__s64 room = (__s64)b->share_bytes - b->left_bytes[c];

		b->left_bytes[c] += room < (__s64)bytes ? room : (__s64)bytes;
	}
	b->at_ns += tmodel_muldiv(bytes, TMODEL_NS_PER_DAY, b->share_bytes, TMODEL_UP, &ignored);
	if (b->at_ns > now_ns)
		b->at_ns = now_ns;
}

__s64 tmodel_budget_left(struct tmodel_budget *b, __u32 class_id, __u64 now_ns)
{
	budget_fill(b, now_ns);
	return b->left_bytes[class_id];
}

void tmodel_budget_spend(struct tmodel_budget *b, __u32 class_id, __u64 now_ns, __u64 bytes)
{
	__s64 *left = &b->left_bytes[class_id];
	__s64 most;

	if (!budget_limited(b))
		return;
	budget_fill(b, now_ns);
	/* the debt stops where it would not fit */
	most = *left + (__s64)BUDGET_MAX / 2;
	*left -= most > 0 && bytes > (__u64)most ? most : (__s64)bytes;
}

int tmodel_budget_admit(struct tmodel_budget *b, __u32 class_id, __u64 now_ns, __u64 bytes)
{
	__u64 needed = bytes < b->share_bytes ? bytes : b->share_bytes;

	if (budget_limited(b) &&
	    tmodel_budget_left(b, class_id, now_ns) < (__s64)(needed ? needed : 1))
		return 0;
	tmodel_budget_spend(b, class_id, now_ns, bytes);
	return 1;
}

void tmodel_budget_refund(struct tmodel_budget *b, __u32 class_id, __u64 bytes)
{
	if (budget_limited(b) && bytes < BUDGET_MAX / 2)
		b->left_bytes[class_id] += bytes;
}
