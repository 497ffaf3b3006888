// SPDX-License-Identifier: LGPL-2.1-or-later
/* Layout: where each part of the weights lies, and how big a block of KV is. */
#include "engine/layout.h"

#include <errno.h>
#include <stdlib.h>

#define ALIGN_MAX	(2U << 20)
#define BLOCK_TOKENS_MAX 65536

static uint64_t to_real(uint64_t model_bytes, uint32_t shift)
{
	uint64_t real = (model_bytes + (1ULL << shift) - 1) >> shift;

	return real ? real : 1;
}

/* Parts of a layer: layers + 1 of them, the last for what comes after. */
static size_t layer_parts(const struct model_config *m, uint32_t layer)
{
	size_t n = 0;

	for (int part = MODEL_ATTENTION; part <= MODEL_EXPERT; part++)
		if (model_part_params(m, part, layer))
			n += part == MODEL_EXPERT ? m->experts : 1;
	return n;
}

static size_t count_parts(const struct model_config *m)
{
	size_t n = 1 + !m->tied;

	for (uint32_t layer = 0; layer <= m->layers; layer++)
		n += layer_parts(m, layer);
	return n;
}

static void add_part(struct layout *l, const struct model_config *m, uint64_t align,
		     enum model_part part, uint32_t layer, uint32_t expert)
{
	uint64_t model_bytes = model_part_bytes(m, part, layer);
	struct layout_part *p = &l->parts[l->n];

	if (!model_bytes)
		return;
	*p = (struct layout_part) {
		.part = part,
		.layer = layer,
		.expert = expert,
		.real_offset = (l->weights_real_bytes + align - 1) & ~(align - 1),
		.real_bytes = to_real(model_bytes, l->scale_shift),
		.model_bytes = model_bytes,
	};
	l->n++;
	l->weights_real_bytes = p->real_offset + p->real_bytes;
	l->weights_model_bytes += model_bytes;
}

static void add_layer(struct layout *l, const struct model_config *m, uint64_t align,
		      uint32_t layer)
{
	l->layer_first[layer] = l->n;
	add_part(l, m, align, MODEL_NORM, layer, 0);
	add_part(l, m, align, MODEL_ATTENTION, layer, 0);
	add_part(l, m, align, MODEL_FFN, layer, 0);
	add_part(l, m, align, MODEL_ROUTER, layer, 0);
	add_part(l, m, align, MODEL_SHARED_EXPERT, layer, 0);
	for (uint32_t expert = 0; model_is_moe(m, layer) && expert < m->experts; expert++)
		add_part(l, m, align, MODEL_EXPERT, layer, expert);
}

static int check(uint32_t scale_shift, uint64_t align, uint32_t block_tokens,
		 struct engine_error *e)
{
	if (scale_shift > LAYOUT_SCALE_SHIFT_MAX) {
		engine_error_set(e, "a scale of 2^%u is more than 2^%d", scale_shift,
				 LAYOUT_SCALE_SHIFT_MAX);
		return -EINVAL;
	}
	if (!align || align > ALIGN_MAX || align & (align - 1)) {
		engine_error_set(e, "an alignment of %llu is not a power of two from 1 to %u",
				 (unsigned long long)align, ALIGN_MAX);
		return -EINVAL;
	}
	if (!block_tokens || block_tokens > BLOCK_TOKENS_MAX) {
		engine_error_set(e, "a KV block of %u tokens is not one of 1 to %u", block_tokens,
				 BLOCK_TOKENS_MAX);
		return -EINVAL;
	}
	return 0;
}

int layout_make(const struct model_config *m, uint32_t scale_shift, uint64_t align,
		uint32_t block_tokens, struct layout *out, struct engine_error *e)
{
	size_t n = count_parts(m);
	int err;

	*out = (struct layout) {};
	err = check(scale_shift, align, block_tokens, e);
	if (err)
		return err;
	out->parts = calloc(n, sizeof(*out->parts));
	out->layer_first = calloc(m->layers + 1, sizeof(*out->layer_first));
	if (!out->parts || !out->layer_first) {
		layout_free(out);
		engine_error_set(e, "no memory for the layout of %zu parts", n);
		return -ENOMEM;
	}
	out->scale_shift = scale_shift;
	add_part(out, m, align, MODEL_EMBEDDING, 0, 0);
	for (uint32_t layer = 0; layer <= m->layers; layer++)
		add_layer(out, m, align, layer);
	add_part(out, m, align, MODEL_LM_HEAD, 0, 0);
	out->block_tokens = block_tokens;
	out->kv_token_bytes = model_kv_token_bytes(m);
	out->block_model_bytes = out->kv_token_bytes * block_tokens;
	out->block_real_bytes = to_real(out->block_model_bytes, scale_shift);
	return 0;
}

void layout_free(struct layout *l)
{
	free(l->parts);
	free(l->layer_first);
	*l = (struct layout) {};
}

static bool once(enum model_part part)
{
	return part == MODEL_EMBEDDING || part == MODEL_LM_HEAD;
}

const struct layout_part *layout_find(const struct layout *l, enum model_part part, uint32_t layer,
				      uint32_t expert)
{
	size_t i;

	if (part == MODEL_EMBEDDING)
		i = 0;
	else if (part == MODEL_LM_HEAD)
		i = l->n - 1;
	else
		i = l->layer_first[layer];
	for (; i < l->n; i++) {
		const struct layout_part *p = &l->parts[i];

		if (p->part == part && (once(part) || p->layer == layer)) {
			/* The experts of a layer lie one after the other. */
			p += part == MODEL_EXPERT ? expert : 0;
			return p;
		}
		if (once(part) || p->layer != layer)
			return NULL;
	}
	return NULL;
}

void layout_kv_range(const struct layout *l, uint32_t first, uint32_t tokens, uint64_t *offset,
		     uint64_t *bytes)
{
	uint64_t start = first * l->kv_token_bytes >> l->scale_shift;
	uint64_t end = (uint64_t)(first + tokens) * l->kv_token_bytes >> l->scale_shift;

	if (first + tokens == l->block_tokens)
		end = l->block_real_bytes;
	*offset = start;
	*bytes = end - start;
}
