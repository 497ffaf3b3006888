/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of a replay, which terrace replay and terrace-sim run --replay have in common. */
#ifndef _CLI_REPLAY_OPTIONS_H
#define _CLI_REPLAY_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "engine/replay.h"

/**
 * struct replay_choice - what was asked for
 * @policy, @scale, @routing, @seed, @strict: as of struct replay_options
 * @report_dir: --report; NULL when it was not given
 * @given: name of an option that was given, the last one; NULL = none
 */
struct replay_choice {
	enum policy_kind policy;
	uint32_t scale;
	const char *routing;
	uint64_t seed;
	bool strict;
	const char *report_dir;
	const char *given;
};

/* Fills a struct replay_choice; a child of a command's argp, which hands it over as child input. */
extern const struct argp replay_argp;

#endif /* _CLI_REPLAY_OPTIONS_H */
