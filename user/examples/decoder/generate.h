/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text: a prompt, and token after token what is most likely to follow. */
#ifndef DECODER_GENERATE_H
#define DECODER_GENERATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "forward.h"
#include "stats.h"
#include "vocab.h"

/**
 * struct text - what to write
 * @prompt: tokens to begin with, at least one
 * @tokens: to decode, at least one
 * @ignore_eos: the token that ends a text is never the most likely
 */
struct text {
	const struct vocab *vocab;
	const uint32_t *prompt;
	uint32_t prompt_tokens;
	uint32_t tokens;
	bool ignore_eos;
};

/* Positions that a text takes at most. */
uint64_t generate_positions(const struct text *t);

/* Writes the prompt and what follows as it comes, and counts the steps. */
int generate(const struct text *t, struct forward *f, FILE *to, struct stats *stats);

#endif
