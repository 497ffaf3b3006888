/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a step touches, as calls of the driver. Internal to the engine.
 */
#ifndef _ENGINE_ENGINE_EMIT_H
#define _ENGINE_ENGINE_EMIT_H

#include "engine/engine.h"

/**
 * struct emitter - where accesses go
 * @experts: room for the numbers of all experts; NULL without experts
 */
struct emitter {
	const struct engine_ops *ops;
	void *ctx;
	const struct model_config *model;
	const struct layout *layout;
	struct routing *routing;
	uint32_t *experts;
	struct engine_error *e;
};

/**
 * emit_load - write every part of the weights
 * emit_weights - read the weights that @tokens tokens need, of which @sampled need the lm_head
 * emit_kv - read a request's context and append what the step adds
 *
 * Return: 0, or what the driver returned.
 */
int emit_load(const struct emitter *m);
int emit_weights(const struct emitter *m, uint32_t tokens, uint64_t sampled);
int emit_kv(const struct emitter *m, const struct sched_request *request,
	    const struct sched_item *item);

#endif /* _ENGINE_ENGINE_EMIT_H */
