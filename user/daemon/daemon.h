/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon: what it holds and does between start and end. One thread.
 */
#ifndef _DAEMON_DAEMON_H
#define _DAEMON_DAEMON_H

#include <stdio.h>
#include <terrace/terrace.h>

#include "daemon/buffers.h"
#include "daemon/clocks.h"
#include "daemon/config.h"
#include "daemon/heat.h"
#include "daemon/migrate.h"
#include "daemon/refresh.h"
#include "daemon/steps.h"
#include "daemon/weights.h"
#include "engine/policy.h"

/**
 * struct daemon_counters - what the daemon itself did
 * @plans: times a policy was asked
 * @plan_ns: wall time of looking and asking
 * @plan_errors: times that failed
 * @reloads, @reload_errors: reloads that took effect, and that did not
 */
struct daemon_counters {
	uint64_t plans;
	uint64_t plan_ns;
	uint64_t plan_errors;
	uint64_t reloads;
	uint64_t reload_errors;
};

/**
 * struct daemon - all of it
 * @config: settings in effect
 * @policy: made of them
 * @plan_due_ns: CLOCK_MONOTONIC of the next decision at the earliest
 * @sweep_due_ns: CLOCK_MONOTONIC of the next look for dead buffers at the earliest
 * @stepped_ns: CLOCK_MONOTONIC of the last end of a step
 * @dropped_seen: the heat map's dropped counter at the last sweep
 * @vanished_seen: the count of vanished buffers at the last sweep
 */
struct daemon {
	struct config config;
	struct policy_options policy;
	struct terrace_session *session;
	struct heat *heat;
	struct steps *steps;
	struct migrator *migrator;
	struct weights *weights;
	struct buffers buffers;
	struct clocks clocks;
	struct daemon_counters counters;
	struct refresh refresh;
	uint64_t plan_due_ns;
	uint64_t sweep_due_ns;
	uint64_t stepped_ns;
	uint64_t dropped_seen;
	uint64_t vanished_seen;
};

/**
 * daemon_open - load the observers, open the device, bring the tiers up
 *
 * Return: 0; a negative errno with @e set; then daemon_close() is still to be called.
 */
int daemon_open(struct daemon *d, const struct config *config, struct engine_error *e);

/**
 * daemon_close - end; the tiers stay online
 */
void daemon_close(struct daemon *d);

/**
 * daemon_reload - let new settings take effect
 *
 * Socket, listen and heat_extents need a restart; a changed value is left alone with a warning.
 *
 * Return: 0; a negative errno with @e set: the old settings stay, but for tiers that came online
 * before the error.
 */
int daemon_reload(struct daemon *d, const struct config *config, struct engine_error *e);

/**
 * daemon_interval - an interval is over: decide when it is time, and move when no step has ended
 * for a second
 */
void daemon_interval(struct daemon *d);

/**
 * daemon_steps - steps ended: move what is queued
 */
void daemon_steps(struct daemon *d);

/**
 * daemon_moved - moves are complete: count them and go on
 */
void daemon_moved(struct daemon *d);

/**
 * daemon_sweep - free the heat of buffers that are gone, after bringing the list of buffers up to
 * date
 */
void daemon_sweep(struct daemon *d);

/**
 * daemon_metrics - write the metrics page
 */
void daemon_metrics(struct daemon *d, FILE *out);

#endif /* _DAEMON_DAEMON_H */
