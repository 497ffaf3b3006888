/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serving the metrics page by HTTP: GET /metrics on a unix socket and, if asked, on loopback.
 *
 * No thread of its own: http_run() does what there is to do, whenever one of the descriptors is
 * readable.
 */
#ifndef _DAEMON_HTTP_H
#define _DAEMON_HTTP_H

#include <stdio.h>
#include <sys/socket.h>

#include "engine/error.h"

struct http;

/**
 * typedef http_page_fn - writes the page
 */
typedef void (*http_page_fn)(void *arg, FILE *out);

/**
 * http_open_unix - listen on a unix socket, owned by the daemon's user and group, mode 0660
 * @path: absolute; a socket that is there already is replaced
 *
 * Return: 0; a negative errno with @e set.
 */
int http_open_unix(const char *path, http_page_fn page, void *arg, struct http **out,
		   struct engine_error *e);

/**
 * http_open_tcp - listen on an address
 */
int http_open_tcp(const struct sockaddr *address, socklen_t bytes, http_page_fn page, void *arg,
		  struct http **out, struct engine_error *e);

/**
 * http_fd - readable when http_run() has work
 */
int http_fd(const struct http *h);

/**
 * http_timeout_ms - how long http_run() may wait to be called; -1 = until http_fd() is readable
 */
int http_timeout_ms(const struct http *h);

void http_run(struct http *h);

/**
 * http_close - end; removes the unix socket; NULL is allowed
 */
void http_close(struct http *h);

#endif /* _DAEMON_HTTP_H */
