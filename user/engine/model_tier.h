/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tier of the model driver: its room and its books, kept as terrace.ko keeps those of a tier of
 * memory with declared charging (kernel/charge.c, step.c, tier.c, migrate.c), one session on it.
 * Both make them of the functions of terrace/model.h; this is in which order and on what.
 *
 * All bytes are modelled ones. Counters count from when the tier came online.
 */
#ifndef _ENGINE_MODEL_TIER_H
#define _ENGINE_MODEL_TIER_H

#include <stdbool.h>

#include "engine/ledger.h"
#include "engine/policy.h"
#include "engine/tierfile.h"

/**
 * struct model_load - what the running step asked of a tier
 * @read, @write: by class, in whole granules
 * @in, @out: of migrations since the last step
 * @exposed_ns: latencies that nothing hides
 */
struct model_load {
	__u64 read[TMODEL_CLASSES];
	__u64 write[TMODEL_CLASSES];
	__u64 in;
	__u64 out;
	__u64 exposed_ns;
};

/**
 * struct model_tier - a tier
 * @capacity_bytes: whole real bytes
 * @used_bytes: homes of extents
 * @entry, @accesses: by class, the session's ledger and its energy with the rest
 * @traffic: by class, energy of accesses and migrations
 * @busy_ns: of its steps
 */
struct model_tier {
	const struct engine_tier *tier;
	__u64 capacity_bytes;
	__u64 used_bytes;
	struct model_load load;
	struct terrace_ledger_entry entry[TMODEL_CLASSES];
	struct tmodel_energy accesses[TMODEL_CLASSES];
	struct tmodel_energy traffic[TMODEL_CLASSES];
	struct tmodel_wear wear;
	struct tmodel_budget budget;
	__u64 busy_ns;
};

/**
 * model_tier_init - a tier comes online
 * @tier: must outlive it
 */
void model_tier_init(struct model_tier *t, const struct engine_tier *tier, uint32_t scale_shift,
		     struct tmodel_sat *sat);

/**
 * model_tier_take - take room for extents, as many as fit
 * @count: wanted
 *
 * Return: how many.
 */
size_t model_tier_take(struct model_tier *t, __u64 extent_bytes, size_t count);

/**
 * model_tier_access - the running step accesses bytes that are here
 * @dependent: nothing prefetches it
 */
void model_tier_access(struct model_tier *t, uint32_t class_id, enum tmodel_dir dir, __u64 offset,
		       __u64 bytes, bool dependent, struct tmodel_sat *sat);

/**
 * model_tier_step - a step ends: its load becomes time, energy and wear
 * @now_ns: model time when it began
 *
 * Return: the tier's time.
 */
__u64 model_tier_step(struct model_tier *t, __u64 now_ns, struct tmodel_sat *sat);

/**
 * model_tier_move - an extent's home becomes another tier
 * @content: it has frames, which are copied; without, nothing is charged
 *
 * Return: 0, -ENOSPC, or -EAGAIN: the write budget is used up.
 */
int model_tier_move(struct model_tier *from, struct model_tier *to, uint32_t class_id,
		    __u64 extent_bytes, bool content, __u64 now_ns, struct tmodel_sat *sat);

/* The tier as a policy sees it. */
void model_tier_describe(struct model_tier *t, __u64 now_ns, struct policy_tier *out);

/* What was counted up to now. */
void model_tier_count(const struct model_tier *t, struct ledger_count *out, struct tmodel_sat *sat);

#endif /* _ENGINE_MODEL_TIER_H */
