/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of models and tokens, of whichever format. */
#ifndef DECODER_FILE_H
#define DECODER_FILE_H

#include "model.h"
#include "vocab.h"

/**
 * file_read_model - open a model and read all of it but its weights
 * @path: GGUF or a checkpoint of llama2.c
 * @tokenizer: file of tokens, for a checkpoint; NULL otherwise
 * @m, @v: zeroed; to be released, also on failure
 *
 * Return: a descriptor to load the weights from; -1 when it was refused.
 */
int file_read_model(const char *path, const char *tokenizer, struct model *m, struct vocab *v);

#endif
