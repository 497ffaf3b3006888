/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two pools of devices: one computes prompts, the other decodes answers (Patel et al., Splitwise,
 * ISCA 2024; Zhong et al., DistServe, OSDI 2024).
 *
 * The first token comes out of the prompts' pool, but for diffusion. KV of a prompt then goes over
 * the network, as a whole when the prompt is done; what an engine sends goes one after the other.
 * What has arrived waits outside of the answers' devices until there is room (Qin et al., Mooncake,
 * FAST 2025), so that the prompts' pool never waits for the other one: it is served first, then
 * what it sent is a trace for the other. Not thread safe.
 */
#ifndef _SIM_POOLS_H
#define _SIM_POOLS_H

#include "sim/shard.h"

enum pool { POOL_PROMPTS, POOL_ANSWERS, POOLS };

/**
 * struct pools_sent - KV that went from one pool to the other
 * @n: requests
 * @bytes: that receivers got
 * @seconds: sum of the time on the network
 * @waited_s: sum of the time until it was free
 * @peak_bytes: most that had been computed, but had no room yet
 */
struct pools_sent {
	uint64_t n;
	double bytes;
	double seconds;
	double waited_s;
	double peak_bytes;
};

/**
 * struct pools - both
 * @system: all devices; those of a pool are @systems
 * @shards: laid out
 */
struct pools {
	const struct sim_system *system;
	struct sim_system systems[POOLS];
	struct shard shards[POOLS];
	struct pools_sent sent;
};

/**
 * pools_lay_out - lay a model over both pools
 * @system: must live as long as @out; its devices are those of both pools
 * @prompts: devices of the prompts' pool, less than all
 * @options: of each pool; tp, pp and dp that are 0 are chosen by shard_choose()
 * @out: to be freed with pools_free(), also on error
 *
 * Return: as shard_init().
 */
int pools_lay_out(struct pools *out, const struct sim_system *system, uint32_t prompts,
		  const struct model_config *model, const struct shard_options options[POOLS],
		  struct engine_error *e);
void pools_free(struct pools *p);

/**
 * pools_join - what both pools are together: stages, sums and groups of both
 * @out: its options and blocks are those of the answers' pool; to be freed with shard_free(), also
 *       on error
 *
 * Return: 0, -ENOMEM.
 */
int pools_join(const struct pools *p, struct shard *out);

/**
 * pools_serve - serve a trace
 * @options: of each pool
 * @out, @stats: as of serve(), of both pools; put off is who was so in either
 *
 * Return: as serve().
 */
int pools_serve(struct pools *p, const struct trace *trace,
		const struct serve_options options[POOLS], struct serve_request *out,
		struct serve_stats *stats, struct engine_error *e);

#endif /* _SIM_POOLS_H */
