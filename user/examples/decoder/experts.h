/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mixture of experts: which of them a token needs, and a guess early enough to fetch them. */
#ifndef DECODER_EXPERTS_H
#define DECODER_EXPERTS_H

#include <stdint.h>

struct forward;
struct model;

/**
 * struct experts - what was chosen and what had been guessed
 * @logit: of each expert
 * @chosen, @guessed: experts, as many as are used
 * @share: of each chosen one in the result; they add up to 1
 * @asked: choices made so far
 * @hits: of them those that had been guessed
 */
struct experts {
	float *logit;
	float *share;
	uint32_t *chosen;
	uint32_t *guessed;
	uint64_t asked;
	uint64_t hits;
};

int experts_make(struct experts *e, const struct model *m);
void experts_release(struct experts *e);

/* Before a layer's attention: fetch the experts that its router would choose now. */
void experts_guess(struct forward *f, uint32_t layer);

/* The layer's feed-forward network: f->sum = what the chosen experts make of f->norm. */
void experts_network(struct forward *f, uint32_t layer);

#endif
