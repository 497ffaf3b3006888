/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fit: does a model fit the tiers, and how much KV do they hold beside it?
 *
 * Places the weights as the device does when a buffer is made: whole extents, tier by tier in the
 * order of tmodel_place_order(). What tiers that allow KV have left is for KV; where there are
 * several, 1/FIT_SPARE of it stays free: without any room nothing could be exchanged between them.
 */
#ifndef _ENGINE_FIT_H
#define _ENGINE_FIT_H

#include <stdint.h>

#include "engine/error.h"
#include "engine/layout.h"
#include "engine/tierfile.h"

#define FIT_SPARE	32

/**
 * struct fit - who gets what, in real bytes and whole extents
 * @tier_bytes: real capacity of each tier, whole extents
 * @weights_bytes: of the weights on each tier
 * @kv_bytes: left beside the weights on each tier that allows KV
 * @kv_blocks: blocks of KV that fit in all, less what stays free
 */
struct fit {
	uint64_t tier_bytes[TMODEL_TIERS_MAX];
	uint64_t weights_bytes[TMODEL_TIERS_MAX];
	uint64_t kv_bytes[TMODEL_TIERS_MAX];
	uint32_t kv_blocks;
};

/**
 * fit_model - find out
 * @tiers: the layout must be made with its scale
 * @extent_bytes: real size of an extent, a power of two
 * @e: names the tiers, and by how many modelled bytes they are short
 *
 * Return: 0; -ENOSPC the weights do not fit, or not one block of KV beside them; -EXDEV no tier
 * allows weights or KV; -EINVAL the layout has another scale, or an extent is not a power of two.
 */
int fit_model(const struct engine_tierfile *tiers, const struct layout *layout,
	      uint64_t extent_bytes, struct fit *out, struct engine_error *e);

/**
 * fit_place_order - tmodel_place_order() of a tier file's tiers
 */
uint32_t fit_place_order(const struct engine_tierfile *tiers, uint32_t class_id,
			 uint32_t order[TMODEL_TIERS_MAX]);

#endif /* _ENGINE_FIT_H */
