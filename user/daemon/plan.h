/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what is known of tiers and extents to moves: asks the policy and joins its decisions into
 * ranges.
 */
#ifndef _DAEMON_PLAN_H
#define _DAEMON_PLAN_H

#include "daemon/buffers.h"
#include "daemon/migrate.h"
#include "engine/policy.h"

/**
 * struct plan - moves
 * @moves: @n of them, to be freed with plan_free(); in the order decided
 */
struct plan {
	struct planned_move *moves;
	size_t n;
};

/**
 * plan_make - decide what should move now
 * @options: policy and its parameters
 * @tiers: by index, TERRACE_TIERS_MAX of them
 * @now_ns: model time
 *
 * Return: 0; -ENOMEM, -EINVAL with @out empty.
 */
int plan_make(const struct policy_options *options, const struct policy_tier *tiers,
	      const struct buffers *buffers, uint64_t now_ns, struct plan *out);

void plan_free(struct plan *p);

#endif /* _DAEMON_PLAN_H */
