// SPDX-License-Identifier: LGPL-2.1-or-later
/* A model on memories with logic. */
#include "sim/fit_near.h"

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return a / b + !!(a % b);
}

/* ---- modules ---- */

static uint64_t fullest(const struct model_config *m, const struct capacity_shard *s)
{
	uint64_t most = 0, bytes;
	uint32_t stage;

	for (stage = 0; stage < s->pp; stage++) {
		struct capacity_weights w = capacity_weights(m, s, stage);

		bytes = w.embedding + w.common + w.experts;
		if (bytes > most)
			most = bytes;
	}
	return most;
}

/* Heads stay whole, as do experts that are not split by TP. */
static bool can_be_cut(const struct model_config *m, const struct capacity_shard *s)
{
	if (m->heads % s->tp || s->pp > m->layers)
		return false;
	return s->dp == 1 || (m->experts && !(m->experts % s->dp));
}

/* The layout of so many devices whose fullest one has least; @out keeps it when it fits. */
static bool try_devices(const struct model_config *m, uint32_t n, struct fit_module *out)
{
	uint32_t pp, dp;

	for (pp = 1; pp <= n; pp++)
		for (dp = 1; !(n % pp) && dp <= n / pp; dp++) {
			struct capacity_shard s = { n / pp / dp, pp, dp };
			uint64_t bytes;

			if (n / pp % dp || !can_be_cut(m, &s))
				continue;
			bytes = fullest(m, &s);
			if (bytes > out->module_bytes || (out->devices && bytes >= out->fullest))
				continue;
			out->devices = n;
			out->layout = s;
			out->fullest = bytes;
		}
	return out->devices;
}

struct fit_module fit_module(const struct model_config *m, uint64_t module_bytes)
{
	const struct near_module pnm = { .kind = NEAR_PNM, .shard_bytes = module_bytes };
	struct fit_module out = {
		.module_bytes = module_bytes,
		.shards = near_fit(&pnm, 1, model_weight_bytes(m)).shards,
	};
	uint64_t n;

	for (n = out.shards; n <= FIT_MODULES_MAX; n++)
		if (try_devices(m, (uint32_t)n, &out))
			break;
	return out;
}

/* ---- banks ---- */

/* Layers to look at for a part; the last norm stands behind all layers. */
static uint32_t times(const struct model_config *m, enum model_part part)
{
	if (part == MODEL_EMBEDDING || part == MODEL_LM_HEAD)
		return 1;
	return m->layers + (part == MODEL_NORM);
}

static void add_part(const struct near_module *pim, const struct model_config *m,
		     enum model_part part, uint32_t layer, struct fit_banks *out)
{
	uint64_t bytes = model_part_bytes(m, part, layer);
	uint64_t count = part == MODEL_EXPERT ? m->experts : 1, pieces;
	struct fit_part *p = &out->part[part];

	if (!bytes || !count)
		return;
	pieces = near_fit(pim, count, bytes).pieces;
	out->pieces += count * pieces;
	p->count += count;
	if (bytes <= p->bytes)
		return;
	p->bytes = bytes;
	p->pieces = pieces;
}

struct fit_banks fit_banks(const struct model_config *m, uint64_t bank_bytes)
{
	const struct near_module pim = { .kind = NEAR_PIM, .shard_bytes = bank_bytes };
	struct fit_banks out = {
		.bank_bytes = bank_bytes,
		.shards = divide_up(model_weight_bytes(m), bank_bytes),
	};
	enum model_part part;
	uint32_t layer;

	for (part = 0; part < MODEL_PARTS; part++)
		for (layer = 0; layer < times(m, part); layer++)
			add_part(&pim, m, part, layer, &out);
	return out;
}
