/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processing near memory as a tier: which operations it can do, what of them crosses the link, and
 * how many shards a model needs. Formulas and sources: Documentation/models/near.md.
 */
#ifndef _SIM_NEAR_H
#define _SIM_NEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"

/**
 * enum near_kind - where the logic is
 * @NEAR_PNM: on a die of its own, near the memory: a shard is a module
 * @NEAR_PIM: on the memory's die: a shard is a bank
 */
enum near_kind { NEAR_PNM, NEAR_PIM, NEAR_KINDS };

/**
 * enum near_operator - what can be done there
 * @NEAR_GEMV: a matrix that stays, times vectors that come
 * @NEAR_ATTENTION: a query's attention over K and V that stay
 * @NEAR_TOP_K: of many pages those nearest to a query
 * @NEAR_GATHER: rows by their numbers
 */
enum near_operator { NEAR_GEMV, NEAR_ATTENTION, NEAR_TOP_K, NEAR_GATHER, NEAR_OPERATORS };

/**
 * struct near_module - a memory with logic
 * @shard_bytes: that one piece of software's data may have
 * @array_bps: bytes/s that the logic reads
 * @flops: operations/s of the logic
 * @link_bps: bytes/s to the accelerator
 * @operators: bit o is set when it can do operator o
 */
struct near_module {
	enum near_kind kind;
	uint64_t shard_bytes;
	double array_bps;
	double flops;
	double link_bps;
	unsigned int operators;
};

/**
 * struct near_work - an operation
 * @array: bytes that are read
 * @far: bytes over the link when the accelerator does it
 * @near: bytes over the link when the logic does it
 * @operations: multiplications and additions
 */
struct near_work {
	enum near_operator operator;
	double array;
	double far;
	double near;
	double operations;
};

/**
 * struct near_fit - how a model is cut into shards
 * @shards: when it is cut into equal shards
 * @pieces: that a part has to be cut into so that they fit; 1 = it fits
 * @whole: shards when no part is cut; 0 = a part does not fit
 */
struct near_fit {
	uint64_t shards;
	uint64_t pieces;
	uint64_t whole;
};

extern const char *const near_kind_names[NEAR_KINDS];
extern const char *const near_operator_names[NEAR_OPERATORS];

/**
 * near_init - a module of a kind: the largest shard, the operators; no bandwidths
 */
void near_init(struct near_module *m, enum near_kind kind);

/**
 * near_check - is it such a module?
 * @what: its name, for errors
 *
 * Return: 0, or -EINVAL with the error set.
 */
int near_check(const struct near_module *m, const char *what, struct engine_error *e);

/**
 * near_fit - cut a model
 * @m: passes near_check(), as of all functions below
 * @parts: equal parts, as layers or experts, at least 1
 * @part_bytes: of each, at least 1
 */
struct near_fit near_fit(const struct near_module *m, uint64_t parts, uint64_t part_bytes);

/**
 * near_gemv - @rows x @columns numbers of @bytes, times @vectors vectors
 */
struct near_work near_gemv(double rows, double columns, double vectors, double bytes);

/**
 * near_attention - one token's attention over @tokens, numbers of @bytes
 */
struct near_work near_attention(double tokens, double heads, double kv_heads, double head_dim,
				double bytes);

/**
 * near_top_k - of @pages pages the @k nearest to a query, with their numbers
 * @bytes: of a number in a page
 */
struct near_work near_top_k(double pages, double page_bytes, double k, double query_bytes,
			    double bytes);

/**
 * near_gather - @rows rows by their numbers
 * @granule_bytes: the least that crosses the link when the accelerator reads
 */
struct near_work near_gather(double rows, double row_bytes, double granule_bytes);

/**
 * near_can - does the logic have the operator?
 */
bool near_can(const struct near_module *m, enum near_operator operator);

/**
 * near_far_seconds - time when the accelerator does it: what crosses the link
 */
double near_far_seconds(const struct near_module *m, const struct near_work *w);

/**
 * near_seconds - time when the logic does it: reading or computing, then the link
 *
 * Return: infinity when it does not have the operator.
 */
double near_seconds(const struct near_module *m, const struct near_work *w);

/**
 * near_saved_joules - energy of the bytes that do not cross the link
 */
double near_saved_joules(const struct near_work *w, double link_fj_per_bit);

#endif /* _SIM_NEAR_H */
