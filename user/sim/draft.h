/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serving on devices, where a second model may guess the tokens that the first one verifies.
 *
 * The draft model is laid out as the first one is, but has no stages. A step of the first one takes
 * as many passes of it as there are drafts, a token for each request that decodes, one behind the
 * other; prompts of the step go along with the first of them. Not thread safe.
 */
#ifndef _SIM_DRAFT_H
#define _SIM_DRAFT_H

#include "sim/shard.h"

/**
 * draft_serve - serve() on devices
 * @shard: laid out; its sums get what both models did, its steps are those of the first one
 *
 * Return: as serve(); as shard_init() for the draft model.
 */
int draft_serve(const struct trace *trace, const struct serve_options *options,
		struct shard *shard, struct serve_request *out, struct serve_stats *stats,
		struct engine_error *e);

#endif /* _SIM_DRAFT_H */
