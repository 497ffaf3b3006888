/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Telling the service manager what the daemon is doing: the datagrams of sd_notify(3), sent to
 * $NOTIFY_SOCKET. The protocol is stable and small enough not to need a library.
 */
#ifndef _DAEMON_NOTIFY_H
#define _DAEMON_NOTIFY_H

#include <stdint.h>

/**
 * notify_send - send a state, such as "READY=1"
 *
 * Return: 1 sent; 0 there is no service manager; a negative errno, which callers may ignore: the
 * daemon works without being watched.
 */
int notify_send(const char *state);

/**
 * notify_reloading - say that a reload begins; READY=1 ends it
 */
int notify_reloading(void);

/**
 * notify_watchdog_ms - how often "WATCHDOG=1" is wanted: half of $WATCHDOG_USEC
 *
 * Return: milliseconds, at least 1; 0 when no watchdog waits for this process.
 */
uint64_t notify_watchdog_ms(void);

#endif /* _DAEMON_NOTIFY_H */
