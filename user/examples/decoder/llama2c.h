/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checkpoints of llama2.c: version 0 in binary32, version 2 in bytes, and its file of tokens. */
#ifndef DECODER_LLAMA2C_H
#define DECODER_LLAMA2C_H

#include <stdint.h>

#include "model.h"
#include "vocab.h"

/**
 * llama2c_read - all of a checkpoint but its weights
 * @file: the whole file
 * @m: zeroed; to be released, also on failure
 *
 * Version 0 has no magic number: a file is taken for one when it is as long as its header says.
 */
int llama2c_read(const void *file, uint64_t bytes, struct model *m);

/**
 * llama2c_read_vocab - a file of tokens
 * @pieces: tokens that the model has
 * @v: zeroed; to be released, also on failure
 */
int llama2c_read_vocab(const void *file, uint64_t bytes, uint32_t pieces, struct vocab *v);

#endif
