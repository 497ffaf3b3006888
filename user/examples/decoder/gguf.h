/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GGUF version 3: metadata, the vocabulary among it, and tensors of types F32, F16 and Q8_0. */
#ifndef DECODER_GGUF_H
#define DECODER_GGUF_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "vocab.h"

bool gguf_begins(const void *file, uint64_t bytes);

/**
 * gguf_read - all of a file but its weights
 * @file: the whole file
 * @m, @v: zeroed; to be released, also on failure
 */
int gguf_read(const void *file, uint64_t bytes, struct model *m, struct vocab *v);

#endif
