// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/replay_extents.h"

static int library_error(int err, struct engine_error *e)
{
	if (err)
		engine_error_set(e, "%s", terrace_error());
	return err;
}

int replay_extents_init(struct replay_extents *x, const struct layout *layout, uint32_t kv_blocks,
			uint32_t extent_bytes, const struct policy_options *policy,
			struct engine_error *e)
{
	int err = extents_init(&x->extents, layout, kv_blocks, extent_bytes, policy, e);

	if (err)
		return err;
	x->scale_shift = layout->scale_shift;
	x->info = calloc(x->extents.n, sizeof(*x->info));
	if (x->info)
		return 0;
	engine_error_set(e, "no memory for %zu extents; use a larger scale", x->extents.n);
	return -ENOMEM;
}

void replay_extents_free(struct replay_extents *x)
{
	extents_free(&x->extents);
	free(x->info);
}

static uint64_t extent_bytes(const struct replay_extents *x)
{
	return 1ULL << x->extents.shift;
}

static int discard(void *ctx, size_t extent, struct engine_error *e)
{
	struct replay_extents *x = ctx;
	uint64_t offset = (uint64_t)(extent - x->extents.n_weights) << x->extents.shift;

	return library_error(terrace_discard(x->buffer[1], offset, extent_bytes(x)), e);
}

int replay_extents_block(struct replay_extents *x, uint32_t block, bool content,
			 struct engine_error *e)
{
	return extents_block(&x->extents, block, content, discard, x, e);
}

/* Where everything is now: the kernel knows. */
static int read_homes(struct replay_extents *x, struct engine_error *e)
{
	const size_t first[2] = { 0, x->extents.n_weights };
	size_t i;

	for (i = 0; i < 2; i++)
		if (terrace_query(x->buffer[i], 0, terrace_buffer_bytes(x->buffer[i]),
				  x->info + first[i]))
			return library_error(-EIO, e);
	for (i = 0; i < x->extents.n; i++) {
		struct policy_extent *extent = &x->extents.extent[i];

		extent->tier = x->info[i].tier;
		extent->sealed = x->info[i].flags & TERRACE_EXTENT_SEALED;
		extent->fixed = x->info[i].flags & TERRACE_EXTENT_MOVING;
	}
	return 0;
}

int replay_extents_sealed(struct replay_extents *x, uint64_t bytes[TERRACE_TIERS_MAX],
			  struct engine_error *e)
{
	size_t i;
	int err = read_homes(x, e);

	memset(bytes, 0, TERRACE_TIERS_MAX * sizeof(*bytes));
	for (i = 0; i < x->extents.n && !err; i++)
		if (x->extents.extent[i].sealed && x->info[i].tier < TERRACE_TIERS_MAX)
			bytes[x->info[i].tier] += extent_bytes(x);
	return err;
}

static void read_tiers(struct replay_extents *x, struct policy_tier tiers[TERRACE_TIERS_MAX])
{
	uint32_t i;

	for (i = 0; i < TERRACE_TIERS_MAX; i++) {
		struct terrace_tier_info info;

		tiers[i] = (struct policy_tier) { 0 };
		if (terrace_tier_get(x->session, i, &info))
			continue;
		tiers[i] = (struct policy_tier) {
			.online = true,
			.rank = info.rank,
			.classes = info.classes,
			.capacity_bytes = info.capacity_bytes << x->scale_shift,
			.free_bytes = (info.capacity_bytes - info.used_bytes) << x->scale_shift,
			.read_bps = info.model_read_bps,
			.endurance_cycles = info.endurance_cycles,
			.write_limited = true,
		};
		memcpy(tiers[i].write_left_bytes, info.model_write_left_bytes,
		       sizeof(tiers[i].write_left_bytes));
	}
}

/* Of the weights' buffer or of the KV's? */
static int buffer_of(const struct replay_extents *x, const struct policy_move *m)
{
	return m->extent >= x->extents.n_weights;
}

static void move_init(const struct replay_extents *x, struct terrace_move *m,
		      const struct policy_move *p)
{
	size_t first = buffer_of(x, p) ? x->extents.n_weights : 0;

	*m = (struct terrace_move) {
		.offset = (uint64_t)(p->extent - first) << x->extents.shift,
		.bytes = extent_bytes(x),
		.tier = p->to,
	};
}

/* Carry out moves of one buffer from @from on. Return: the first of the other, or -errno. */
static long move_batch(struct replay_extents *x, size_t from, size_t n, uint64_t now_ns,
		       struct engine_error *e)
{
	const struct policy_move *moves = x->extents.moves;
	struct terrace_move batch[TERRACE_MOVES_MAX];
	int buffer = buffer_of(x, &moves[from]);
	uint32_t k = 0, j;
	size_t i;

	for (i = from; i < n && k < TERRACE_MOVES_MAX; i++, k++) {
		if (buffer_of(x, &moves[i]) != buffer)
			break;
		move_init(x, &batch[k], &moves[i]);
	}
	if (terrace_migrate_moves(x->buffer[buffer], batch, k, NULL))
		return library_error(-EIO, e);
	for (j = 0; j < k; j++)
		extents_made(&x->extents, &moves[from + j], batch[j].error, now_ns);
	return i;
}

int replay_extents_rebalance(struct replay_extents *x, uint64_t now_ns, struct engine_error *e)
{
	struct policy_tier tiers[TERRACE_TIERS_MAX];
	long i = 0;
	size_t n;
	int err = read_homes(x, e);

	if (err)
		return err;
	read_tiers(x, tiers);
	err = extents_decide(&x->extents, tiers, TERRACE_TIERS_MAX, now_ns, &n, e);
	if (err)
		return err;
	while (i >= 0 && (size_t)i < n)
		i = move_batch(x, i, n, now_ns, e);
	return i < 0 ? (int)i : 0;
}
