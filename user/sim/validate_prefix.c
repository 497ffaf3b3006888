// SPDX-License-Identifier: LGPL-2.1-or-later
/* Check 9: hit ratios of a prefix cache that replays Mooncake's traces. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/prefix.h"
#include "engine/trace.h"
#include "sim/validate.h"

/* A ratio is published with so many decimals: what is compared are whole millionths. */
#define PARTS		1e6

/**
 * struct replayed - what a replay gave
 * @blocks, @tokens: parts of all blocks and tokens of prompts that were found
 */
struct replayed {
	double blocks;
	double tokens;
	double evictions;
};

/**
 * struct hit_checks - what rows are compared in
 * @trace: the one named @name, read once for the rows that follow each other
 */
struct hit_checks {
	const struct validate *v;
	struct check *blocks;
	struct check *tokens;
	struct check *evictions;
	struct trace trace;
	char name[CHECK_LABEL_MAX];
};

static int find_order(const char *policy, enum prefix_order *order)
{
	if (!strcmp(policy, "lru"))
		*order = PREFIX_TAIL_FIRST;
	else if (!strcmp(policy, "lrufwd"))
		*order = PREFIX_HEAD_FIRST;
	else
		return -ENOENT;
	return 0;
}

static uint32_t capacity_of(const char *text)
{
	char *end;
	unsigned long long blocks = strtoull(text, &end, 10);

	if (!strcmp(text, "inf"))
		return PREFIX_BLOCKS_MAX;
	return *end || blocks > PREFIX_BLOCKS_MAX ? 0 : (uint32_t)blocks;
}

static int replay(const struct trace *t, uint32_t capacity, enum prefix_order order,
		  struct replayed *out)
{
	struct prefix_cache *cache = prefix_create(capacity);
	uint64_t tokens = 0, found_tokens = 0;
	struct prefix_stats stats;
	size_t i;

	if (!cache)
		return -errno;
	for (i = 0; i < t->n; i++) {
		const struct trace_request *q = &t->requests[i];
		uint64_t found = prefix_replay(cache, t->hashes + q->first_hash, q->n_hashes,
					       order) * TRACE_BLOCK_TOKENS;

		found_tokens += found < q->input_tokens ? found : q->input_tokens;
		tokens += q->input_tokens;
	}
	prefix_get_stats(cache, &stats);
	prefix_free(cache);
	*out = (struct replayed) {
		.blocks = (double)stats.hits / (double)stats.lookups,
		.tokens = (double)found_tokens / (double)tokens,
		.evictions = (double)stats.evictions,
	};
	return 0;
}

/* Return: false when the trace is not there. */
static bool have_trace(struct hit_checks *h, const char *name, struct engine_error *e, int *err)
{
	char path[4096];

	*err = 0;
	if (!strcmp(h->name, name))
		return true;
	snprintf(path, sizeof(path), "%s/%s_trace.jsonl", h->v->traces, name);
	if (access(path, R_OK))
		return false;
	trace_free(&h->trace);
	*h->name = '\0';
	*err = trace_read(path, NULL, &h->trace, e);
	if (*err)
		return false;
	snprintf(h->name, sizeof(h->name), "%s", name);
	return true;
}

static void compare(struct hit_checks *h, size_t row, const struct replayed *ours)
{
	const struct csv *t = &h->v->published.table[FORM_HIT_RATES];
	const char *capacity = csv_text(t, row, "capacity_blocks_512tok");
	const char *policy = csv_text(t, row, "policy");
	double theirs;

	if (csv_number(t, row, "prefix_block_hit_ratio", &theirs))
		check_row(h->blocks, round(ours->blocks * PARTS) - round(theirs * PARTS),
			  "%s, %s, %s blocks", h->name, policy, capacity);
	if (csv_number(t, row, "prefix_token_hit_ratio", &theirs))
		check_row(h->tokens, round(ours->tokens * PARTS) - round(theirs * PARTS),
			  "%s, %s, %s blocks", h->name, policy, capacity);
	if (csv_number(t, row, "evictions", &theirs))
		check_row(h->evictions, ours->evictions - theirs, "%s, %s, %s blocks", h->name,
			  policy, capacity);
}

static int check_policy(struct hit_checks *h, size_t row, struct engine_error *e)
{
	const struct csv *t = &h->v->published.table[FORM_HIT_RATES];
	uint32_t capacity = capacity_of(csv_text(t, row, "capacity_blocks_512tok"));
	const char *name = csv_text(t, row, "trace");
	const char *policy = csv_text(t, row, "policy");
	enum prefix_order order;
	struct replayed ours = { 0 };
	int err;

	if (find_order(policy, &order)) {
		check_skip(h->blocks, "the policy %s is none of ours", policy);
		return 0;
	}
	if (!capacity) {
		check_skip(h->blocks, "the capacity is no number of blocks");
		return 0;
	}
	if (!have_trace(h, name, e, &err)) {
		if (!err)
			check_skip(h->blocks, "there is no %s_trace.jsonl in the traces", name);
		return err;
	}
	err = replay(&h->trace, capacity, order, &ours);
	if (err)
		engine_error_set(e, "no memory for a prefix cache");
	else
		compare(h, row, &ours);
	return err;
}

int validate_prefix(const struct validate *v, struct checks *all, struct engine_error *e)
{
	static const struct check_limit parts = { 0, 0, 0, "millionths" };
	static const struct check_limit exact = { 0, 0, 0, "" };
	const struct csv *t = &v->published.table[FORM_HIT_RATES];
	struct hit_checks h = { .v = v };
	size_t row, first = all->n;
	int err = 0;

	check_begin(all, "9 prefix hit ratio, blocks (engine)", &parts);
	check_begin(all, "9 prefix hit ratio, tokens (engine)", &parts);
	check_begin(all, "9 prefix evictions (engine)", &exact);
	if (all->n != first + 3) {
		engine_error_set(e, "no memory for a check");
		return -ENOMEM;
	}
	h.blocks = &all->check[first];
	h.tokens = &all->check[first + 1];
	h.evictions = &all->check[first + 2];
	for (row = 0; !err && row < t->n_rows; row++)
		err = check_policy(&h, row, e);
	trace_free(&h.trace);
	return err;
}
