/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A child of the daemon that handles one request for weights: it takes the descriptor of the file,
 * says what the file is, and loads it when it is told to.
 *
 * The daemon is one thread and serves all: it never touches a descriptor that a client sent, for
 * even fstat(2) or close(2) of it may wait for a file system that the client runs itself. The child
 * does so with the client's effective ids, so that the client's rights and quota count; its real
 * ids stay the daemon's, so that the client can neither signal nor trace it.
 */
#ifndef _DAEMON_LOADER_H
#define _DAEMON_LOADER_H

#include <sys/types.h>

#include "daemon/kept.h"
#include "lib/named.h"

/**
 * struct loader - a child
 * @pidfd: readable when it has ended
 * @channel: to talk with it; messages are struct loader_answer
 */
struct loader {
	pid_t pid;
	int pidfd;
	int channel;
};

/**
 * struct loader_answer - what the child says: first what is asked for, then how each load ended
 * @status: 0 or a negative errno, with @text
 * @bytes: of the buffer, whose descriptor comes with the message
 * @key: with the first message
 */
struct loader_answer {
	int32_t status;
	uint32_t reserved;
	uint64_t bytes;
	struct kept_key key;
	char text[NAMED_TEXT_MAX];
};

/**
 * loader_start - fork a child that takes the request that waits in a connection
 *
 * Return: 0 or a negative errno.
 */
int loader_start(int connection, struct loader *l);

/**
 * loader_load - tell it to load, once it has said what; it may be told again after a failure
 *
 * Return: 0 or a negative errno.
 */
int loader_load(const struct loader *l);

/**
 * loader_key - what weights a request asks for
 * @why: set on failure
 *
 * Return: 0; -EINVAL, -EBADF, -EOPNOTSUPP or another negative errno.
 */
int loader_key(const struct named_request *r, int fd, struct kept_key *key, const char **why);

#endif /* _DAEMON_LOADER_H */
