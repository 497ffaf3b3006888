// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages between a program and terraced, and what a request may say. */
#include "named.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for more descriptors than may come: those that do not fit would be lost unseen. */
#define FDS_ROOM	4

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(FDS_ROOM * sizeof(int))];
};

int named_send(int sock, const void *message, size_t bytes, int fd)
{
	struct iovec part = { .iov_base = (void *)message, .iov_len = bytes };
	union control control = { .bytes = { 0 } };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(fd));
		control.header.cmsg_len = CMSG_LEN(sizeof(fd));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Keep the only descriptor; more than one is a mistake, and all are closed. */
static int take_fds(struct msghdr *m, int *fd)
{
	int found[FDS_ROOM];
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(found, CMSG_DATA(c), n * sizeof(int));
	}
	if (n == 1 && !(m->msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		*fd = found[0];
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		close(found[i]);
	return n || m->msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EMSGSIZE : 0;
}

ssize_t named_receive(int sock, void *message, size_t room, int *fd)
{
	struct iovec part = { .iov_base = message, .iov_len = room };
	union control control;
	struct msghdr m = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got;
	int err;

	*fd = -1;
	do
		got = recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	err = take_fds(&m, fd);
	return err ? err : got;
}

int named_request_check(const struct named_request *r, size_t bytes, const char **why)
{
	if (bytes < 2 * sizeof(uint32_t) || r->version != NAMED_VERSION) {
		*why = "library and terraced are of different releases: install both from one";
		return -EPROTO;
	}
	*why = "the request for weights is not one: a size, a flag or a name in it is wrong";
	if (bytes != sizeof(*r) || r->size != sizeof(*r) || r->flags & ~NAMED_STRICT ||
	    r->reserved || strnlen(r->tier, sizeof(r->tier)) == sizeof(r->tier))
		return -EINVAL;
	if (r->class_id >= TERRACE_CLASSES || (r->flags & NAMED_STRICT && !r->tier[0]))
		return -EINVAL;
	if (r->extent_bytes & (r->extent_bytes - 1) ||
	    (r->extent_bytes && (r->extent_bytes < 1U << TERRACE_EXTENT_SHIFT_MIN ||
				 r->extent_bytes > 1U << TERRACE_EXTENT_SHIFT_MAX)))
		return -EINVAL;
	return 0;
}
