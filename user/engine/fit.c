// SPDX-License-Identifier: LGPL-2.1-or-later
/* Fit: does a model fit the tiers, and how much KV do they hold beside it? */
#include "engine/fit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/prefix.h"

uint32_t fit_place_order(const struct engine_tierfile *t, uint32_t class_id,
			 uint32_t order[TMODEL_TIERS_MAX])
{
	struct tmodel_place_tier place[TMODEL_TIERS_MAX] = {};

	for (uint32_t i = 0; i < t->n_tiers; i++)
		place[i] = (struct tmodel_place_tier) {
			.online = 1,
			.rank = t->tiers[i].rank,
			.classes = t->tiers[i].classes,
			.read_bps = t->tiers[i].profile.read_bps,
			.endurance_cycles = t->tiers[i].profile.endurance_cycles,
		};
	return tmodel_place_order(place, t->n_tiers, class_id, order);
}

/* "hbm0, cxl0" */
static void list_tiers(const struct engine_tierfile *t, const uint32_t *order, uint32_t n,
		       char *text, size_t room)
{
	size_t len = 0;

	*text = '\0';
	for (uint32_t i = 0; i < n && len < room; i++)
		len += (size_t)snprintf(text + len, room - len, "%s%s", i ? ", " : "",
					t->tiers[order[i]].name);
}

static int say_short(const struct engine_tierfile *t, const struct layout *l,
		     const uint32_t *order, uint32_t n, const char *what, uint64_t real_bytes,
		     struct engine_error *e)
{
	unsigned long long model_bytes = real_bytes << l->scale_shift;
	char tiers[256];

	list_tiers(t, order, n, tiers, sizeof(tiers));
	engine_error_set(e, "%s: short by %llu modelled bytes for %s; give the tier more capacity or stacks, add one, or take a smaller model",
			 tiers, model_bytes, what);
	return -ENOSPC;
}

static int place_weights(const struct engine_tierfile *t, const struct layout *l,
			 uint64_t extent_bytes, struct fit *out, struct engine_error *e)
{
	uint64_t left = (l->weights_real_bytes + extent_bytes - 1) & ~(extent_bytes - 1);
	uint32_t order[TMODEL_TIERS_MAX];
	uint32_t n = fit_place_order(t, TERRACE_CLASS_WEIGHTS, order);

	if (!n) {
		engine_error_set(e, "no tier allows the class weights; add it to a tier's classes");
		return -EXDEV;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t room = out->tier_bytes[order[i]];

		out->weights_bytes[order[i]] = left < room ? left : room;
		left -= out->weights_bytes[order[i]];
	}
	return left ? say_short(t, l, order, n, "the weights", left, e) : 0;
}

static int place_kv(const struct engine_tierfile *t, const struct layout *l, struct fit *out,
		    struct engine_error *e)
{
	uint32_t order[TMODEL_TIERS_MAX];
	uint32_t n = fit_place_order(t, TERRACE_CLASS_KV, order);
	uint64_t sum = 0;
	uint64_t blocks;

	if (!n) {
		engine_error_set(e, "no tier allows the class kv; add it to a tier's classes");
		return -EXDEV;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t tier = order[i];

		out->kv_bytes[tier] = out->tier_bytes[tier] - out->weights_bytes[tier];
		sum += out->kv_bytes[tier];
	}
	if (n > 1)
		sum -= sum / FIT_SPARE;
	blocks = sum / l->block_real_bytes;
	if (!blocks)
		return say_short(t, l, order, n, "one block of KV beside the weights",
				 l->block_real_bytes - sum, e);
	out->kv_blocks = blocks < PREFIX_BLOCKS_MAX ? (uint32_t)blocks : PREFIX_BLOCKS_MAX;
	return 0;
}

int fit_model(const struct engine_tierfile *tiers, const struct layout *layout,
	      uint64_t extent_bytes, struct fit *out, struct engine_error *e)
{
	int err;

	memset(out, 0, sizeof(*out));
	if (!extent_bytes || extent_bytes & (extent_bytes - 1)) {
		engine_error_set(e, "an extent of %llu bytes is not a power of two",
				 (unsigned long long)extent_bytes);
		return -EINVAL;
	}
	if (tiers->device.scale_shift != layout->scale_shift) {
		engine_error_set(e, "the layout's scale 2^%u is not the tier file's 2^%u",
				 layout->scale_shift, tiers->device.scale_shift);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < tiers->n_tiers; i++)
		out->tier_bytes[i] = tiers->tiers[i].profile.capacity_bytes >>
				     layout->scale_shift & ~(extent_bytes - 1);
	err = place_weights(tiers, layout, extent_bytes, out, e);
	return err ? err : place_kv(tiers, layout, out, e);
}
