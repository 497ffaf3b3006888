/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The extents of a replay's two buffers as the policy sees them: use is noted here, where they are
 * is asked of the kernel, and the policy's moves are carried out.
 *
 * Bytes handed to the policy are modelled.
 */
#ifndef _CLI_REPLAY_EXTENTS_H
#define _CLI_REPLAY_EXTENTS_H

#include <terrace/terrace.h>

#include "engine/engine.h"
#include "engine/policy.h"

/**
 * struct replay_extents - weights first, then KV
 * @buffer: weights, KV
 * @first: index of each buffer's first extent, and the end
 * @live: by KV extent, blocks in it that have content
 * @has_content: by KV block
 * @block_bytes: real bytes of a KV block
 * @moved: extents moved; @refused: moves the kernel did not make, by errno's absolute value capped
 */
struct replay_extents {
	struct terrace_session *session;
	struct terrace_buffer *buffer[2];
	size_t first[3];
	uint32_t extent_shift;
	uint32_t scale_shift;
	struct policy_options policy;
	struct policy_extent *extent;
	struct terrace_extent_info *info;
	struct policy_move *moves;
	uint32_t *live;
	bool *has_content;
	uint64_t block_bytes;
	uint64_t moved;
	uint64_t refused;
};

int replay_extents_init(struct replay_extents *x, uint32_t kv_blocks, struct engine_error *e);
void replay_extents_free(struct replay_extents *x);

/* A range of the buffer of a class was accessed. */
void replay_extents_touch(struct replay_extents *x, const struct engine_access *a, uint64_t now_ns);

/* A KV block got content, or lost it; an extent without content is discarded. */
int replay_extents_block(struct replay_extents *x, uint32_t block, bool content,
			 struct engine_error *e);

/**
 * replay_extents_sealed - bytes of sealed extents by tier, where they are now
 * @bytes: by the device's index of a tier
 */
int replay_extents_sealed(struct replay_extents *x, uint64_t bytes[TERRACE_TIERS_MAX],
			  struct engine_error *e);

/* Let the policy decide and move. */
int replay_extents_rebalance(struct replay_extents *x, uint64_t now_ns, struct engine_error *e);

#endif /* _CLI_REPLAY_EXTENTS_H */
