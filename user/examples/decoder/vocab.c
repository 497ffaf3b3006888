// SPDX-License-Identifier: LGPL-2.1-or-later
/* A vocabulary: pieces in the order of their tokens, and sorted to be found by their text. */
#include "vocab.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refuse.h"

static const char mark[] = "\xe2\x96\x81";	/* U+2581 in UTF-8 */

int vocab_make(struct vocab *v, uint32_t pieces, uint64_t text_bytes)
{
	/* one more: nothing has no address */
	v->piece = calloc((size_t)pieces + 1, sizeof(*v->piece));
	v->sorted = calloc((size_t)pieces + 1, sizeof(*v->sorted));
	v->text = malloc(text_bytes + 1);
	if (v->piece && v->sorted && v->text)
		return 0;
	vocab_release(v);
	return refuse("there is no memory for %u tokens: free some", pieces);
}

void vocab_release(struct vocab *v)
{
	free(v->piece);
	free(v->sorted);
	free(v->text);
	memset(v, 0, sizeof(*v));
}

uint64_t vocab_blanks(char *to, const char *text, uint64_t bytes)
{
	uint64_t from = 0, n = 0;

	while (from < bytes) {
		if (bytes - from >= sizeof(mark) - 1 &&
		    !memcmp(text + from, mark, sizeof(mark) - 1)) {
			to[n++] = ' ';
			from += sizeof(mark) - 1;
		} else {
			to[n++] = text[from++];
		}
	}
	return n;
}

int vocab_add(struct vocab *v, const char *text, uint32_t bytes, float score, enum piece_kind kind)
{
	struct piece *p = &v->piece[v->n];

	if (!isfinite(score))
		return refuse("token %u has a score of %g; it must be a number: convert the model again",
			      v->n, score);
	p->text = v->text_bytes;
	p->bytes = vocab_blanks(v->text + v->text_bytes, text, bytes);
	p->score = score;
	p->kind = kind;
	v->text_bytes += p->bytes;
	v->n++;
	return 0;
}

static int compare_texts(const char *a, uint32_t a_bytes, const char *b, uint32_t b_bytes)
{
	int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);

	if (order)
		return order;
	return (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

/* Tokens of the same text stand in their order. */
static int compare_tokens(const void *a, const void *b, void *vocab)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct vocab *v = vocab;
	const struct piece *p = &v->piece[x], *q = &v->piece[y];
	int order = compare_texts(v->text + p->text, p->bytes, v->text + q->text, q->bytes);

	return order ? order : (x > y) - (x < y);
}

static int hex_digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : toupper((unsigned char)c) - 'A' + 10;
}

/* The byte of "<0x0A>"; -1 when it is none. */
static int byte_of(const char *text, uint32_t bytes)
{
	int high, low;

	if (bytes != 6 || memcmp(text, "<0x", 3) != 0 || text[5] != '>')
		return -1;
	high = hex_digit(text[3]);
	low = hex_digit(text[4]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static int find_bytes(struct vocab *v)
{
	uint32_t token;
	int byte;

	for (byte = 0; byte < 256; byte++)
		v->byte[byte] = VOCAB_NONE;
	for (token = 0; token < v->n; token++) {
		struct piece *p = &v->piece[token];

		if (p->kind != PIECE_BYTE)
			continue;
		byte = byte_of(v->text + p->text, p->bytes);
		if (byte < 0)
			return refuse("token %u is a byte, and its text is not of the form <0x0A>: convert the model again",
				      token);
		v->byte[byte] = token;
		/* what it says when it is decoded; there is room, for it was longer */
		v->text[p->text] = (char)byte;
		p->bytes = 1;
	}
	return 0;
}

static int check_special(const struct vocab *v, const char *what, uint32_t token)
{
	if (token != VOCAB_NONE && token >= v->n)
		return refuse("the token %s is %u, and there are only %u: convert the model again",
			      what, token, v->n);
	return 0;
}

int vocab_finish(struct vocab *v)
{
	uint32_t token;

	if (check_special(v, "that begins a text", v->bos) ||
	    check_special(v, "that ends a text", v->eos) ||
	    check_special(v, "of what is unknown", v->unknown) || find_bytes(v))
		return -1;
	for (token = 0; token < v->n; token++)
		if (v->piece[token].kind == PIECE_TEXT)
			v->sorted[v->n_sorted++] = token;
	qsort_r(v->sorted, v->n_sorted, sizeof(*v->sorted), compare_tokens, v);
	return 0;
}

/* Of several with the same text it is the last. */
uint32_t vocab_find(const struct vocab *v, const char *text, uint32_t bytes)
{
	uint32_t low = 0, high = v->n_sorted;
	const struct piece *p;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		p = &v->piece[v->sorted[middle]];
		if (compare_texts(v->text + p->text, p->bytes, text, bytes) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return VOCAB_NONE;
	p = &v->piece[v->sorted[low - 1]];
	if (compare_texts(v->text + p->text, p->bytes, text, bytes) != 0)
		return VOCAB_NONE;
	return v->sorted[low - 1];
}
