// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* Which tier a class of bytes should live on: one rule for kernel, daemon and simulator. */
#include <linux/terrace.h>
#include <terrace/model.h>

static int place_allowed(const struct tmodel_place_tier *t, __u32 class_id)
{
	return t->online && t->classes & 1U << class_id;
}

static int place_frozen(__u32 class_id)
{
	return class_id == TERRACE_CLASS_WEIGHTS || class_id == TERRACE_CLASS_CONTEXT;
}

static __u64 place_fastest_bps(const struct tmodel_place_tier *tiers, __u32 n, __u32 class_id)
{
	__u64 fastest = 0;
	__u32 i;

	for (i = 0; i < n; i++)
		if (place_allowed(&tiers[i], class_id) && tiers[i].read_bps > fastest)
			fastest = tiers[i].read_bps;
	return fastest;
}

/* What decides between two tiers; the smaller goes first, field by field. */
struct place_key {
	__u32 group;
	__u64 slowness;
	__u32 rank;
};

static struct place_key place_key(const struct tmodel_place_tier *t, __u32 class_id,
				  __u64 fastest_bps)
{
	struct place_key key = { .group = 1, .rank = t->rank };

	if (!t->endurance_cycles)
		return key;
	if (!place_frozen(class_id)) {
		key.group = 2;
	} else if (t->read_bps >= fastest_bps - t->read_bps) {
		key.group = 0;
		key.slowness = TMODEL_U64_MAX - t->read_bps;
	}
	return key;
}

static int place_before(const struct place_key *a, const struct place_key *b)
{
	if (a->group != b->group)
		return a->group < b->group;
	if (a->slowness != b->slowness)
		return a->slowness < b->slowness;
	return a->rank < b->rank;
}

__u32 tmodel_place_order(const struct tmodel_place_tier *tiers, __u32 n, __u32 class_id,
			 __u32 order[TMODEL_TIERS_MAX])
{
	struct place_key keys[TMODEL_TIERS_MAX];
	__u64 fastest_bps;
	__u32 count = 0;
	__u32 i, at;

	if (class_id >= TMODEL_CLASSES)
		return 0;
	if (n > TMODEL_TIERS_MAX)
		n = TMODEL_TIERS_MAX;
	fastest_bps = place_fastest_bps(tiers, n, class_id);
	for (i = 0; i < n; i++) {
		struct place_key key;

		if (!place_allowed(&tiers[i], class_id))
			continue;
		key = place_key(&tiers[i], class_id, fastest_bps);
		for (at = count++; at && place_before(&key, &keys[at - 1]); at--) {
			keys[at] = keys[at - 1];
			order[at] = order[at - 1];
		}
		keys[at] = key;
		order[at] = i;
	}
	return count;
}
