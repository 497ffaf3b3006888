// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/extents.h"

#include <errno.h>
#include <stdlib.h>

static size_t count(uint64_t bytes, uint32_t shift)
{
	return (size_t)((bytes + (1ULL << shift) - 1) >> shift);
}

static int allocate(struct extents *x, uint32_t kv_blocks, struct engine_error *e)
{
	x->extent = calloc(x->n, sizeof(*x->extent));
	x->moves = calloc(x->policy.max_moves ? x->policy.max_moves : 1, sizeof(*x->moves));
	x->live = calloc(x->n - x->n_weights, sizeof(*x->live));
	x->has_content = calloc(kv_blocks, sizeof(*x->has_content));
	if (x->extent && x->moves && x->live && x->has_content)
		return 0;
	engine_error_set(e, "no memory for %zu extents; use a larger scale", x->n);
	extents_free(x);
	return -ENOMEM;
}

int extents_init(struct extents *x, const struct layout *layout, uint32_t kv_blocks, uint64_t bytes,
		 const struct policy_options *policy, struct engine_error *e)
{
	uint32_t shift = (uint32_t)__builtin_ctzll(bytes);
	int err;

	*x = (struct extents) {
		.policy = *policy,
		.shift = shift,
		.n_weights = count(layout->weights_real_bytes, shift),
		.block_bytes = layout->block_real_bytes,
	};
	x->n = x->n_weights + count(kv_blocks * layout->block_real_bytes, shift);
	err = allocate(x, kv_blocks, e);
	for (size_t i = 0; i < x->n && !err; i++)
		x->extent[i] = (struct policy_extent) {
			.bytes = bytes << layout->scale_shift,
			.moved_ns = POLICY_NEVER,
			.class_id = i < x->n_weights ? TERRACE_CLASS_WEIGHTS : TERRACE_CLASS_KV,
		};
	return err;
}

void extents_free(struct extents *x)
{
	free(x->extent);
	free(x->moves);
	free(x->live);
	free(x->has_content);
	*x = (struct extents) {};
}

size_t extents_range(const struct extents *x, const struct engine_access *a, size_t *last)
{
	size_t base = a->class_id == TERRACE_CLASS_KV ? x->n_weights : 0;

	*last = base + (size_t)((a->buffer_offset + a->real_bytes - 1) >> x->shift);
	return base + (size_t)(a->buffer_offset >> x->shift);
}

void extents_touch(struct extents *x, const struct engine_access *a, uint64_t now_ns)
{
	size_t last, at = extents_range(x, a, &last);

	for (; at <= last; at++)
		policy_touch(&x->extent[at], now_ns, x->policy.half_life_ns);
}

int extents_block(struct extents *x, uint32_t block, bool content,
		  int (*emptied)(void *ctx, size_t extent, struct engine_error *e), void *ctx,
		  struct engine_error *e)
{
	uint64_t start = block * x->block_bytes;
	size_t last = (size_t)((start + x->block_bytes - 1) >> x->shift);
	int err = 0;

	if (x->has_content[block] == content)
		return 0;
	x->has_content[block] = content;
	for (size_t at = (size_t)(start >> x->shift); at <= last && !err; at++) {
		x->live[at] += content ? 1 : -1;
		if (!x->live[at])
			err = emptied(ctx, x->n_weights + at, e);
	}
	return err;
}

int extents_decide(struct extents *x, const struct policy_tier *tiers, uint32_t n_tiers,
		   uint64_t now_ns, size_t *n_moves, struct engine_error *e)
{
	int err = policy_decide(&x->policy, tiers, n_tiers, x->extent, x->n, now_ns, x->moves,
				n_moves);

	if (err)
		engine_error_set(e, "the policy could not decide: its options are out of range, or memory is short");
	return err;
}

void extents_made(struct extents *x, const struct policy_move *m, int err, uint64_t now_ns)
{
	if (err) {
		x->refused++;
		return;
	}
	x->extent[m->extent].moved_ns = now_ns;
	x->moved++;
}
