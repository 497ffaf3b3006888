/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Model driver: engine_ops by the tier model alone, without a device.
 *
 * Places the extents of two buffers (weights, KV) as the device does and keeps each tier's books as
 * the device does, so that a replay of the same files on tiers of memory that came online for it
 * has the same ledger and the same times, to the last unit. What it does not know: a daemon that
 * moves extents or derates a tier, pinned or broken pages, a host that is short of memory, and of
 * tiers on block devices when their landing pools write back; there declared writes are wear.
 *
 * Not thread safe.
 */
#ifndef _ENGINE_MODEL_DRIVER_H
#define _ENGINE_MODEL_DRIVER_H

#include <stdint.h>

#include "engine/engine.h"
#include "engine/ledger.h"
#include "engine/policy.h"
#include "engine/tierfile.h"

/**
 * struct model_driver_options - what to model
 * @tiers: copied
 * @layout: must outlive the driver
 * @kv_blocks: blocks of KV to hold
 * @extent_bytes: real size of an extent, a power of two
 * @policy: what rebalance does
 */
struct model_driver_options {
	const struct engine_tierfile *tiers;
	const struct layout *layout;
	uint32_t kv_blocks;
	uint64_t extent_bytes;
	struct policy_options policy;
};

struct model_driver;

/**
 * model_driver_create - place weights and KV
 * @out: to be freed with model_driver_free()
 *
 * Return: 0; -ENOSPC, -EXDEV, -EINVAL as of fit_model(); -ENOSPC also when @kv_blocks do not fit;
 * -ENOMEM.
 */
int model_driver_create(const struct model_driver_options *options, struct model_driver **out,
			struct engine_error *e);
void model_driver_free(struct model_driver *d);

/**
 * model_driver_ops - the callbacks; their ctx is the struct model_driver
 */
extern const struct engine_ops model_driver_ops;

/**
 * model_driver_ledger - what it cost since the weights were sealed
 */
void model_driver_ledger(const struct model_driver *d, struct ledger *l);

#endif /* _ENGINE_MODEL_DRIVER_H */
