// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Every token is a step. A real runtime would take a prompt's tokens together, for they can share
 * what is read of the weights; here they are steps of their own kind.
 */
#include "generate.h"

#include "tokenizer.h"

/* The last token is only written, so that it takes no position. */
uint64_t generate_positions(const struct text *t)
{
	return (uint64_t)t->prompt_tokens + t->tokens - 1;
}

static void write_token(const struct text *t, uint32_t token, FILE *to)
{
	uint32_t bytes;
	const char *piece = tokenizer_decode(t->vocab, token, &bytes);

	fwrite(piece, 1, bytes, to);
	fflush(to);
}

/* A text that begins anew has ended. */
static bool ends(const struct text *t, uint32_t token)
{
	return !t->ignore_eos && (token == t->vocab->eos || token == t->vocab->bos);
}

/* The first of equal ones. */
static uint32_t most_likely(const struct text *t, const float *logits)
{
	uint32_t best = VOCAB_NONE, i;

	for (i = 0; i < t->vocab->n; i++) {
		if (t->ignore_eos && i == t->vocab->eos)
			continue;
		if (best == VOCAB_NONE || logits[i] > logits[best])
			best = i;
	}
	return best;
}

static int step(struct forward *f, uint32_t kind, uint32_t token, uint64_t position,
		struct stats *stats)
{
	struct terrace_step_end cost;

	if (forward_step(f, kind, token, position, &cost))
		return -1;
	stats_count(stats, kind, &cost);
	return 0;
}

static int prefill(const struct text *t, struct forward *f, FILE *to, struct stats *stats)
{
	uint32_t i;

	for (i = 0; i < t->prompt_tokens; i++) {
		write_token(t, t->prompt[i], to);
		if (step(f, TERRACE_STEP_PREFILL, t->prompt[i], i, stats))
			return -1;
	}
	return 0;
}

int generate(const struct text *t, struct forward *f, FILE *to, struct stats *stats)
{
	uint64_t position = t->prompt_tokens;
	uint32_t token;

	if (prefill(t, f, to, stats))
		return -1;
	token = most_likely(t, f->logits);
	while (!ends(t, token)) {
		write_token(t, token, to);
		if (position == generate_positions(t))
			break;
		if (step(f, TERRACE_STEP_DECODE, token, position++, stats))
			return -1;
		token = most_likely(t, f->logits);
	}
	return 0;
}
