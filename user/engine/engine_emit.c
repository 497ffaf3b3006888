// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a step touches: weights in the order of use, then the KV of its requests. */
#include "engine/engine_emit.h"

#include "engine/random.h"

static uint64_t part_content(const struct layout_part *p)
{
	return random_mix((uint64_t)p->part << 48 | (uint64_t)p->layer << 24 | p->expert);
}

enum emit_how { EMIT_READ, EMIT_READ_DEPENDENT, EMIT_WRITE };

/* A part, or with @model_bytes less than all of it its beginning. */
static int emit_part(const struct emitter *m, const struct layout_part *p, uint64_t model_bytes,
		     enum emit_how how)
{
	uint64_t scale = 1ULL << m->layout->scale_shift;
	struct engine_access access = {
		.class_id = TERRACE_CLASS_WEIGHTS,
		.write = how == EMIT_WRITE,
		.dependent = how == EMIT_READ_DEPENDENT,
		.part = p,
		.block = PREFIX_NONE,
		.content = part_content(p),
		.model_bytes = model_bytes,
		.real_bytes = (model_bytes + scale - 1) >> m->layout->scale_shift,
		.buffer_offset = p->real_offset,
	};

	return m->ops->access(m->ctx, &access, m->e);
}

int emit_load(const struct emitter *m)
{
	int err = 0;

	for (size_t i = 0; i < m->layout->n && !err; i++)
		err = emit_part(m, &m->layout->parts[i], m->layout->parts[i].model_bytes,
				EMIT_WRITE);
	return err;
}

static int emit_embedding(const struct emitter *m, uint32_t tokens)
{
	const struct layout_part *p = layout_find(m->layout, MODEL_EMBEDDING, 0, 0);
	uint64_t rows = tokens < m->model->vocab ? tokens : m->model->vocab;

	return emit_part(m, p, rows * m->model->hidden * m->model->weight_dtype, EMIT_READ);
}

static int emit_experts(const struct emitter *m, uint32_t layer, const struct layout_part *first,
			uint32_t tokens)
{
	uint32_t n = routing_step(m->routing, layer, tokens, m->experts);
	int err = 0;

	for (uint32_t i = 0; i < n && !err; i++) {
		const struct layout_part *p = first + m->experts[i];

		err = emit_part(m, p, p->model_bytes, i ? EMIT_READ : EMIT_READ_DEPENDENT);
	}
	return err;
}

/* What follows the last layer is one more layer: the last norm. */
static int emit_layer(const struct emitter *m, uint32_t layer, uint32_t tokens)
{
	const struct layout *l = m->layout;
	const struct layout_part *p = &l->parts[l->layer_first[layer]];
	const struct layout_part *end = layer < m->model->layers ?
		&l->parts[l->layer_first[layer + 1]] : p + 1;
	int err = 0;

	for (; p < end && p->part != MODEL_EXPERT && !err; p++)
		err = emit_part(m, p, p->model_bytes, EMIT_READ);
	if (err || p == end)
		return err;
	return emit_experts(m, layer, p, tokens);
}

static int emit_lm_head(const struct emitter *m)
{
	enum model_part part = m->model->tied ? MODEL_EMBEDDING : MODEL_LM_HEAD;
	const struct layout_part *p = layout_find(m->layout, part, 0, 0);

	return emit_part(m, p, p->model_bytes, EMIT_READ);
}

int emit_weights(const struct emitter *m, uint32_t tokens, uint64_t sampled)
{
	int err = emit_embedding(m, tokens);

	for (uint32_t layer = 0; layer <= m->model->layers && !err; layer++)
		err = emit_layer(m, layer, tokens);
	if (!err && sampled)
		err = emit_lm_head(m);
	return err;
}

/* Tokens @first to @first + @tokens - 1 of one block. */
static int emit_block(const struct emitter *m, const struct sched_block *block, uint32_t first,
		      uint32_t tokens, bool write)
{
	const struct layout *l = m->layout;
	struct engine_access access = {
		.class_id = TERRACE_CLASS_KV,
		.write = write,
		.block = block->number,
		.content = block->content,
		.model_offset = first * l->kv_token_bytes,
		.model_bytes = tokens * l->kv_token_bytes,
	};

	layout_kv_range(l, first, tokens, &access.real_offset, &access.real_bytes);
	access.buffer_offset = block->number * l->block_real_bytes + access.real_offset;
	return access.real_bytes ? m->ops->access(m->ctx, &access, m->e) : 0;
}

/* Tokens @from to @to - 1 of a request, block by block. */
static int emit_tokens(const struct emitter *m, const struct sched_request *request, uint32_t from,
		       uint32_t to, bool write)
{
	uint32_t per_block = m->layout->block_tokens;
	int err = 0;

	while (from < to && !err) {
		uint32_t block = from / per_block;
		uint32_t first = from % per_block;
		uint32_t tokens = per_block - first;

		if (tokens > to - from)
			tokens = to - from;
		err = emit_block(m, &request->blocks[block], first, tokens, write);
		from += tokens;
	}
	return err;
}

int emit_kv(const struct emitter *m, const struct sched_request *request,
	    const struct sched_item *item)
{
	int err = emit_tokens(m, request, 0, item->context, false);

	if (err)
		return err;
	return emit_tokens(m, request, item->context, item->context + item->tokens, true);
}
