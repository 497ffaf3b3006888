// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which of the layouts of a number of devices is taken. */
#include <errno.h>

#include "sim/shard.h"

#define CLEARLY_MORE	1.01

/**
 * struct choice - layouts looked at so far
 * @asked: what is not 0 is given
 * @best: @blocks of KV in all groups; 0 = none fits
 * @err: what the first one said that does not fit, which copies least; else any other
 * @why: its text
 */
struct choice {
	const struct sim_system *system;
	const struct model_config *model;
	struct shard_options asked;
	struct capacity_shard best;
	double blocks;
	int err;
	struct engine_error why;
};

static void look_at(void *ctx, const struct capacity_shard *layout)
{
	struct choice *c = ctx;
	struct shard_options options = c->asked;
	struct engine_error why;
	struct shard shard;
	double blocks = 0;
	int err;

	options.shard = *layout;
	err = shard_init(&shard, c->system, c->model, &options, &why);
	if (!err) {
		blocks = (double)shard.kv_blocks * layout->dp;
	} else if (!c->err || (c->err == -EINVAL && err != -EINVAL)) {
		c->err = err;
		c->why = why;
	}
	shard_free(&shard);
	if (blocks <= c->blocks * CLEARLY_MORE)
		return;
	c->blocks = blocks;
	c->best = *layout;
}

static bool is_asked(uint32_t asked, uint32_t value)
{
	return !asked || asked == value;
}

static void each_group(uint32_t devices, uint32_t pp, const struct capacity_shard *asked,
		       shard_layout_fn *fn, void *ctx)
{
	uint32_t dp;

	for (dp = 1; dp <= devices; dp++) {
		const struct capacity_shard layout = { devices / dp, pp, dp };

		if (!(devices % dp) && is_asked(asked->dp, dp) && is_asked(asked->tp, layout.tp))
			fn(ctx, &layout);
	}
}

void shard_each_layout(uint32_t devices, const struct capacity_shard *asked, shard_layout_fn *fn,
		       void *ctx)
{
	uint32_t pp;

	for (pp = 1; pp <= devices; pp++)
		if (!(devices % pp) && is_asked(asked->pp, pp))
			each_group(devices / pp, pp, asked, fn, ctx);
}

int shard_choose(const struct sim_system *system, const struct model_config *model,
		 struct shard_options *options, struct engine_error *e)
{
	struct choice c = { .system = system, .model = model, .asked = *options };

	shard_each_layout(system->devices, &options->shard, look_at, &c);
	if (c.blocks > 0) {
		options->shard = c.best;
		return 0;
	}
	if (c.err)
		engine_error_set(e, "%s", c.why.text);
	else
		engine_error_set(e, "%u devices cannot be laid out as asked: --tp x --pp x --dp must "
				 "be their number", system->devices);
	return c.err ?: -EINVAL;
}
