/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model and devices small enough to count by hand. */
#ifndef _SHARD_FIXTURE_H
#define _SHARD_FIXTURE_H

#include "sim/shard.h"

/*
 * Three layers of width 8: attention of 2 heads of 4 and 2 KV heads 8 x (16 + 16) = 256, norms 16,
 * FFN 3 x 8 x 6 = 144: 416 numbers a layer. Embedding and lm_head 10 x 8, last norm 8. Two bytes
 * each: 3 x 832 + 16 + 160 = 2672 that a step reads, and a row of 16. KV 32 bytes a token, layer.
 */
struct model_config shard_tiny(void);

/* The next rank; classes by their bits, reads as fast as writes. */
void shard_add_tier(struct sim_system *s, const char *name, uint32_t classes, uint64_t capacity,
		    uint64_t bps);

/* A byte of weights or KV takes a microsecond, all else next to nothing. */
void shard_system(struct sim_system *s, uint32_t devices);

/* Batches of 8, steps of 64 tokens, blocks of 4. */
struct shard_options shard_tiny_options(uint32_t tp, uint32_t pp, uint32_t dp);

/* Lay it out; fails the test with the error otherwise. */
void shard_must_init(struct shard *shard, const struct sim_system *s, const struct model_config *m,
		     struct shard_options o);

#endif /* _SHARD_FIXTURE_H */
