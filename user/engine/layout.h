/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Layout: where each part of the weights lies in one buffer, and how big a block of KV is.
 *
 * Modelled bytes are what the model has; real bytes are 1/scale of them, what a host stores. Parts
 * begin at multiples of the alignment in real bytes and take ceil(modelled / scale) of them. The
 * order is that of use: embedding; by layer norm, attention, then ffn or router, shared expert and
 * experts; last norm, lm_head.
 */
#ifndef _ENGINE_LAYOUT_H
#define _ENGINE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/model_config.h"

#define LAYOUT_SCALE_SHIFT_MAX	20

/**
 * struct layout_part - one part of the weights
 * @part: what it is
 * @layer: its layer; layers for the last norm, 0 for parts that exist once
 * @expert: expert number; 0 for other parts
 * @real_offset: in the buffer, a multiple of the alignment
 * @real_bytes: ceil(@model_bytes / scale), at least 1
 * @model_bytes: exact
 */
struct layout_part {
	enum model_part part;
	uint32_t layer;
	uint32_t expert;
	uint64_t real_offset;
	uint64_t real_bytes;
	uint64_t model_bytes;
};

/**
 * struct layout - all parts and the sizes
 * @scale_shift: modelled bytes = real bytes << scale_shift
 * @parts: @n parts by offset
 * @layer_first: index of each layer's first part; one more entry for the last norm
 * @weights_real_bytes: size of the weights' buffer
 * @weights_model_bytes: sum of the parts' modelled bytes
 * @block_tokens: tokens of a KV block
 * @kv_token_bytes: modelled
 * @block_model_bytes: @block_tokens x @kv_token_bytes
 * @block_real_bytes: @block_model_bytes / scale rounded up, at least 1
 */
struct layout {
	uint32_t scale_shift;
	struct layout_part *parts;
	size_t n;
	size_t *layer_first;
	uint64_t weights_real_bytes;
	uint64_t weights_model_bytes;
	uint32_t block_tokens;
	uint64_t kv_token_bytes;
	uint64_t block_model_bytes;
	uint64_t block_real_bytes;
};

/**
 * layout_make - lay a model out
 * @scale_shift: 0 to LAYOUT_SCALE_SHIFT_MAX
 * @align: of parts in real bytes, a power of two, 1 to 2 MiB
 * @block_tokens: tokens of a KV block, 1 to 65536
 * @out: to be freed with layout_free(); holds nothing on error
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int layout_make(const struct model_config *m, uint32_t scale_shift, uint64_t align,
		uint32_t block_tokens, struct layout *out, struct engine_error *e);

/**
 * layout_free - free what a layout holds; one that is all zero is allowed
 */
void layout_free(struct layout *l);

/**
 * layout_find - a part by what it is; NULL when the layer has none
 */
const struct layout_part *layout_find(const struct layout *l, enum model_part part, uint32_t layer,
				      uint32_t expert);

/**
 * layout_kv_range - real bytes that hold tokens @first to @first + @tokens - 1 of a block
 *
 * Both ends are rounded down, so that ranges of consecutive tokens meet without overlap and add up
 * exactly; a block's last token ends at its last byte. @bytes is 0 when the tokens do not reach the
 * next real byte.
 */
void layout_kv_range(const struct layout *l, uint32_t first, uint32_t tokens, uint64_t *offset,
		     uint64_t *bytes);

#endif /* _ENGINE_LAYOUT_H */
