/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Unix sockets that the daemon listens on.
 */
#ifndef _DAEMON_UNIX_SOCKET_H
#define _DAEMON_UNIX_SOCKET_H

#include <sys/types.h>

/**
 * unix_socket_listen - listen on a path; a socket that is there already is replaced
 * @type: SOCK_STREAM or SOCK_SEQPACKET
 * @mode: of the socket's file
 *
 * Return: a descriptor that does not block; -EEXIST when there is a file that is no socket; another
 * negative errno.
 */
int unix_socket_listen(const char *path, int type, mode_t mode, int backlog);

/**
 * unix_socket_why - what a failure means, for a sentence
 */
const char *unix_socket_why(int err);

#endif /* _DAEMON_UNIX_SOCKET_H */
