/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One daemon at a time: two would undo each other's migrations.
 */
#ifndef _DAEMON_LOCK_H
#define _DAEMON_LOCK_H

#include "engine/error.h"

#define LOCK_FOLDER	"/run/terrace"
#define LOCK_PATH	LOCK_FOLDER "/terraced.lock"

/**
 * lock_take - become the only daemon until this process ends
 *
 * The kernel drops the lock with the process, however it ends.
 *
 * Return: the lock's descriptor, to be kept open; -EBUSY another daemon runs (@e has its process);
 * another negative errno.
 */
int lock_take(struct engine_error *e);

#endif /* _DAEMON_LOCK_H */
