/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A search: every layout of a number of devices, and of two pools of them, for one load.
 *
 * TP x PP x DP are the devices; EP follows from them (capacity.h). What has no room or cannot be
 * divided so is kept with its reason.
 */
#ifndef _SIM_SEARCH_SPACE_H
#define _SIM_SEARCH_SPACE_H

#include "sim/search_load.h"
#include "sim/search_metric.h"
#include "sim/search_place.h"

/**
 * struct search_refused - a layout of all devices that is none
 * @lack: bytes that a device lacks; 0 = it cannot be divided so
 */
struct search_refused {
	struct capacity_shard layout;
	double lack;
	struct engine_error why;
};

/**
 * struct search - what is searched, and what was found
 * @options: of a run; of its layout, what is not 0 is given, of pools for each
 * @ep: 0 = not given
 * @points: @n found
 * @refused: @n_refused layouts; of several places of it the one that lacks least
 * @layouts: looked at, of all devices and of pools, each with its places
 */
struct search {
	const struct sim_system *system;
	const struct model_config *model;
	struct shard_options options;
	uint32_t ep;
	struct search_load load;
	struct search_slo slo;
	struct search_places places;
	struct search_point *points;
	size_t n;
	size_t room;
	struct search_refused *refused;
	size_t n_refused;
	uint64_t layouts;
	bool no_memory;
};

/**
 * search_layouts - layouts of all devices
 *
 * Return: 0, -ENOMEM.
 */
int search_layouts(struct search *s);

/**
 * search_splits - layouts of two pools: one for prompts, one for further tokens
 *
 * Pools of prompts have 1, 2, 4 ... devices, all but so many, and what balances both pools by what
 * a device of each serves; of a pool's layouts for prompts the one that serves most within the
 * promised time is taken, of those for further tokens all. Return: 0, -ENOMEM.
 */
int search_splits(struct search *s);

void search_free(struct search *s);

/* ---- for both of them ---- */

typedef void search_laid_fn(void *ctx, struct shard *shard);

/**
 * search_each - call a function for each layout that a pool of devices can have
 * @system: with their number
 * @laid: the shard is freed behind it
 */
void search_each(struct search *s, const struct sim_system *system, search_laid_fn *laid,
		 void *ctx);

/**
 * search_refuse - keep a layout of all devices with the reason why it is none
 */
void search_refuse(struct search *s, const struct capacity_shard *layout, double lack,
		   const struct engine_error *why);

/**
 * search_add - keep a point
 * @p: its pools, transfer, limit and rate; all else is computed
 */
void search_add(struct search *s, struct search_point *p);

#endif /* _SIM_SEARCH_SPACE_H */
