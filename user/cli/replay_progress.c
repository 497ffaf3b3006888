// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/replay_progress.h"

#define BAR_WIDTH	40
#define REDRAW_S	0.2

static double seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

void replay_progress_begin(struct replay_progress *p)
{
	p->shown = isatty(STDERR_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &p->start);
	p->last = p->start;
}

void replay_progress_draw(void *ctx, const struct engine_progress *progress)
{
	struct replay_progress *p = ctx;
	double share, passed, left;
	char bar[BAR_WIDTH + 1];
	int filled;

	if (!p->shown || !progress->tokens_all || seconds_since(&p->last) < REDRAW_S)
		return;
	clock_gettime(CLOCK_MONOTONIC, &p->last);
	share = (double)progress->tokens / (double)progress->tokens_all;
	passed = seconds_since(&p->start);
	left = share > 0 ? passed / share - passed : 0;
	filled = (int)(share * BAR_WIDTH);
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '#', filled < BAR_WIDTH ? filled : BAR_WIDTH);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3.0f %%  step %llu  %.0f s to go ", bar, share * 100,
		(unsigned long long)progress->steps, left);
}

void replay_progress_end(struct replay_progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r%*s\r", BAR_WIDTH + 48, "");
}
