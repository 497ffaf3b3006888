/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The extents of a replay's two buffers, weights and KV, as a policy sees them: how they are used
 * and what is in them. Where they are and whether they can move is the driver's to say, and so is
 * carrying a move out.
 *
 * All bytes of extents are modelled ones.
 */
#ifndef _ENGINE_EXTENTS_H
#define _ENGINE_EXTENTS_H

#include "engine/engine.h"
#include "engine/policy.h"

/**
 * struct extents - weights first, then KV
 * @extent: @n of them, of which @n_weights are of the weights
 * @shift: of their real size
 * @block_bytes: real bytes of a KV block
 * @moves: what the policy decided last
 * @live: by KV extent, blocks in it that have content
 * @has_content: by KV block
 * @moved, @refused: moves that were made, and that were not
 */
struct extents {
	struct policy_options policy;
	struct policy_extent *extent;
	size_t n_weights;
	size_t n;
	uint32_t shift;
	uint64_t block_bytes;
	struct policy_move *moves;
	uint32_t *live;
	bool *has_content;
	uint64_t moved;
	uint64_t refused;
};

/**
 * extents_init - nothing was used yet, and nothing has content
 * @bytes: real size of an extent, a power of two
 *
 * Return: 0, to be freed with extents_free(), or -ENOMEM with nothing to free.
 */
int extents_init(struct extents *x, const struct layout *layout, uint32_t kv_blocks, uint64_t bytes,
		 const struct policy_options *policy, struct engine_error *e);
void extents_free(struct extents *x);

/**
 * extents_range - the extents that an access touches
 * @last: set to the last one's index
 *
 * Return: the first one's.
 */
size_t extents_range(const struct extents *x, const struct engine_access *a, size_t *last);

/* An access used the extents in its range. */
void extents_touch(struct extents *x, const struct engine_access *a, uint64_t now_ns);

/**
 * extents_block - a KV block got content, or lost it
 * @emptied: called for each extent that has lost the last of its content; what it returns ends this
 */
int extents_block(struct extents *x, uint32_t block, bool content,
		  int (*emptied)(void *ctx, size_t extent, struct engine_error *e), void *ctx,
		  struct engine_error *e);

/**
 * extents_decide - let the policy decide what moves
 * @tiers: @n_tiers of them, by the index that the extents have
 * @n_moves: set to how many of x->moves there are
 */
int extents_decide(struct extents *x, const struct policy_tier *tiers, uint32_t n_tiers,
		   uint64_t now_ns, size_t *n_moves, struct engine_error *e);

/**
 * extents_made - a move was tried
 * @err: what came of it; 0 = it was made
 */
void extents_made(struct extents *x, const struct policy_move *m, int err, uint64_t now_ns);

#endif /* _ENGINE_EXTENTS_H */
