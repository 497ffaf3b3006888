/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A progress bar with the time to go, on standard error when that is a terminal. */
#ifndef _CLI_REPLAY_PROGRESS_H
#define _CLI_REPLAY_PROGRESS_H

#include <stdbool.h>
#include <time.h>

#include "engine/engine.h"

/**
 * struct replay_progress - a bar
 * @shown: standard error is a terminal
 * @start, @last: when it began, and when it was drawn last
 */
struct replay_progress {
	bool shown;
	struct timespec start;
	struct timespec last;
};

void replay_progress_begin(struct replay_progress *p);

/* For engine_options.progress; @ctx is the struct replay_progress. */
void replay_progress_draw(void *ctx, const struct engine_progress *progress);

/* Take the bar away. */
void replay_progress_end(struct replay_progress *p);

#endif /* _CLI_REPLAY_PROGRESS_H */
