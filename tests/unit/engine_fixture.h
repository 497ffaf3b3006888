/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small models, tiers and traces for the engine's tests. */
#ifndef _TESTS_ENGINE_FIXTURE_H
#define _TESTS_ENGINE_FIXTURE_H

#include "engine/engine.h"
#include "engine/layout.h"
#include "engine/model_config.h"
#include "engine/random.h"
#include "engine/routing.h"
#include "engine/tierfile.h"
#include "engine/trace.h"

#define FIXTURE_SLICE "tests/data/traces/conversation-120.jsonl"

/* A batch of 8, 2048 tokens a step, 400 blocks, shared prefixes, a rebalance every 7 steps. */
extern const struct engine_options fixture_options;

/* Three layers each: dense; 8 experts, 2 taken; MLA with experts after a dense layer. */
extern const struct model_config fixture_dense;
extern const struct model_config fixture_moe;
extern const struct model_config fixture_mla;

/* Blocks of TRACE_BLOCK_TOKENS tokens, parts aligned to 64 bytes; fails the test on errors. */
void fixture_layout(const struct model_config *m, uint32_t scale_shift, struct layout *l);

/* Drawn choices; NULL for a dense model. */
struct routing *fixture_routing(const struct model_config *m);

/*
 * The first @n of: fast0, 64 MiB, 1 byte/ns; slow0, 256 MiB, 0.25 bytes/ns; flash0, 512 MiB,
 * 0.5 bytes/ns, limited endurance, not for KV. 100 ns of latency, 1 pJ a bit and 2 W each.
 */
void fixture_tiers(struct engine_tierfile *f, uint32_t scale_shift, uint32_t n);

/* @n requests that share prefixes, in bursts and with idle times between. */
void fixture_trace(struct trace *t, struct random *random, size_t n);

/*
 * Every request finished or was rejected for its size, all tokens were produced, all blocks are
 * given back and the limits were kept; fails the test otherwise.
 */
void fixture_check_conserved(const struct trace *t, const struct engine_options *o,
			     const struct engine_result *r);

#endif /* _TESTS_ENGINE_FIXTURE_H */
