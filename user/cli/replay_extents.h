/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The extents of a replay on the device: where they are is asked of the kernel, those without
 * content are discarded, and the policy's moves are carried out.
 */
#ifndef _CLI_REPLAY_EXTENTS_H
#define _CLI_REPLAY_EXTENTS_H

#include <terrace/terrace.h>

#include "engine/extents.h"

/**
 * struct replay_extents - the extents and their buffers
 * @buffer: weights, KV
 */
struct replay_extents {
	struct terrace_session *session;
	struct terrace_buffer *buffer[2];
	struct extents extents;
	uint32_t scale_shift;
	struct terrace_extent_info *info;
};

/**
 * replay_extents_init - the buffers have been made
 * @extent_bytes: of both
 */
int replay_extents_init(struct replay_extents *x, const struct layout *layout, uint32_t kv_blocks,
			uint32_t extent_bytes, const struct policy_options *policy,
			struct engine_error *e);
void replay_extents_free(struct replay_extents *x);

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
