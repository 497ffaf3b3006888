/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to tokens and back, as SentencePiece's byte pair encoding does it. */
#ifndef DECODER_TOKENIZER_H
#define DECODER_TOKENIZER_H

#include <stdint.h>

#include "vocab.h"

#define PROMPT_BYTES_MAX	65536

/**
 * tokenizer_encode - the tokens of a text, the one that begins a text first
 * @tokens: to be freed with free()
 *
 * Return: how many, at least 1; -1 when it was refused.
 */
int tokenizer_encode(const struct vocab *v, const char *text, uint32_t **tokens);

/* The text of a token, not terminated; a control token has none. */
const char *tokenizer_decode(const struct vocab *v, uint32_t token, uint32_t *bytes);

#endif
