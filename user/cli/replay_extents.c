// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/replay_extents.h"

static size_t count(const struct replay_extents *x)
{
	return x->first[2];
}

int replay_extents_init(struct replay_extents *x, uint32_t kv_blocks, struct engine_error *e)
{
	size_t i, n;

	for (i = 0; i < 2; i++)
		x->first[i + 1] = x->first[i] +
				  (terrace_buffer_bytes(x->buffer[i]) >> x->extent_shift);
	n = count(x);
	x->extent = calloc(n, sizeof(*x->extent));
	x->info = calloc(n, sizeof(*x->info));
	x->moves = calloc(x->policy.max_moves, sizeof(*x->moves));
	x->live = calloc(n - x->first[1], sizeof(*x->live));
	x->has_content = calloc(kv_blocks, sizeof(*x->has_content));
	if (!x->extent || !x->info || !x->moves || !x->live || !x->has_content) {
		engine_error_set(e, "no memory for %zu extents; use a larger scale", n);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		x->extent[i].bytes = 1ULL << x->extent_shift << x->scale_shift;
		x->extent[i].moved_ns = POLICY_NEVER;
		x->extent[i].class_id = i < x->first[1] ? TERRACE_CLASS_WEIGHTS : TERRACE_CLASS_KV;
	}
	return 0;
}

void replay_extents_free(struct replay_extents *x)
{
	free(x->extent);
	free(x->info);
	free(x->moves);
	free(x->live);
	free(x->has_content);
}

void replay_extents_touch(struct replay_extents *x, const struct engine_access *a, uint64_t now_ns)
{
	size_t base = x->first[a->class_id == TERRACE_CLASS_KV];
	size_t at = base + (a->buffer_offset >> x->extent_shift);
	size_t last = base + ((a->buffer_offset + a->real_bytes - 1) >> x->extent_shift);

	for (; at <= last; at++)
		policy_touch(&x->extent[at], now_ns, x->policy.half_life_ns);
}

static int discard_extent(struct replay_extents *x, uint64_t extent, struct engine_error *e)
{
	int err = terrace_discard(x->buffer[1], extent << x->extent_shift, 1ULL << x->extent_shift);

	if (err)
		engine_error_set(e, "%s", terrace_error());
	return err;
}

int replay_extents_block(struct replay_extents *x, uint32_t block, bool content,
			 struct engine_error *e)
{
	uint64_t start = block * x->block_bytes;
	uint64_t at = start >> x->extent_shift;
	uint64_t last = (start + x->block_bytes - 1) >> x->extent_shift;
	int err = 0;

	if (x->has_content[block] == content)
		return 0;
	x->has_content[block] = content;
	for (; at <= last && !err; at++) {
		x->live[at] += content ? 1 : -1;
		if (!x->live[at])
			err = discard_extent(x, at, e);
	}
	return err;
}

/* Where everything is now: the kernel knows. */
static int read_homes(struct replay_extents *x, struct engine_error *e)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		if (terrace_query(x->buffer[i], 0, terrace_buffer_bytes(x->buffer[i]),
				  x->info + x->first[i])) {
			engine_error_set(e, "%s", terrace_error());
			return -EIO;
		}
	}
	for (i = 0; i < count(x); i++) {
		x->extent[i].tier = x->info[i].tier;
		x->extent[i].sealed = x->info[i].flags & TERRACE_EXTENT_SEALED;
		x->extent[i].fixed = x->info[i].flags & TERRACE_EXTENT_MOVING;
	}
	return 0;
}

int replay_extents_sealed(struct replay_extents *x, uint64_t bytes[TERRACE_TIERS_MAX],
			  struct engine_error *e)
{
	size_t i;
	int err = read_homes(x, e);

	memset(bytes, 0, TERRACE_TIERS_MAX * sizeof(*bytes));
	for (i = 0; i < count(x) && !err; i++)
		if (x->extent[i].sealed && x->info[i].tier < TERRACE_TIERS_MAX)
			bytes[x->info[i].tier] += 1ULL << x->extent_shift;
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

static void move_init(const struct replay_extents *x, struct terrace_move *m,
		      const struct policy_move *p, int buffer)
{
	*m = (struct terrace_move) {
		.offset = (uint64_t)(p->extent - x->first[buffer]) << x->extent_shift,
		.bytes = 1ULL << x->extent_shift,
		.tier = p->to,
	};
}

static int buffer_of(const struct replay_extents *x, const struct policy_move *m)
{
	return m->extent >= x->first[1];
}

/* Carry out moves of one buffer from @from on. Return: the first of the other, or -errno. */
static long move_batch(struct replay_extents *x, size_t from, size_t n, uint64_t now_ns,
		       struct engine_error *e)
{
	struct terrace_move batch[TERRACE_MOVES_MAX];
	int buffer = buffer_of(x, &x->moves[from]);
	uint32_t k = 0;
	size_t i;

	for (i = from; i < n && k < TERRACE_MOVES_MAX; i++, k++) {
		if (buffer_of(x, &x->moves[i]) != buffer)
			break;
		move_init(x, &batch[k], &x->moves[i], buffer);
	}
	if (terrace_migrate_moves(x->buffer[buffer], batch, k, NULL)) {
		engine_error_set(e, "%s", terrace_error());
		return -EIO;
	}
	while (k--) {
		if (batch[k].error) {
			x->refused++;
		} else {
			x->extent[x->moves[from + k].extent].moved_ns = now_ns;
			x->moved++;
		}
	}
	return i;
}

int replay_extents_rebalance(struct replay_extents *x, uint64_t now_ns, struct engine_error *e)
{
	struct policy_tier tiers[TERRACE_TIERS_MAX];
	size_t n;
	long i = 0;
	int err = read_homes(x, e);

	if (err)
		return err;
	read_tiers(x, tiers);
	err = policy_decide(&x->policy, tiers, TERRACE_TIERS_MAX, x->extent, count(x), now_ns,
			    x->moves, &n);
	if (err) {
		engine_error_set(e, "the policy could not decide: memory is short");
		return err;
	}
	while (i >= 0 && (size_t)i < n)
		i = move_batch(x, i, n, now_ns, e);
	return i < 0 ? (int)i : 0;
}
