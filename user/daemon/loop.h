/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The event loop: intervals, ends of steps, complete moves, requests for metrics and for weights,
 * signals.
 */
#ifndef _DAEMON_LOOP_H
#define _DAEMON_LOOP_H

#include "daemon/daemon.h"
#include "daemon/http.h"

/**
 * typedef loop_config_fn - read the configuration again, for SIGHUP
 *
 * Return: 0; a negative errno with @e set.
 */
typedef int (*loop_config_fn)(struct config *c, struct engine_error *e);

/**
 * loop_block_signals - from now on SIGHUP, SIGINT and SIGTERM wait for the loop
 */
void loop_block_signals(void);

/**
 * loop_run - serve until SIGTERM or SIGINT
 * @tcp: NULL when the metrics are not served on loopback
 *
 * Return: 0; a negative errno with @e set.
 */
int loop_run(struct daemon *d, struct http *local, struct http *tcp, loop_config_fn config,
	     struct engine_error *e);

#endif /* _DAEMON_LOOP_H */
