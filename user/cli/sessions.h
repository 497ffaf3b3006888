/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sessions of the device: who has /dev/terrace open, and what fdinfo tells of it. */
#ifndef _CLI_SESSIONS_H
#define _CLI_SESSIONS_H

#include <sys/types.h>

#include "cli/fdinfo.h"

#define COMMAND_MAX	64	/* bytes of a command line that are kept, with the NUL */

/**
 * struct session - an open session
 * @pid, @command: of the first process that has it, in the order of /proc; 0 and empty: none, it
 *                 stands for the buffers of sessions that are closed
 */
struct session {
	pid_t pid;
	char command[COMMAND_MAX];
	struct fdinfo info;
};

/**
 * struct sessions - those that were found
 * @count: of @session, by number
 * @unseen: more there are, of processes that the caller may not look into
 */
struct sessions {
	size_t count;
	uint64_t unseen;
	struct session *session;
};

/**
 * sessions_read - find them, and what their buffers hold
 * @s: of the caller; it is left out
 *
 * Return: 0, to be freed with sessions_free(); a negative errno.
 */
int sessions_read(struct terrace_session *s, struct sessions *sessions);
void sessions_free(struct sessions *sessions);

#endif /* _CLI_SESSIONS_H */
