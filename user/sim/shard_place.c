// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where weights, activations and KV of a stage lie. */
#include <errno.h>
#include <stdio.h>

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

static int say_short(const struct shard *s, const uint32_t *order, uint32_t n, const char *what,
		     double bytes, double lack, struct engine_error *e)
{
	const struct capacity_shard *shard = &s->options.shard;
	char tiers[256];

	list_tiers(&s->system->tiers, order, n, tiers, sizeof(tiers));
	engine_error_set(e, "%s on TP %u x PP %u x DP %u: %s of a device lack %.0f bytes for %.0f "
			 "bytes of %s: take more devices or stacks, a tier more, or --dtype fp8",
			 s->model->name, shard->tp, shard->pp, shard->dp, tiers, lack, bytes, what);
	return -ENOSPC;
}

/* Tiers of a class, best first. Return: how many; 0 with the error set. */
static uint32_t order_of(const struct shard *s, uint32_t class_id, const char *name,
			 uint32_t order[TMODEL_TIERS_MAX], struct engine_error *e)
{
	uint32_t n = fit_place_order(&s->system->tiers, class_id, order);

	if (!n)
		engine_error_set(e, "%s: no tier allows the class %s: add it to a tier's classes",
				 s->system->tiers_path, name);
	return n;
}

/* Put a class on the tiers; what it takes of @room is taken away. */
static int place(const struct shard *s, struct shard_stage *stage, enum roofline_class class,
		 double bytes, double *room, struct engine_error *e)
{
	bool weights = class == ROOFLINE_WEIGHTS;
	const char *name = weights ? "weights" : "activation";
	uint32_t order[TMODEL_TIERS_MAX], i, n;
	double left = bytes, here;

	n = order_of(s, weights ? TERRACE_CLASS_WEIGHTS : TERRACE_CLASS_ACTIVATION, name, order, e);
	if (!n)
		return -EXDEV;
	for (i = 0; i < n; i++) {
		here = left < room[order[i]] ? left : room[order[i]];
		stage->share[order[i]][class] = bytes > 0 ? here / bytes : 0;
		room[order[i]] -= here;
		left -= here;
	}
	return left > 0 ? say_short(s, order, n, weights ? "weights" : "activations", bytes, left,
				    e) : 0;
}

int shard_place(const struct shard *s, struct shard_stage *stage, struct engine_error *e)
{
	double weights = shard_stage_weights(stage);
	double room[TMODEL_TIERS_MAX], block = stage->token_kv * s->options.block_tokens;
	uint32_t order[TMODEL_TIERS_MAX], i, n;
	int err;

	for (i = 0; i < s->system->tiers.n_tiers; i++)
		room[i] = (double)s->system->tiers.tiers[i].profile.capacity_bytes;
	err = place(s, stage, ROOFLINE_ACTIVATIONS, stage->activations, room, e) ?:
	      place(s, stage, ROOFLINE_WEIGHTS, weights, room, e);
	if (err)
		return err;
	n = order_of(s, TERRACE_CLASS_KV, "kv", order, e);
	/* Without any room nothing could be exchanged between several tiers, see engine/fit.h. */
	for (i = 0; i < n; i++)
		stage->kv_room[order[i]] = room[order[i]] * (n > 1 ? 1 - 1.0 / FIT_SPARE : 1) *
					   stage->kv_share;
	if (!n)
		return -EXDEV;
	return shard_kv_blocks(s, stage) ? 0 :
	       say_short(s, order, n, "KV of one block beside weights and activations", block,
			 block, e);
}

uint32_t shard_kv_blocks(const struct shard *s, const struct shard_stage *stage)
{
	double sum = 0, blocks;
	uint32_t i;

	for (i = 0; i < s->system->tiers.n_tiers; i++)
		sum += stage->kv_room[i];
	blocks = sum / (stage->token_kv * s->options.block_tokens);
	return blocks < PREFIX_BLOCKS_MAX ? (uint32_t)blocks : PREFIX_BLOCKS_MAX;
}
