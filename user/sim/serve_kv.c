// SPDX-License-Identifier: LGPL-2.1-or-later
/* Blocks of KV that requests hold. */
#include <errno.h>
#include <stdlib.h>

#include "engine/random.h"
#include "sim/serve_rank.h"
#include "sim/serve_runs.h"

/* Are blocks of prompts the same when the trace says so? */
static bool shares(const struct serve_rank *r, const struct trace_request *spec)
{
	return spec->n_hashes && !(TRACE_BLOCK_TOKENS % r->options->block_tokens);
}

/* Without blocks that several requests may have, it is enough to count them: serve_runs.c. */
static bool counts(const struct serve_rank *r)
{
	return !r->units->n_hashes;
}

uint32_t serve_kv_available(const struct serve_rank *r)
{
	return counts(r) ? r->options->kv_blocks - r->held : prefix_available(r->cache);
}

/*
 * What a full block holds: a part of what the trace's id stands for, or something that no other
 * request has.
 */
static uint64_t content_of(const struct serve_rank *r, uint32_t at, uint32_t block)
{
	const struct trace_request *spec = r->units->unit[at].spec;
	uint64_t end = ((uint64_t)block + 1) * r->options->block_tokens;
	uint32_t parts = TRACE_BLOCK_TOKENS / r->options->block_tokens;

	if (end <= spec->input_tokens && shares(r, spec))
		return random_mix(r->units->hashes[spec->first_hash + block / parts] +
				  random_mix(block % parts)) << 1;
	return random_mix(random_mix((uint64_t)at + 1) + block) | 1;
}

uint32_t serve_kv_find(const struct serve_rank *r, uint32_t at, uint32_t asked, uint32_t *idle)
{
	const struct serve_unit *u = &r->units->unit[at];
	uint32_t n;

	*idle = 0;
	if (!r->options->prefix_caching)
		return 0;
	if (counts(r))
		return serve_runs_find(r, at, asked, idle);
	/* Of a request that never ran, only a prompt that may be shared can be there. */
	if (!u->seen && !shares(r, u->spec))
		return 0;
	for (n = 0; n < asked; n++) {
		uint64_t id = content_of(r, at, n);
		size_t unheld;

		r->stats->visits++;
		if (!prefix_match(r->cache, &id, 1, &unheld))
			break;
		*idle += (uint32_t)unheld;
	}
	return n;
}

static int make_room(struct serve_unit *u, const struct serve_rank *r)
{
	uint64_t tokens = (uint64_t)u->spec->input_tokens + u->spec->output_tokens + r->width;

	if (!u->blocks)
		u->blocks = malloc(serve_kv_needs(r, tokens) * sizeof(*u->blocks));
	return u->blocks ? 0 : -ENOMEM;
}

void serve_kv_hold(struct serve_rank *r, uint32_t at, uint32_t n)
{
	struct serve_unit *u = &r->units->unit[at];

	if (!n)
		return;
	if (counts(r)) {
		serve_runs_hold(r, at, n);
		return;
	}
	if (make_room(u, r))
		return;
	for (; u->n_blocks < n; u->n_blocks++)
		u->blocks[u->n_blocks] = prefix_hold(r->cache, content_of(r, at, u->n_blocks));
	u->published = n;
}

int serve_kv_grow(struct serve_rank *r, uint32_t at, uint64_t tokens)
{
	struct serve_unit *u = &r->units->unit[at];
	uint32_t needs = serve_kv_needs(r, tokens);

	if (needs <= u->n_blocks)
		return 0;
	if (needs - u->n_blocks > serve_kv_available(r))
		return -ENOSPC;
	if (counts(r)) {
		serve_runs_take(r, needs - u->n_blocks);
		u->n_blocks = needs;
		return 0;
	}
	if (make_room(u, r))
		return -ENOMEM;
	while (u->n_blocks < needs) {
		bool evicted;
		uint32_t block = prefix_take(r->cache, &evicted);

		if (block == PREFIX_NONE)
			return -ENOMEM;
		r->stats->evictions += evicted;
		u->blocks[u->n_blocks++] = block;
	}
	return 0;
}

/* Let the first @full blocks be found again. */
static int publish(struct serve_rank *r, uint32_t at, uint32_t full)
{
	struct serve_unit *u = &r->units->unit[at];
	int err = 0;

	if (counts(r)) {
		u->published = full;
		return 0;
	}
	for (; u->published < full && !err; u->published++) {
		err = prefix_publish(r->cache, u->blocks[u->published],
				     content_of(r, at, u->published));
		/* Another computed the same at the same time. */
		if (err == -EEXIST)
			err = 0;
	}
	return err;
}

int serve_kv_publish(struct serve_rank *r, uint32_t at, uint64_t tokens)
{
	const struct trace_request *spec = r->units->unit[at].spec;

	if (!r->options->prefix_caching || !shares(r, spec))
		return 0;
	if (tokens > spec->input_tokens)
		tokens = spec->input_tokens;
	return publish(r, at, (uint32_t)(tokens / r->options->block_tokens));
}

int serve_kv_publish_own(struct serve_rank *r, uint32_t at, uint64_t tokens)
{
	if (!r->options->prefix_caching)
		return 0;
	return publish(r, at, (uint32_t)(tokens / r->options->block_tokens));
}

void serve_kv_keep(struct serve_rank *r, uint32_t at, uint64_t tokens)
{
	struct serve_unit *u = &r->units->unit[at];
	uint32_t full = (uint32_t)(tokens / r->options->block_tokens);

	if (!r->options->prefix_caching)
		return;
	if (counts(r))
		u->published = full;
	for (; u->published < full; u->published++)
		prefix_keep(r->cache, u->blocks[u->published]);
}

void serve_kv_free(struct serve_rank *r, uint32_t at)
{
	struct serve_unit *u = &r->units->unit[at];

	if (counts(r)) {
		serve_runs_free(r, at);
		return;
	}
	/* From the tail, which is evicted first: what is left is a prefix. */
	while (u->n_blocks)
		prefix_put(r->cache, u->blocks[--u->n_blocks]);
	u->published = 0;
	free(u->blocks);
	u->blocks = NULL;
}
