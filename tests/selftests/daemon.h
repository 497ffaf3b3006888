/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* terraced as tests run it, and what it says of itself. */
#ifndef _SELFTESTS_DAEMON_H
#define _SELFTESTS_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

#define DAEMON_DIR	"/run/terrace"
#define DAEMON_SOCKET	DAEMON_DIR "/metrics.sock"
#define DAEMON_CONFIG	DAEMON_DIR "/test.conf"
#define DAEMON_WAIT_MS	20000	/* longest wait for something to come true */

/* Write a file anew; 0 or -1. */
int write_text(const char *path, const char *text);

/* Start terraced with DAEMON_CONFIG; its log goes to DAEMON_DIR/test.log. */
pid_t daemon_start(void);

/* Text of the metrics, or "" while nobody answers; valid until the next call. */
const char *daemon_metrics(void);

/* Value of a metric's first sample whose name and labels begin so; -1 when there is none. */
double daemon_metric(const char *sample);

/* Whether it answers. */
bool daemon_answers(void);

/* Wait until something is true; false when it does not become so. */
bool wait_for(bool (*done)(void));

#endif /* _SELFTESTS_DAEMON_H */
