// SPDX-License-Identifier: LGPL-2.1-or-later
/* Asking the policy, and joining its decisions. */
#include "daemon/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* All extents of all buffers, one after another, as a policy takes them. */
struct flat {
	struct policy_extent *extents;
	size_t n;
};

static int flatten(const struct buffers *b, struct flat *out)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->known[i].count;
	out->extents = calloc(n ? n : 1, sizeof(*out->extents));
	if (!out->extents)
		return -ENOMEM;
	out->n = 0;
	for (size_t i = 0; i < b->n; i++) {
		memcpy(out->extents + out->n, b->known[i].extents,
		       b->known[i].count * sizeof(*out->extents));
		out->n += b->known[i].count;
	}
	return 0;
}

/* The buffer whose extents hold number @at of the flat array; @first receives its first number. */
static const struct known_buffer *owner(const struct buffers *b, size_t at, size_t *first)
{
	size_t i = 0;

	*first = 0;
	while (at - *first >= b->known[i].count)
		*first += b->known[i++].count;
	return &b->known[i];
}

static bool joins(const struct planned_move *last, const struct planned_move *next)
{
	return last->buffer == next->buffer && last->from == next->from && last->to == next->to &&
	       last->offset + last->bytes == next->offset;
}

static void join(struct plan *p, const struct buffers *b, const struct policy_move *moves,
		 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t first;
		const struct known_buffer *k = owner(b, moves[i].extent, &first);
		struct planned_move next = {
			.buffer = k->info.buffer,
			.from = moves[i].from,
			.to = moves[i].to,
			.extent_bytes = 1U << k->info.extent_shift,
			.offset = (uint64_t)(moves[i].extent - first) << k->info.extent_shift,
			.bytes = 1ULL << k->info.extent_shift,
		};

		if (p->n && joins(&p->moves[p->n - 1], &next))
			p->moves[p->n - 1].bytes += next.bytes;
		else
			p->moves[p->n++] = next;
	}
}

int plan_make(const struct policy_options *options, const struct policy_tier *tiers,
	      const struct buffers *buffers, uint64_t now_ns, struct plan *out)
{
	struct policy_move *moves = calloc(options->max_moves, sizeof(*moves));
	struct flat flat = { NULL, 0 };
	size_t n = 0;
	int err = -ENOMEM;

	memset(out, 0, sizeof(*out));
	if (!moves)
		return -ENOMEM;
	if (flatten(buffers, &flat))
		goto out;
	err = policy_decide(options, tiers, TERRACE_TIERS_MAX, flat.extents, flat.n, now_ns, moves,
			    &n);
	if (err || !n)
		goto out;
	out->moves = calloc(n, sizeof(*out->moves));
	if (!out->moves) {
		err = -ENOMEM;
		goto out;
	}
	join(out, buffers, moves, n);
out:
	free(flat.extents);
	free(moves);
	return err;
}

void plan_free(struct plan *p)
{
	free(p->moves);
	memset(p, 0, sizeof(*p));
}
