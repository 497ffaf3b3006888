// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Encoding begins with the characters of the text. Of all neighbours that are a piece together, the
 * pair that scores highest is joined, the leftmost of equal ones, until no pair is a piece. A
 * character that is no piece becomes the tokens of its bytes.
 */
#include "tokenizer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "refuse.h"

#define END	(~0U)

/* A part of the text, in a list. */
struct part {
	uint32_t at;
	uint32_t bytes;
	uint32_t next;		/* END: it is the last */
	bool joins;		/* with the next part it is a piece */
	float score;		/* of that piece */
};

struct encoder {
	const struct vocab *vocab;
	char *text;
	uint32_t text_bytes;
	struct part *part;	/* the first is the head of the list */
	uint32_t parts;
	uint32_t *token;
	uint32_t tokens;
};

/* Bytes of the character that begins here; what is not UTF-8 is taken byte by byte. */
static uint32_t character_bytes(const char *text, uint32_t left)
{
	unsigned char first = *text;
	uint32_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;

	return bytes < left ? bytes : left;
}

static void split(struct encoder *e)
{
	uint32_t at, bytes;

	for (at = 0; at < e->text_bytes; at += bytes) {
		bytes = character_bytes(e->text + at, e->text_bytes - at);
		e->part[e->parts] = (struct part){ .at = at, .bytes = bytes, .next = e->parts + 1 };
		e->parts++;
	}
	if (e->parts)
		e->part[e->parts - 1].next = END;
}

static void look_at_pair(struct encoder *e, uint32_t index)
{
	struct part *p = &e->part[index];
	uint32_t token;

	p->joins = false;
	if (p->next == END)
		return;
	token = vocab_find(e->vocab, e->text + p->at, p->bytes + e->part[p->next].bytes);
	if (token == VOCAB_NONE)
		return;
	p->joins = true;
	p->score = e->vocab->piece[token].score;
}

/* END when no two neighbours are a piece. */
static uint32_t best_pair(const struct encoder *e, uint32_t *before)
{
	uint32_t best = END, i, last = END;

	for (i = e->parts ? 0 : END; i != END; last = i, i = e->part[i].next) {
		if (!e->part[i].joins || (best != END && e->part[i].score <= e->part[best].score))
			continue;
		best = i;
		*before = last;
	}
	return best;
}

static void join(struct encoder *e)
{
	uint32_t best, before, i;

	for (i = 0; i < e->parts; i++)
		look_at_pair(e, i);
	for (;;) {
		best = best_pair(e, &before);
		if (best == END)
			return;
		e->part[best].bytes += e->part[e->part[best].next].bytes;
		e->part[best].next = e->part[e->part[best].next].next;
		look_at_pair(e, best);
		if (before != END)
			look_at_pair(e, before);
	}
}

static void emit_bytes(struct encoder *e, const struct part *p)
{
	uint32_t i, token;

	for (i = 0; i < p->bytes; i++) {
		token = e->vocab->byte[(unsigned char)e->text[p->at + i]];
		if (token == VOCAB_NONE)
			token = e->vocab->unknown;
		if (token != VOCAB_NONE)
			e->token[e->tokens++] = token;
	}
}

static void emit(struct encoder *e)
{
	uint32_t i, token;

	if (e->vocab->bos != VOCAB_NONE)
		e->token[e->tokens++] = e->vocab->bos;
	for (i = e->parts ? 0 : END; i != END; i = e->part[i].next) {
		const struct part *p = &e->part[i];

		token = vocab_find(e->vocab, e->text + p->at, p->bytes);
		if (token == VOCAB_NONE)
			emit_bytes(e, p);
		else
			e->token[e->tokens++] = token;
	}
}

static int make(struct encoder *e, const char *text)
{
	size_t bytes = strlen(text);

	if (bytes > PROMPT_BYTES_MAX)
		return refuse("the prompt has %zu bytes; it may have %d: shorten it", bytes,
			      PROMPT_BYTES_MAX);
	/* room for a blank in front, and for the token that begins a text */
	e->text = malloc(bytes + 1);
	e->part = calloc(bytes + 1, sizeof(*e->part));
	e->token = calloc(bytes + 2, sizeof(*e->token));
	if (!e->text || !e->part || !e->token)
		return refuse("there is no memory for a prompt of %zu bytes: free some", bytes);
	if (bytes && e->vocab->add_space)
		e->text[e->text_bytes++] = ' ';
	e->text_bytes += vocab_blanks(e->text + e->text_bytes, text, bytes);
	return 0;
}

int tokenizer_encode(const struct vocab *v, const char *text, uint32_t **tokens)
{
	struct encoder e = { .vocab = v };
	int err = make(&e, text);

	if (!err) {
		split(&e);
		join(&e);
		emit(&e);
		if (!e.tokens)
			err = refuse("the prompt has no token to begin with: give -p some text");
	}
	free(e.text);
	free(e.part);
	if (err) {
		free(e.token);
		return -1;
	}
	*tokens = e.token;
	return e.tokens;
}

const char *tokenizer_decode(const struct vocab *v, uint32_t token, uint32_t *bytes)
{
	const struct piece *p = &v->piece[token];

	*bytes = p->kind == PIECE_CONTROL ? 0 : p->bytes;
	return v->text + p->text;
}
