/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the steps of each kind took, here and on the memory that is modelled. */
#ifndef DECODER_STATS_H
#define DECODER_STATS_H

#include <stdint.h>
#include <stdio.h>

#include "experts.h"
#include "memory.h"

#define STATS_KINDS	2	/* TERRACE_STEP_PREFILL and TERRACE_STEP_DECODE */

struct stats {
	struct {
		uint64_t tokens;
		uint64_t wall_ns;
		uint64_t model_ns;
	} kind[STATS_KINDS];
	uint32_t charging;
	uint64_t records;
	uint64_t rejected;
	uint64_t energy_uj;
};

void stats_count(struct stats *s, uint32_t kind, const struct terrace_step_end *cost);

/* Also what the session's ledger says, when there is one. */
int stats_print(FILE *to, const struct stats *s, struct memory *m, const struct experts *e);

#endif
