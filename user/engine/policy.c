// SPDX-License-Identifier: LGPL-2.1-or-later
/* Placement policies: relief of full tiers, promotion into room, exchange. */
#include "engine/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
	[POLICY_STATIC] = "static",
	[POLICY_LRU] = "lru",
	[POLICY_CLASS] = "class",
};

int policy_parse(const char *name)
{
	for (int i = POLICY_STATIC; i <= POLICY_CLASS; i++)
		if (!strcmp(name, names[i]))
			return i;
	return -EINVAL;
}

const char *policy_name(enum policy_kind kind)
{
	return names[kind];
}

void policy_defaults(struct policy_options *o, enum policy_kind kind)
{
	*o = (struct policy_options) {
		.kind = kind,
		.max_moves = 256,
		.max_bytes = 8ULL << 30,
		.stay_ns = TMODEL_NS_PER_S,
		.half_life_ns = 10 * TMODEL_NS_PER_S,
		.margin_ns = TMODEL_NS_PER_S / 10,
		.margin_permille = 2000,
		.high_permille = 980,
		.low_permille = 960,
	};
}

uint32_t policy_heat(const struct policy_extent *x, uint64_t now_ns, uint64_t half_life_ns)
{
	uint64_t age = now_ns > x->last_used_ns ? now_ns - x->last_used_ns : 0;
	uint64_t halvings;
	uint32_t heat;

	if (!half_life_ns)
		return x->heat;
	halvings = age / half_life_ns;
	if (halvings > 31)
		return 0;
	heat = x->heat >> halvings;
	/* Within a half-life on a straight line. */
	return heat - (uint32_t)((__uint128_t)heat * (age % half_life_ns) /
				 half_life_ns / 2);
}

void policy_touch(struct policy_extent *x, uint64_t now_ns, uint64_t half_life_ns)
{
	uint32_t heat = policy_heat(x, now_ns, half_life_ns);

	x->heat = heat < UINT32_MAX - POLICY_HEAT_ACCESS ? heat + POLICY_HEAT_ACCESS : UINT32_MAX;
	if (now_ns > x->last_used_ns)
		x->last_used_ns = now_ns;
}

/**
 * struct ranked - an extent and what it is worth
 * @value: heat or time of last use
 */
struct ranked {
	uint64_t value;
	uint64_t last_used_ns;
	size_t extent;
};

/**
 * struct plan - a decision in the making
 * @free_bytes: of each tier after the moves so far
 * @write_left: of each tier's write budget for each class after the moves so far
 * @order: tiers for each class, best first; @n_order of them
 * @ranked: extents, least valuable first
 * @victim: for each tier, where in @ranked its next victim may be
 * @moved: extents that move
 */
struct plan {
	const struct policy_options *o;
	const struct policy_tier *tiers;
	uint32_t n_tiers;
	const struct policy_extent *extents;
	size_t n_extents;
	uint64_t now_ns;
	struct policy_move *moves;
	size_t n_moves;
	uint64_t bytes;
	uint64_t free_bytes[TMODEL_TIERS_MAX];
	uint64_t write_left[TMODEL_TIERS_MAX][TMODEL_CLASSES];
	uint32_t order[TMODEL_CLASSES][TMODEL_TIERS_MAX];
	uint32_t n_order[TMODEL_CLASSES];
	struct ranked *ranked;
	size_t victim[TMODEL_TIERS_MAX];
	bool *moved;
};

/* ---- what is where, and what it is worth ---- */

static uint32_t order_by_rank(const struct policy_tier *tiers, uint32_t n, uint32_t class_id,
			      uint32_t *order)
{
	uint32_t count = 0;
	uint32_t at;

	for (uint32_t i = 0; i < n; i++) {
		if (!tiers[i].online || !(tiers[i].classes & 1U << class_id))
			continue;
		for (at = count++; at && tiers[order[at - 1]].rank > tiers[i].rank; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return count;
}

static void order_tiers(struct plan *p)
{
	struct tmodel_place_tier place[TMODEL_TIERS_MAX] = {};

	for (uint32_t i = 0; i < p->n_tiers; i++)
		place[i] = (struct tmodel_place_tier) {
			.online = p->tiers[i].online,
			.rank = p->tiers[i].rank,
			.classes = p->tiers[i].classes,
			.read_bps = p->tiers[i].read_bps,
			.endurance_cycles = p->tiers[i].endurance_cycles,
		};
	for (uint32_t c = 0; c < TMODEL_CLASSES; c++)
		p->n_order[c] = p->o->kind == POLICY_CLASS ?
			tmodel_place_order(place, p->n_tiers, c, p->order[c]) :
			order_by_rank(p->tiers, p->n_tiers, c, p->order[c]);
}

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a;
	const struct ranked *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	if (x->last_used_ns != y->last_used_ns)
		return x->last_used_ns < y->last_used_ns ? -1 : 1;
	return (x->extent > y->extent) - (x->extent < y->extent);
}

static void rank_extents(struct plan *p)
{
	for (size_t i = 0; i < p->n_extents; i++) {
		const struct policy_extent *x = &p->extents[i];

		p->ranked[i] = (struct ranked) {
			.value = p->o->kind == POLICY_CLASS ?
				policy_heat(x, p->now_ns, p->o->half_life_ns) : x->last_used_ns,
			.last_used_ns = x->last_used_ns,
			.extent = i,
		};
	}
	qsort(p->ranked, p->n_extents, sizeof(*p->ranked), compare_ranked);
}

/* Place of a tier in a class's order; the number of tiers in it when it is not there. */
static uint32_t position(const struct plan *p, uint32_t class_id, uint32_t tier)
{
	uint32_t at = 0;

	while (at < p->n_order[class_id] && p->order[class_id][at] != tier)
		at++;
	return at;
}

static bool may_move(const struct plan *p, size_t extent)
{
	const struct policy_extent *x = &p->extents[extent];

	if (x->fixed || p->moved[extent])
		return false;
	return x->moved_ns == POLICY_NEVER || p->now_ns < x->moved_ns ||
	       p->now_ns - x->moved_ns >= p->o->stay_ns;
}

/* ---- room ---- */

static uint64_t share(uint64_t bytes, uint32_t permille)
{
	return (uint64_t)((__uint128_t)bytes * permille / 1000);
}

static uint64_t used(const struct plan *p, uint32_t tier)
{
	return p->tiers[tier].capacity_bytes - p->free_bytes[tier];
}

/* May an extent be written to a tier without wearing it out before its time? */
static bool may_write(const struct plan *p, uint32_t tier, const struct policy_extent *x)
{
	return !p->tiers[tier].write_limited || x->bytes <= p->write_left[tier][x->class_id];
}

/* May an extent come, and would the tier be filled to @permille at most? */
static bool has_room(const struct plan *p, uint32_t tier, const struct policy_extent *x,
		     uint32_t permille)
{
	return x->bytes <= p->free_bytes[tier] && may_write(p, tier, x) &&
	       used(p, tier) + x->bytes <= share(p->tiers[tier].capacity_bytes, permille);
}

static bool within_budget(const struct plan *p, size_t moves, uint64_t bytes)
{
	if (moves > p->o->max_moves - p->n_moves)
		return false;
	return !p->n_moves || (p->bytes <= p->o->max_bytes && bytes <= p->o->max_bytes - p->bytes);
}

static void move(struct plan *p, size_t extent, uint32_t to)
{
	const struct policy_extent *x = &p->extents[extent];

	p->moves[p->n_moves++] = (struct policy_move) {
		.extent = extent,
		.from = x->tier,
		.to = to,
	};
	p->bytes += x->bytes;
	p->free_bytes[x->tier] += x->bytes;
	p->free_bytes[to] -= x->bytes;
	if (p->tiers[to].write_limited)
		p->write_left[to][x->class_id] -= x->bytes;
	p->moved[extent] = true;
}

/* The first tier for a class from place @from on, but not @not, that has room. */
static bool find_tier(const struct plan *p, const struct policy_extent *x, uint32_t from,
		      uint32_t not, uint32_t *tier)
{
	for (uint32_t at = from; at < p->n_order[x->class_id]; at++) {
		*tier = p->order[x->class_id][at];
		if (*tier != not && has_room(p, *tier, x, p->o->high_permille))
			return true;
	}
	return false;
}

/* ---- the three passes ---- */

/* A tier above its high watermark gives up what is worth least until it is down to the low one. */
static void relieve(struct plan *p, uint32_t tier)
{
	uint64_t capacity = p->tiers[tier].capacity_bytes;
	uint32_t to;

	if (used(p, tier) <= share(capacity, p->o->high_permille))
		return;
	for (size_t i = 0; i < p->n_extents; i++) {
		size_t extent = p->ranked[i].extent;
		const struct policy_extent *x = &p->extents[extent];

		if (used(p, tier) <= share(capacity, p->o->low_permille))
			return;
		if (x->tier != tier || !may_move(p, extent) || !within_budget(p, 1, x->bytes) ||
		    !find_tier(p, x, 0, tier, &to))
			continue;
		move(p, extent, to);
	}
}

static bool clearly_more(const struct plan *p, uint64_t in, uint64_t out)
{
	if (p->o->kind == POLICY_CLASS)
		/* Next to nothing, one access makes no difference. */
		return in * 1000 >= out * p->o->margin_permille + 1000 * POLICY_HEAT_ACCESS;
	return in > out && in - out >= p->o->margin_ns;
}

/* The least valuable extent of a tier that may leave it. Return: its place in @ranked. */
static size_t next_victim(struct plan *p, uint32_t tier)
{
	size_t *at = &p->victim[tier];

	for (; *at < p->n_extents; (*at)++) {
		size_t extent = p->ranked[*at].extent;

		if (p->extents[extent].tier == tier && may_move(p, extent))
			break;
	}
	return *at;
}

/*
 * Where what leaves goes: a worse tier with room, or the very tier that the other comes from. That
 * one ends no fuller than it was, so its watermark does not matter, only room for the moment.
 */
static bool find_exit(const struct plan *p, const struct policy_extent *leaving, uint32_t tier,
		      const struct policy_extent *coming, uint32_t *to)
{
	uint32_t from = position(p, leaving->class_id, tier) + 1;
	uint32_t other = coming->tier;

	if (find_tier(p, leaving, from, tier, to))
		return true;
	*to = other;
	return leaving->bytes <= coming->bytes && leaving->bytes <= p->free_bytes[other] &&
	       may_write(p, other, leaving) &&
	       position(p, leaving->class_id, other) >= from &&
	       position(p, leaving->class_id, other) < p->n_order[leaving->class_id];
}

/* Let an extent take the place of a clearly less valuable one. */
static bool exchange(struct plan *p, const struct ranked *in, uint32_t tier)
{
	const struct policy_extent *x = &p->extents[in->extent];
	size_t at = next_victim(p, tier);
	const struct policy_extent *y;
	const struct ranked *out;
	uint32_t to;

	if (at == p->n_extents)
		return false;
	out = &p->ranked[at];
	y = &p->extents[out->extent];
	if (!clearly_more(p, in->value, out->value) ||
	    p->free_bytes[tier] + y->bytes < x->bytes || !may_write(p, tier, x) ||
	    !within_budget(p, 2, x->bytes + y->bytes) || !find_exit(p, y, tier, x, &to))
		return false;
	move(p, out->extent, to);
	move(p, in->extent, tier);
	return true;
}

/* Bring an extent to a better tier, into room or in exchange. */
static void improve(struct plan *p, const struct ranked *in)
{
	const struct policy_extent *x = &p->extents[in->extent];
	uint32_t at = position(p, x->class_id, x->tier);

	for (uint32_t better = 0; better < at; better++) {
		uint32_t tier = p->order[x->class_id][better];

		if (has_room(p, tier, x, p->o->low_permille)) {
			move(p, in->extent, tier);
			return;
		}
		if (exchange(p, in, tier))
			return;
	}
}

static void improve_all(struct plan *p)
{
	for (size_t i = p->n_extents; i--;) {
		const struct ranked *in = &p->ranked[i];

		/* What was never used gains nothing. */
		if (!in->value)
			return;
		if (may_move(p, in->extent) && within_budget(p, 1, p->extents[in->extent].bytes))
			improve(p, in);
	}
}

static int check(const struct policy_options *o, const struct policy_tier *tiers, uint32_t n_tiers,
		 const struct policy_extent *extents, size_t n_extents)
{
	if (o->kind > POLICY_CLASS || n_tiers > TMODEL_TIERS_MAX || o->high_permille > 1000 ||
	    o->low_permille > o->high_permille || o->margin_permille <= 1000)
		return -EINVAL;
	for (uint32_t i = 0; i < n_tiers; i++)
		if (tiers[i].free_bytes > tiers[i].capacity_bytes)
			return -EINVAL;
	for (size_t i = 0; i < n_extents; i++)
		if (extents[i].tier >= n_tiers || extents[i].class_id >= TMODEL_CLASSES)
			return -EINVAL;
	return 0;
}

int policy_decide(const struct policy_options *options, const struct policy_tier *tiers,
		  uint32_t n_tiers, const struct policy_extent *extents, size_t n_extents,
		  uint64_t now_ns, struct policy_move *moves, size_t *n_moves)
{
	struct plan p = {
		.o = options,
		.tiers = tiers,
		.n_tiers = n_tiers,
		.extents = extents,
		.n_extents = n_extents,
		.now_ns = now_ns,
		.moves = moves,
	};
	int err = check(options, tiers, n_tiers, extents, n_extents);

	*n_moves = 0;
	if (err || options->kind == POLICY_STATIC || !n_extents)
		return err;
	p.ranked = calloc(n_extents, sizeof(*p.ranked));
	p.moved = calloc(n_extents, sizeof(*p.moved));
	if (!p.ranked || !p.moved) {
		err = -ENOMEM;
		goto out;
	}
	for (uint32_t i = 0; i < n_tiers; i++) {
		p.free_bytes[i] = tiers[i].free_bytes;
		memcpy(p.write_left[i], tiers[i].write_left_bytes, sizeof(p.write_left[i]));
	}
	order_tiers(&p);
	rank_extents(&p);
	for (uint32_t i = 0; i < n_tiers; i++)
		if (tiers[i].online)
			relieve(&p, i);
	improve_all(&p);
	*n_moves = p.n_moves;
out:
	free(p.ranked);
	free(p.moved);
	return err;
}
