/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A replay on the command line: it is run with a driver, progress is shown, Ctrl-C ends it after
 * the step, and a report is made of what it did. The driver is a device or the model alone.
 */
#ifndef _CLI_REPLAY_DRIVE_H
#define _CLI_REPLAY_DRIVE_H

#include <stdbool.h>

#include "engine/replay.h"

/**
 * struct replay_drive - who is driven, and where the report goes
 * @ops, @ctx: the driver
 * @ledger: what the run cost the driver; 0 or a negative errno with @e set
 * @model, @tiers: what they are called in the report
 * @json: print JSON instead of text
 * @report_dir: also write files there; NULL = no
 */
struct replay_drive {
	const struct engine_ops *ops;
	void *ctx;
	int (*ledger)(void *ctx, struct ledger *l, struct engine_error *e);
	const char *model;
	const char *tiers;
	bool json;
	const char *report_dir;
};

/* For replay_options.bad_line: says it on standard error. */
void replay_bad_line(void *ctx, const char *text);

/* From now on SIGINT and SIGTERM end a run after its step, also one that has not begun. */
void replay_catch_signals(void);

/**
 * replay_drive - run and report
 *
 * Return: an exit status (cli/command.h).
 */
int replay_drive(struct replay *r, const struct replay_drive *d);

#endif /* _CLI_REPLAY_DRIVE_H */
