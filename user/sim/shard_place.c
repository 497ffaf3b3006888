// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where weights, activations and KV of a stage lie. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/fit.h"
#include "engine/prefix.h"
#include "sim/shard.h"

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

uint32_t shard_place_order(const struct shard *s, uint32_t class_id,
			   uint32_t order[TMODEL_TIERS_MAX])
{
	static const struct shard_order by_rule;
	const struct shard_order *asked = class_id == TERRACE_CLASS_WEIGHTS ? &s->options.weights :
					  class_id == TERRACE_CLASS_KV ? &s->options.kv :
									 &by_rule;

	if (!asked->n)
		return fit_place_order(&s->system->tiers, class_id, order);
	memcpy(order, asked->tier, asked->n * sizeof(*order));
	return asked->n;
}

static int say_short(const struct shard *s, enum terrace_class class_id, const char *what,
		     uint64_t bytes, uint64_t lack, struct engine_error *e)
{
	const struct capacity_shard *shard = &s->options.shard;
	uint32_t order[TMODEL_TIERS_MAX];
	uint32_t n = shard_place_order(s, class_id, order);
	char tiers[256];

	list_tiers(&s->system->tiers, order, n, tiers, sizeof(tiers));
	engine_error_set(e, "%s on TP %u x PP %u x DP %u: %s of a device lack %" PRIu64
			 " bytes for %" PRIu64 " bytes of %s: take more devices or stacks, a tier "
			 "more, or --dtype fp8", s->model->name, shard->tp, shard->pp, shard->dp,
			 tiers, lack, bytes, what);
	return -ENOSPC;
}

/* Tiers of a class, best first. Return: how many; 0 with the error set. */
static uint32_t order_of(const struct shard *s, uint32_t class_id, const char *name,
			 uint32_t order[TMODEL_TIERS_MAX], struct engine_error *e)
{
	uint32_t n = shard_place_order(s, class_id, order);

	if (!n)
		engine_error_set(e, "%s: no tier allows the class %s: add it to a tier's classes",
				 s->system->tiers_path, name);
	return n;
}

/* Put a class on the tiers; what it takes of @room is taken away. */
static int place(const struct shard *s, enum roofline_class class, uint64_t bytes, uint64_t *room,
		 struct shard_room *out, struct engine_error *e)
{
	bool weights = class == ROOFLINE_WEIGHTS;
	uint32_t order[TMODEL_TIERS_MAX], i, n;
	uint64_t left = bytes, here;

	n = order_of(s, weights ? TERRACE_CLASS_WEIGHTS : TERRACE_CLASS_ACTIVATION,
		     weights ? "weights" : "activation", order, e);
	if (!n)
		return -EXDEV;
	for (i = 0; i < n; i++) {
		here = left < room[order[i]] ? left : room[order[i]];
		out->bytes[order[i]][class] = here;
		room[order[i]] -= here;
		left -= here;
	}
	out->lack[class] = left;
	return 0;
}

/* Without any room nothing could be exchanged between several tiers, see engine/fit.h. */
static int leave(const struct shard *s, const uint64_t *room, struct shard_room *out,
		 struct engine_error *e)
{
	uint32_t order[TMODEL_TIERS_MAX], i, n;

	n = order_of(s, TERRACE_CLASS_KV, "kv", order, e);
	for (i = 0; i < n; i++) {
		uint64_t here = room[order[i]];

		out->staging[order[i]] = n > 1 ? here / FIT_SPARE + !!(here % FIT_SPARE) : 0;
		out->bytes[order[i]][ROOFLINE_KV] = here - out->staging[order[i]];
	}
	return n ? 0 : -EXDEV;
}

uint64_t shard_weights(const struct shard_stage *stage)
{
	return stage->weights.embedding + stage->weights.common + stage->weights.experts +
	       (uint64_t)stage->beside;
}

uint64_t shard_block_bytes(const struct shard *s, const struct shard_stage *stage)
{
	return (uint64_t)stage->token_kv * s->options.block_tokens;
}

int shard_room(const struct shard *s, const struct shard_stage *stage, struct shard_room *out,
	       struct engine_error *e)
{
	uint64_t room[TMODEL_TIERS_MAX], block = shard_block_bytes(s, stage), kv = 0, wanted;
	uint32_t i;
	int err;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < s->system->tiers.n_tiers; i++)
		room[i] = s->system->tiers.tiers[i].profile.capacity_bytes;
	err = place(s, ROOFLINE_ACTIVATIONS, (uint64_t)stage->activations, room, out, e) ?:
	      place(s, ROOFLINE_WEIGHTS, shard_weights(stage), room, out, e) ?:
	      leave(s, room, out, e);
	for (i = 0; i < s->system->tiers.n_tiers; i++)
		kv += out->bytes[i][ROOFLINE_KV];
	/* of the room, the draft model's KV has its share */
	wanted = (uint64_t)ceil((double)block / stage->kv_share);
	out->lack[ROOFLINE_KV] = kv < wanted ? wanted - kv : 0;
	return err;
}

static int check_lack(const struct shard *s, struct shard_stage *stage,
		      const struct shard_room *room, struct engine_error *e)
{
	uint64_t block = shard_block_bytes(s, stage);

	stage->lack = (double)(room->lack[ROOFLINE_ACTIVATIONS] ?: room->lack[ROOFLINE_WEIGHTS] ?:
			       room->lack[ROOFLINE_KV]);
	if (room->lack[ROOFLINE_ACTIVATIONS])
		return say_short(s, TERRACE_CLASS_ACTIVATION, "activations",
				 (uint64_t)stage->activations, room->lack[ROOFLINE_ACTIVATIONS], e);
	if (room->lack[ROOFLINE_WEIGHTS])
		return say_short(s, TERRACE_CLASS_WEIGHTS, "weights", shard_weights(stage),
				 room->lack[ROOFLINE_WEIGHTS], e);
	if (room->lack[ROOFLINE_KV])
		return say_short(s, TERRACE_CLASS_KV, "KV of one block beside weights and "
				 "activations", block, room->lack[ROOFLINE_KV], e);
	return 0;
}

static double part_of(uint64_t bytes, double all)
{
	return all > 0 ? (double)bytes / all : 0;
}

int shard_place(const struct shard *s, struct shard_stage *stage, struct engine_error *e)
{
	double weights = (double)shard_weights(stage);
	struct shard_room room;
	uint32_t i;
	int err = shard_room(s, stage, &room, e);

	if (!err && !s->options.overfull)
		err = check_lack(s, stage, &room, e);
	if (err)
		return err;
	for (i = 0; i < s->system->tiers.n_tiers; i++) {
		stage->share[i][ROOFLINE_WEIGHTS] =
			part_of(room.bytes[i][ROOFLINE_WEIGHTS], weights);
		stage->share[i][ROOFLINE_ACTIVATIONS] =
			part_of(room.bytes[i][ROOFLINE_ACTIVATIONS], stage->activations);
		stage->kv_room[i] = (double)room.bytes[i][ROOFLINE_KV] * stage->kv_share;
	}
	return 0;
}

uint32_t shard_kv_blocks(const struct shard *s, const struct shard_stage *stage)
{
	double sum = 0, blocks;
	uint32_t i;

	for (i = 0; i < s->system->tiers.n_tiers; i++)
		sum += stage->kv_room[i];
	blocks = sum / (double)shard_block_bytes(s, stage);
	return blocks < PREFIX_BLOCKS_MAX ? (uint32_t)blocks : PREFIX_BLOCKS_MAX;
}
