// SPDX-License-Identifier: LGPL-2.1-or-later
/* What lies where, as a list of whole numbers. */
#include "sim/fit_items.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/fit_near.h"

#define GB	1000000000ULL
#define MB	1000000ULL

/**
 * struct making - a list that is being made
 */
struct making {
	const struct fit_case *fit;
	struct fit_items *out;
	int stage;
	int tier;
	int err;
};

static void __attribute__((format(printf, 4, 5)))
add(struct making *m, uint64_t value, const char *unit, const char *format, ...)
{
	struct fit_item *item = reallocarray(m->out->item, m->out->n + 1, sizeof(*item));
	va_list args;

	if (!item) {
		m->err = -ENOMEM;
		return;
	}
	m->out->item = item;
	item += m->out->n++;
	*item = (struct fit_item) { m->stage, m->tier, "", value, unit, false };
	va_start(args, format);
	vsnprintf(item->name, sizeof(item->name), format, args);
	va_end(args);
}

/* 0 stands for a number that was not found. */
static void add_found(struct making *m, uint64_t value, const char *unit, const char *prefix,
		      const char *name)
{
	size_t n = m->out->n;

	add(m, value, unit, "%s%s", prefix, name);
	if (m->out->n > n)
		m->out->item[n].missing = !value;
}

/* ---- all devices ---- */

static void add_layout(struct making *m, const char *prefix, const struct capacity_shard *s)
{
	add_found(m, s->tp, "devices", prefix, "tp");
	add_found(m, s->pp, "stages", prefix, "pp");
	add_found(m, s->dp, "groups", prefix, "dp");
}

static void add_holder(struct making *m, const char *prefix, const struct fit_holder *h)
{
	add_found(m, h->devices, "devices", prefix, "devices");
	add_layout(m, prefix, &h->layout);
}

static void add_all(struct making *m)
{
	const struct fit_case *f = m->fit;
	const struct shard *s = &f->run.shard;
	const struct capacity_shard *c = &s->options.shard;
	uint64_t groups = (uint64_t)s->kv_blocks * c->dp;

	add(m, !fit_lack(f), "1 = yes", "fits");
	add(m, f->run.system.devices, "devices", "devices");
	add_layout(m, "", c);
	add(m, f->run.model.experts ? (uint64_t)c->tp * c->dp : 1, "devices", "ep");
	add(m, model_weight_bytes(&f->run.model), "B", "model_weights");
	add(m, model_kv_token_bytes(&f->run.model), "B", "model_kv_per_token");
	add(m, s->kv_blocks, "blocks", "kv_blocks_per_group");
	add(m, groups * s->options.block_tokens, "tokens", "kv_tokens");
	add(m, f->context, "tokens", "context");
	add(m, f->batch, "requests", "batch");
	add(m, f->requests, "requests", "requests_held");
	add(m, fit_lack(f), "B", "lack_per_device");
	add_holder(m, "enough_", &f->enough);
	if (!fit_lack(f) || f->run.model.weight_dtype == MODEL_FP8)
		return;
	add(m, f->fp8_fits, "1 = yes", "fp8_fits");
	add_holder(m, "fp8_enough_", &f->fp8_enough);
}

/* ---- devices ---- */

static void add_tier(struct making *m, const struct shard_room *room)
{
	const uint64_t *bytes = room->bytes[m->tier];
	uint64_t capacity =
		m->fit->run.system.tiers.tiers[m->tier].profile.capacity_bytes;
	uint64_t free = capacity - bytes[ROOFLINE_WEIGHTS] - bytes[ROOFLINE_ACTIVATIONS] -
			bytes[ROOFLINE_KV] - room->staging[m->tier];

	add(m, capacity, "B", "capacity");
	add(m, bytes[ROOFLINE_WEIGHTS], "B", "weights");
	add(m, bytes[ROOFLINE_ACTIVATIONS], "B", "activations");
	add(m, bytes[ROOFLINE_KV], "B", "kv_room");
	add(m, room->staging[m->tier], "B", "staging");
	add(m, free, "B", "unused");
}

static void add_lack(struct making *m)
{
	const struct fit_case *f = m->fit;

	if (!fit_lack(f) || m->stage != (int)f->short_stage)
		return;
	add(m, f->short_bytes[ROOFLINE_WEIGHTS], "B", "weights_lack");
	add(m, f->short_bytes[ROOFLINE_ACTIVATIONS], "B", "activations_lack");
	add(m, f->short_bytes[ROOFLINE_KV], "B", "kv_lack");
}

static void add_stage(struct making *m, const struct shard_stage *stage)
{
	const struct fit_case *f = m->fit;
	const struct shard *s = &f->run.shard;
	uint64_t block = shard_block_bytes(s, stage);
	struct engine_error e;
	struct shard_room room;

	m->tier = -1;
	add(m, stage->layers, "layers", "layers");
	add(m, stage->weights.embedding, "B", "weights_embedding");
	add(m, stage->weights.common, "B", "weights_common");
	add(m, stage->weights.experts, "B", "weights_experts");
	add(m, shard_weights(stage), "B", "weights");
	add(m, (uint64_t)stage->activations, "B", "activations");
	add(m, (uint64_t)stage->token_kv, "B", "kv_per_token");
	add(m, f->context / s->options.block_tokens * block +
	    (f->context % s->options.block_tokens ? block : 0), "B", "kv_per_request");
	add(m, shard_kv_blocks(s, stage), "blocks", "kv_blocks");
	add_lack(m);
	if (shard_room(s, stage, &room, &e))
		return;
	for (m->tier = 0; m->tier < (int)s->system->tiers.n_tiers; m->tier++)
		add_tier(m, &room);
}

/* ---- memories with logic ---- */

static void add_module(struct making *m, const char *name, uint64_t module_bytes)
{
	struct fit_module found = fit_module(&m->fit->run.model, module_bytes);
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%s_", name);
	add(m, found.shards, "modules", "%s_shards", name);
	add_found(m, found.devices, "modules", prefix, "modules");
	add_layout(m, prefix, &found.layout);
	add_found(m, found.fullest, "B", prefix, "fullest");
	add_found(m, found.devices ? module_bytes - found.fullest : 0, "B", prefix, "left_for_kv");
}

static void add_banks(struct making *m, const char *name, uint64_t bank_bytes)
{
	struct fit_banks b = fit_banks(&m->fit->run.model, bank_bytes);
	int part;

	add(m, b.shards, "banks", "%s_shards", name);
	add(m, b.pieces, "banks", "%s_pieces", name);
	for (part = 0; part < MODEL_PARTS; part++) {
		const char *of = model_part_name(part);

		if (!b.part[part].count)
			continue;
		add(m, b.part[part].count, "parts", "%s_%s_count", name, of);
		add(m, b.part[part].bytes, "B", "%s_%s_bytes", name, of);
		add(m, b.part[part].pieces, "pieces", "%s_%s_split", name, of);
	}
}

static void add_near(struct making *m)
{
	add_module(m, "pnm16", 16 * GB);
	add_module(m, "pnm32", 32 * GB);
	add_banks(m, "pim32", 32 * MB);
	add_banks(m, "pim64", 64 * MB);
}

int fit_items(const struct fit_case *f, bool near, struct fit_items *out)
{
	struct making m = { .fit = f, .out = out, .stage = -1, .tier = -1 };
	uint32_t i;

	*out = (struct fit_items) { 0 };
	add_all(&m);
	if (near)
		add_near(&m);
	for (i = 0; i < f->run.shard.n_stages; i++) {
		m.stage = (int)i;
		add_stage(&m, &f->run.shard.stage[i]);
	}
	return m.err;
}

void fit_items_free(struct fit_items *items)
{
	free(items->item);
	*items = (struct fit_items) { 0 };
}

uint32_t fit_first_stage(const struct fit_case *f, uint32_t which)
{
	uint32_t i, first = 0;

	for (i = 0; i < which; i++)
		first += f->run.shard.stage[i].stages;
	return first;
}
