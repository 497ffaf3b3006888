/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Placement policies: which extents should move to which tier now.
 *
 *   static  nothing moves: extents stay where the placement rule put them
 *   lru     fast tiers keep what was used last
 *   class   the order of tiers follows tmodel_place_order() for each class, and within it the
 *           better tiers keep what is used most
 *
 * A tier fuller than its high watermark gives up its least valuable extents until it is down to the
 * low one. Valuable extents on worse tiers then fill room below the low watermark, or take the
 * place of clearly less valuable ones of at least their size. An extent that moved stays for a
 * while, and an exchange needs a margin (both in struct policy_options), so that nothing moves back
 * and forth.
 *
 * Pure functions: they decide, the caller moves. The same for the daemon, replay and simulation.
 * Bytes may be real or modelled ones as long as extents and tiers use the same.
 */
#ifndef _ENGINE_POLICY_H
#define _ENGINE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <terrace/model.h>

#define POLICY_NEVER	UINT64_MAX	/* has not moved yet */
#define POLICY_HEAT_ACCESS	256	/* heat of one access */

enum policy_kind { POLICY_STATIC, POLICY_LRU, POLICY_CLASS };

/**
 * policy_parse - "static", "lru", "class"
 *
 * Return: enum policy_kind; -EINVAL for anything else.
 */
int policy_parse(const char *name);
const char *policy_name(enum policy_kind kind);

/**
 * struct policy_extent - an extent as a policy sees it
 * @bytes: its size
 * @last_used_ns: model time of its last access
 * @moved_ns: model time of its last move, POLICY_NEVER when there was none
 * @heat: accesses x POLICY_HEAT_ACCESS, decayed up to @last_used_ns; see policy_touch()
 * @tier: where it is
 * @class_id: enum terrace_class
 * @sealed: it cannot change; for information
 * @fixed: it cannot move now: pinned, moving, or without content
 */
struct policy_extent {
	uint64_t bytes;
	uint64_t last_used_ns;
	uint64_t moved_ns;
	uint32_t heat;
	uint16_t tier;
	uint8_t class_id;
	bool sealed;
	bool fixed;
};

/**
 * struct policy_tier - a tier as a policy sees it
 * @online: it may be used
 * @rank: 0 = fastest
 * @classes: bit c is set when class c may live there
 * @capacity_bytes, @free_bytes: free is at most capacity
 * @read_bps: modelled read bandwidth
 * @endurance_cycles: 0 = not limited
 * @write_limited: a move there needs what is in @write_left_bytes
 * @write_left_bytes: by class, what is left of the write budget
 */
struct policy_tier {
	bool online;
	uint32_t rank;
	uint32_t classes;
	uint64_t capacity_bytes;
	uint64_t free_bytes;
	uint64_t read_bps;
	uint64_t endurance_cycles;
	bool write_limited;
	uint64_t write_left_bytes[TMODEL_CLASSES];
};

/**
 * struct policy_move - one decision
 * @extent: index
 */
struct policy_move {
	size_t extent;
	uint32_t from;
	uint32_t to;
};

/**
 * struct policy_options - how to decide
 * @max_moves: most moves a call
 * @max_bytes: most bytes a call; one move or exchange is always allowed
 * @stay_ns: an extent that moved less than so long ago stays
 * @half_life_ns: heat halves every so long without an access; 0 = never
 * @margin_ns: lru: what comes in must have been used so much later than what goes out
 * @margin_permille: class: heat of what comes in must be at least so many thousandths of the heat
 *                   of what goes out; over 1000
 * @high_permille: of a tier's capacity; above it extents leave
 * @low_permille: until so much is left; at most @high_permille
 */
struct policy_options {
	enum policy_kind kind;
	size_t max_moves;
	uint64_t max_bytes;
	uint64_t stay_ns;
	uint64_t half_life_ns;
	uint64_t margin_ns;
	uint32_t margin_permille;
	uint32_t high_permille;
	uint32_t low_permille;
};

/**
 * policy_defaults - 256 moves and 8 GiB a call, 1 s stay, 10 s half-life, 100 ms and 2 x margins,
 * watermarks 980 and 960
 */
void policy_defaults(struct policy_options *o, enum policy_kind kind);

/**
 * policy_touch - an extent was accessed
 * @half_life_ns: as of struct policy_options
 */
void policy_touch(struct policy_extent *x, uint64_t now_ns, uint64_t half_life_ns);

/**
 * policy_heat - an extent's heat now
 */
uint32_t policy_heat(const struct policy_extent *x, uint64_t now_ns, uint64_t half_life_ns);

/**
 * policy_decide - what should move
 * @tiers: @n_tiers by index, at most TMODEL_TIERS_MAX
 * @extents: @n_extents; their tier is below @n_tiers
 * @moves: room for @options->max_moves
 * @n_moves: receives how many there are
 *
 * Carried out in their order, the moves never fill a tier beyond its capacity or bring a class
 * where it is not allowed; no extent occurs twice. The caller must expect that single moves fail.
 *
 * Return: 0; -EINVAL an option or index is out of range; -ENOMEM.
 */
int policy_decide(const struct policy_options *options, const struct policy_tier *tiers,
		  uint32_t n_tiers, const struct policy_extent *extents, size_t n_extents,
		  uint64_t now_ns, struct policy_move *moves, size_t *n_moves);

#endif /* _ENGINE_POLICY_H */
