/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's log: sentences on standard error, which the journal or a terminal takes.
 */
#ifndef _DAEMON_LOG_H
#define _DAEMON_LOG_H

#include <syslog.h>

/**
 * log_line - write one sentence
 * @priority: LOG_ERR, LOG_WARNING, LOG_NOTICE or LOG_INFO
 *
 * Under systemd ($JOURNAL_STREAM is set) the line begins with <priority>, as sd-daemon(3) asks.
 */
void log_line(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* _DAEMON_LOG_H */
