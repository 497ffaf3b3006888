/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pieces of text that a model's tokens stand for. */
#ifndef DECODER_VOCAB_H
#define DECODER_VOCAB_H

#include <stdbool.h>
#include <stdint.h>

#define VOCAB_NONE	(~0U)	/* no token */

enum piece_kind {
	PIECE_TEXT,
	PIECE_BYTE,	/* one byte, for what no other piece has */
	PIECE_CONTROL,	/* stands for no text */
};

struct piece {
	uint64_t text;	/* offset in the vocabulary's text */
	uint32_t bytes;
	float score;	/* of two pieces that overlap, the one that scores higher is taken */
	enum piece_kind kind;
};

/**
 * struct vocab - all pieces
 * @piece: by token; a blank stands for SentencePiece's mark of one (U+2581)
 * @sorted: tokens of kind PIECE_TEXT in the order of their text, to look them up
 * @byte: token of each byte, VOCAB_NONE where there is none
 * @bos: begins a text; VOCAB_NONE: nothing does
 * @eos: ends a text, VOCAB_NONE: nothing does
 * @add_space: a text gets a blank in front
 */
struct vocab {
	struct piece *piece;
	uint32_t n;
	char *text;
	uint64_t text_bytes;
	uint32_t *sorted;
	uint32_t n_sorted;
	uint32_t byte[256];
	uint32_t bos;
	uint32_t eos;
	uint32_t unknown;
	bool add_space;
};

/* Makes room for so many pieces with so many bytes of text in all. */
int vocab_make(struct vocab *v, uint32_t pieces, uint64_t text_bytes);
void vocab_release(struct vocab *v);

/* The next piece; there is room for it. */
int vocab_add(struct vocab *v, const char *text, uint32_t bytes, float score,
	      enum piece_kind kind);

/* All pieces are there: check the special ones, make them easy to find. */
int vocab_finish(struct vocab *v);

/* The token of kind PIECE_TEXT for a text, VOCAB_NONE when there is none. */
uint32_t vocab_find(const struct vocab *v, const char *text, uint32_t bytes);

/* Copies a text, blanks for marks of one; returns its length, at most @bytes. */
uint64_t vocab_blanks(char *to, const char *text, uint64_t bytes);

#endif
