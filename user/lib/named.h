/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asking terraced for the weights of a file, so that several processes share them.
 *
 * One SOCK_SEQPACKET connection is one use of one range of a file: the client sends one request
 * with a descriptor of the file, which proves that it may read it; terraced answers once, with a
 * descriptor of a view of the buffer or an error, perhaps after an answer that says to wait. The
 * connection then stays open for as long as the buffer is used, and says no more. Both ends are on
 * one host and are built from this file: the layout is the compiler's.
 */
#ifndef _TERRACE_LIB_NAMED_H
#define _TERRACE_LIB_NAMED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <terrace/terrace.h>

#define NAMED_SOCKET		"/run/terrace/weights.sock"
#define NAMED_VERSION		1
#define NAMED_TEXT_MAX		448	/* bytes of a sentence, with its NUL */
#define NAMED_ACK_MS		5000	/* a peer that says nothing for so long is not terraced */

#define NAMED_STRICT		(1U << 0)	/* room on the named tier only */

/**
 * struct named_request - what is asked for; the file's descriptor comes with it
 * @size: of the structure
 * @version: NAMED_VERSION
 * @flags: NAMED_STRICT
 * @class_id: enum terrace_class
 * @extent_bytes: 0 = 2 MiB
 * @reserved: 0
 * @offset, @bytes: range of the file
 * @tier: preferred, NUL terminated; "" = any
 */
struct named_request {
	uint32_t size;
	uint32_t version;
	uint32_t flags;
	uint32_t class_id;
	uint32_t extent_bytes;
	uint32_t reserved;
	uint64_t offset;
	uint64_t bytes;
	char tier[TERRACE_NAME_MAX];
};

/**
 * struct named_answer - what became of it
 * @size: of the structure
 * @version: NAMED_VERSION
 * @status: 0: a descriptor of a view comes with it; NAMED_WAIT: another answer comes; or a negative
 *          errno
 * @reserved: 0
 * @text: one sentence with an error
 */
struct named_answer {
	uint32_t size;
	uint32_t version;
	int32_t status;
	uint32_t reserved;
	char text[NAMED_TEXT_MAX];
};

#define NAMED_WAIT		1

/**
 * named_send - send a message, without waiting
 * @fd: to send with it, or -1
 *
 * Return: 0 or a negative errno.
 */
int named_send(int sock, const void *message, size_t bytes, int fd);

/**
 * named_receive - take a message, without waiting
 * @fd: the descriptor that came with it, close-on-exec, or -1; more than one are closed
 *
 * Return: bytes of the message, 0 when the peer is gone, -EMSGSIZE when it is longer than @room or
 * had more than one descriptor, or another negative errno.
 */
ssize_t named_receive(int sock, void *message, size_t room, int *fd);

/**
 * named_request_check - whether a request says what it may say
 * @bytes: that were received
 *
 * Return: 0; -EPROTO: of another version; -EINVAL. @why is set on failure.
 */
int named_request_check(const struct named_request *r, size_t bytes, const char **why);

/**
 * named_open - a view of a range of a file's weights that terraced keeps
 * @path: of the socket; NAMED_SOCKET but for tests
 * @options: as of terrace_weights_open(); checked
 *
 * Takes as long as loading takes; a signal handler does not end it.
 *
 * Return: 0; a negative errno, with terrace_error() set: there is nothing to share.
 */
int named_open(const char *path, struct terrace_session *s, int fd, uint64_t offset, uint64_t bytes,
	       const struct terrace_buffer_options *options, struct terrace_buffer **out);

/**
 * named_ask - the part of named_open() without a device
 * @request: complete
 * @view: set to the descriptor that came
 *
 * Return: the connection, to be kept open as long as the view is used; a negative errno, with
 * terrace_error() set.
 */
int named_ask(const char *path, const struct named_request *request, int fd, int *view);

#endif /* _TERRACE_LIB_NAMED_H */
