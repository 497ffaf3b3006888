/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Progress of long work, on standard error: one line that is written over on a terminal, lines
 * elsewhere, and nothing there unless it is asked for. Not more than a few in a second.
 */
#ifndef _SIM_PROGRESS_H
#define _SIM_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct progress - what was said
 * @on: anything at all
 * @terminal: standard error is one
 * @said_ns: when, of a clock that only goes forward
 */
struct progress {
	bool on;
	bool terminal;
	bool open;
	uint64_t said_ns;
};

/**
 * progress_begin - begin
 * @asked: also where standard error is no terminal
 */
void progress_begin(struct progress *p, bool asked);

/**
 * progress_due - is it time to say something?
 */
bool progress_due(const struct progress *p);

/**
 * progress_say - say it
 */
void progress_say(struct progress *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * progress_end - leave the line empty for what comes
 */
void progress_end(struct progress *p);

#endif /* _SIM_PROGRESS_H */
