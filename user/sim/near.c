// SPDX-License-Identifier: LGPL-2.1-or-later
/* Processing near memory: operators, what crosses the link, shards. */
#include "sim/near.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "sim/positive.h"

#define NUMBER_BYTES	8	/* a row's or page's number */
#define PARTIAL_BYTES	4	/* a softmax's maximum or sum */

const char *const near_kind_names[NEAR_KINDS] = {
	[NEAR_PNM] = "pnm",
	[NEAR_PIM] = "pim",
};

const char *const near_operator_names[NEAR_OPERATORS] = {
	[NEAR_GEMV] = "gemv",
	[NEAR_ATTENTION] = "attention",
	[NEAR_TOP_K] = "top_k",
	[NEAR_GATHER] = "gather",
};

/* Banks see their own data only: they neither sort nor follow numbers to other banks. */
static const struct {
	uint64_t lowest;
	uint64_t highest;
	uint64_t usual;
	unsigned int operators;
} kinds[NEAR_KINDS] = {
	[NEAR_PNM] = { 16000000000, 34359738368, 32000000000, (1 << NEAR_OPERATORS) - 1 },
	[NEAR_PIM] = { 32000000, 67108864, 64000000, 1 << NEAR_GEMV | 1 << NEAR_ATTENTION },
};

void near_init(struct near_module *m, enum near_kind kind)
{
	*m = (struct near_module) {
		.kind = kind,
		.shard_bytes = kinds[kind].usual,
		.operators = kinds[kind].operators,
	};
}

int near_check(const struct near_module *m, const char *what, struct engine_error *e)
{
	const char *kind = near_kind_names[m->kind];
	unsigned int extra = m->operators & ~kinds[m->kind].operators;

	if (m->shard_bytes < kinds[m->kind].lowest || m->shard_bytes > kinds[m->kind].highest) {
		engine_error_set(e, "%s: a shard of %s has %" PRIu64 " bytes: it must have from %"
				 PRIu64 " to %" PRIu64, what, kind, m->shard_bytes,
				 kinds[m->kind].lowest, kinds[m->kind].highest);
		return -EINVAL;
	}
	if (extra) {
		engine_error_set(e, "%s: %s cannot do %s: remove it from operators", what, kind,
				 extra >> NEAR_OPERATORS ? "what has no name" :
				 near_operator_names[__builtin_ctz(extra)]);
		return -EINVAL;
	}
	return check_positive(m->array_bps, "array_bps", what, e) ?:
		check_positive(m->flops, "flops", what, e) ?:
		check_positive(m->link_bps, "link_bps", what, e);
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return a / b + !!(a % b);
}

/* Shards of the whole model, whose bytes may exceed 64 bits when its parts' do not. */
static uint64_t even_shards(uint64_t parts, uint64_t part_bytes, uint64_t shard)
{
	unsigned __int128 bytes = (unsigned __int128)parts * part_bytes;
	unsigned __int128 shards = (bytes + shard - 1) / shard;

	return shards > UINT64_MAX ? UINT64_MAX : shards;
}

struct near_fit near_fit(const struct near_module *m, uint64_t parts, uint64_t part_bytes)
{
	uint64_t each = m->shard_bytes / part_bytes;

	return (struct near_fit) {
		.shards = even_shards(parts, part_bytes, m->shard_bytes),
		.pieces = divide_up(part_bytes, m->shard_bytes),
		.whole = each ? divide_up(parts, each) : 0,
	};
}

struct near_work near_gemv(double rows, double columns, double vectors, double bytes)
{
	return (struct near_work) {
		.operator = NEAR_GEMV,
		.array = rows * columns * bytes,
		.far = rows * columns * bytes,
		.near = (rows + columns) * vectors * bytes,
		.operations = 2 * rows * columns * vectors,
	};
}

/* The query comes; the output goes with maxima and sums, by which shards' outputs are joined. */
struct near_work near_attention(double tokens, double heads, double kv_heads, double head_dim,
				double bytes)
{
	double kv = 2 * tokens * kv_heads * head_dim * bytes;

	return (struct near_work) {
		.operator = NEAR_ATTENTION,
		.array = kv,
		.far = kv,
		.near = 2 * heads * (head_dim * bytes + PARTIAL_BYTES),
		.operations = 4 * tokens * heads * head_dim,
	};
}

struct near_work near_top_k(double pages, double page_bytes, double k, double query_bytes,
			    double bytes)
{
	return (struct near_work) {
		.operator = NEAR_TOP_K,
		.array = pages * page_bytes,
		.far = pages * page_bytes,
		.near = query_bytes + fmin(k, pages) * (page_bytes + NUMBER_BYTES),
		.operations = 2 * pages * page_bytes / bytes,
	};
}

struct near_work near_gather(double rows, double row_bytes, double granule_bytes)
{
	double read = rows * ceil(row_bytes / granule_bytes) * granule_bytes;

	return (struct near_work) {
		.operator = NEAR_GATHER,
		.array = read,
		.far = read,
		.near = rows * (row_bytes + NUMBER_BYTES),
	};
}

bool near_can(const struct near_module *m, enum near_operator operator)
{
	return m->operators >> operator & 1;
}

double near_far_seconds(const struct near_module *m, const struct near_work *w)
{
	return w->far / m->link_bps;
}

double near_seconds(const struct near_module *m, const struct near_work *w)
{
	if (!near_can(m, w->operator))
		return HUGE_VAL;
	return fmax(w->array / m->array_bps, w->operations / m->flops) + w->near / m->link_bps;
}

double near_saved_joules(const struct near_work *w, double link_fj_per_bit)
{
	return (w->far - w->near) * 8 * link_fj_per_bit / 1e15;
}
