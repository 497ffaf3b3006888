/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernels that were measured, as functions of what they work on.
 *
 * What the tables hold, of one kind of accelerator, model and tensor parallel degree:
 *   dense      microseconds of one call of a layer's part, by tokens
 *   attention  of one layer, by requests that decode and their KV; by a prompt's piece and its KV
 *   MoE        of one layer's experts, by tokens and experts that have any
 *
 * Between measured points functions are straight lines, in one variable or in two; beyond the last
 * point they go on as between the last two, before the first they are as there (struct curve).
 * Attention of prompts is straight along what is attended to. It was measured for one piece at a
 * time: several take as long as equal ones do, one after the other, that attend to as much.
 * Requests that decode are taken as if they had equal contexts.
 *
 * Functions on a const structure are thread safe.
 */
#ifndef _SIM_KERNEL_TABLES_H
#define _SIM_KERNEL_TABLES_H

#include "engine/error.h"
#include "sim/curve.h"
#include "sim/forms.h"

#define KERNEL_PARTS_MAX	32
#define KERNEL_PART_NAME_MAX	32
#define KERNEL_TILE		64

/**
 * struct kernel_part - a part of a layer, or of the model
 * @us: by tokens
 */
struct kernel_part {
	char name[KERNEL_PART_NAME_MAX];
	struct curve us;
};

struct kernel_line {
	double x;
	struct curve curve;
};

/**
 * struct kernel_grid - a function of two variables: @n curves by ascending x
 */
struct kernel_grid {
	struct kernel_line *line;
	size_t n;
};

/**
 * struct kernel_tables - what was measured
 * @part: @n_parts
 * @decode: by requests, then KV of each
 * @prefill: by tokens, then KV before them
 * @experts: by tokens, then experts
 */
struct kernel_tables {
	struct kernel_part part[KERNEL_PARTS_MAX];
	size_t n_parts;
	struct kernel_grid decode;
	struct kernel_grid prefill;
	struct kernel_grid experts;
};

/**
 * kernel_tables_read - pick the measurements of one kind
 * @model: compared as sim_model_find() does
 * @out: to be freed with kernel_tables_free(), also on error
 *
 * Return: 0; -ENOENT dense layers or attention were not measured; -ENOSPC more than
 * KERNEL_PARTS_MAX parts; -ENOMEM.
 */
int kernel_tables_read(const struct forms *f, const char *hardware, const char *model, double tp,
		       struct kernel_tables *out, struct engine_error *e);
void kernel_tables_free(struct kernel_tables *t);

/**
 * kernel_part_us - one call of a part
 *
 * Return: 0 when there is no such part, or no tokens.
 */
double kernel_part_us(const struct kernel_tables *t, const char *name, double tokens);

/**
 * kernel_decode_us - attention of one layer
 * @context: sum of what the @requests attend to
 */
double kernel_decode_us(const struct kernel_tables *t, double requests, double context);

/**
 * kernel_mixed_us - the same for requests that decode beside pieces of prompts
 *
 * Attention of both is one kernel, which goes over KV for KERNEL_TILE tokens of a request at a time
 * (FlashAttention-2's for paged KV: Dao, ICLR 2024); a request that decodes has one in it and costs
 * as much as a full tile. Alone, its heads that share KV fill the tile instead.
 */
double kernel_mixed_us(const struct kernel_tables *t, double requests, double context);

/**
 * kernel_prefill_us - attention of one layer
 * @context: sum of what the @tokens of all @pieces attend to, each to itself as well
 */
double kernel_prefill_us(const struct kernel_tables *t, double pieces, double tokens,
			 double context);

/**
 * kernel_experts_us - experts of one layer
 */
double kernel_experts_us(const struct kernel_tables *t, double tokens, double experts);

#endif /* _SIM_KERNEL_TABLES_H */
