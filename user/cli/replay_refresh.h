/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Refresh of what is on flash during a replay: the clock is the replay's, so no daemon can keep up
 * with it.
 */
#ifndef _CLI_REPLAY_REFRESH_H
#define _CLI_REPLAY_REFRESH_H

#include "cli/replay_extents.h"

/**
 * struct replay_refresh - the schedule
 * @retention_ns: the shortest of a tier; 0 = none has one
 * @passed_ns: model time since the last refresh
 */
struct replay_refresh {
	uint64_t retention_ns;
	uint64_t passed_ns;
};

/* Ask the tiers for their retention. */
void replay_refresh_init(struct replay_refresh *r, struct terrace_session *s);

/* The longest time that may pass at once. */
uint64_t replay_refresh_most_ns(const struct replay_refresh *r);

/**
 * replay_refresh_passed - model time has passed; refresh if it is time
 *
 * Return: 0; a negative errno with @e set, also when something is lost.
 */
int replay_refresh_passed(struct replay_refresh *r, struct replay_extents *x, uint64_t ns,
			  struct engine_error *e);

#endif /* _CLI_REPLAY_REFRESH_H */
