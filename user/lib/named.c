// SPDX-License-Identifier: LGPL-2.1-or-later
/* Weights that terraced keeps for all who may read their file: the client's side. */
#include "named.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

/* Whoever answers decides what the caller computes with: only root and the caller itself may. */
static int peer_check(int sock)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
		return error_set(-errno, "cannot ask who terraced is: %s", strerror(errno));
	if (peer.uid && peer.uid != geteuid())
		return error_set(-EPERM, "what answers instead of terraced belongs to uid %u: weights are not taken from it",
				 peer.uid);
	return 0;
}

/* Return: the connection or a negative errno. */
static int named_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int sock, err;

	if (strlen(path) >= sizeof(to.sun_path))
		return error_set(-ENAMETOOLONG, "the path of terraced's socket is too long");
	strcpy(to.sun_path, path);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return error_set(-errno, "cannot make a socket: %s", strerror(errno));
	/* without waiting: when its queue is full it has no time for this one either */
	if (connect(sock, (struct sockaddr *)&to, sizeof(to)))
		err = error_set(-errno, "terraced does not answer on %s: %s", path,
				strerror(errno));
	else
		err = peer_check(sock);
	if (err) {
		close(sock);
		return err;
	}
	return sock;
}

static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until there is something to read; @due_ms < 0: without an end. */
static int wait_for_answer(int sock, int64_t due_ms)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int64_t left;
	int n;

	do {
		left = due_ms < 0 ? -1 : due_ms - mono_ms();
		n = poll(&p, 1, due_ms >= 0 && left < 0 ? 0 : (int)left);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_set(-errno, "cannot wait for terraced: %s", strerror(errno));
	return n ? 0 : error_set(-ETIMEDOUT, "terraced did not answer within %d ms",
				 NAMED_ACK_MS);
}

static int answer_check(const struct named_answer *a, ssize_t got, int view)
{
	bool given = view >= 0;

	if (got < 0)
		return error_set((int)got, "cannot read terraced's answer: %s",
				 strerror(-(int)got));
	if (!got)
		return error_set(-ECONNRESET, "terraced ended before it answered");
	if (got != sizeof(*a) || a->size != sizeof(*a) || a->version != NAMED_VERSION ||
	    a->reserved || a->status > NAMED_WAIT ||
	    strnlen(a->text, sizeof(a->text)) == sizeof(a->text) || given != !a->status)
		return error_set(-EPROTO, "terraced answered what this library does not understand: install both from the same release");
	return a->status < 0 ? error_set(a->status, "%s", a->text) : a->status;
}

/* Return: 0, NAMED_WAIT or a negative errno; *@view is -1 unless 0. */
static int take_answer(int sock, int *view)
{
	struct named_answer a;
	ssize_t got = named_receive(sock, &a, sizeof(a), view);
	int status = answer_check(&a, got, *view);

	if (status && *view >= 0) {
		close(*view);
		*view = -1;
	}
	return status;
}

static int converse(int sock, const struct named_request *request, int fd, int *view)
{
	int64_t due = mono_ms() + NAMED_ACK_MS;
	int status;

	status = named_send(sock, request, sizeof(*request), fd);
	if (status)
		return error_set(status, "cannot ask terraced: %s", strerror(-status));
	do {
		status = wait_for_answer(sock, due);
		if (!status)
			status = take_answer(sock, view);
		due = -1;	/* it is at work, and says when it is done */
	} while (status == NAMED_WAIT);
	return status;
}

int named_ask(const char *path, const struct named_request *request, int fd, int *view)
{
	int sock = named_connect(path);
	int err;

	if (sock < 0)
		return sock;
	*view = -1;
	err = converse(sock, request, fd, view);
	if (err) {
		close(sock);
		return err;
	}
	return sock;
}

static int request_fill(struct named_request *r, struct terrace_session *s, uint64_t offset,
			uint64_t bytes, const struct terrace_buffer_options *o)
{
	struct terrace_tier_info tier = { .name = "" };
	int err;

	if (o->tier != TERRACE_TIER_ANY) {
		err = terrace_tier_get(s, o->tier, &tier);
		if (err)
			return err;
	}
	*r = (struct named_request) {
		.size = sizeof(*r),
		.version = NAMED_VERSION,
		.flags = o->strict ? NAMED_STRICT : 0,
		.class_id = o->class_id,
		.extent_bytes = o->extent_bytes,
		.offset = offset,
		.bytes = bytes,
	};
	memcpy(r->tier, tier.name, sizeof(r->tier));
	return 0;
}

/* Whether a view is of what was asked for, and of what can no longer change. */
static int view_check(const struct terrace_buffer *b, const struct named_request *r)
{
	uint64_t extent = r->extent_bytes ? r->extent_bytes : 1U << TERRACE_EXTENT_SHIFT_MAX;
	struct terrace_buffer_info info;
	int err = terrace_buffer_info(b, &info);

	if (err)
		return err;
	if (b->extent_bytes != extent || b->bytes != (r->bytes + extent - 1) / extent * extent ||
	    info.sealed_bytes != b->bytes || b->class_id != r->class_id)
		return error_set(-EPROTO, "terraced gave buffer %u for weights that it does not hold",
				 b->id);
	return 0;
}

int named_open(const char *path, struct terrace_session *s, int fd, uint64_t offset, uint64_t bytes,
	       const struct terrace_buffer_options *options, struct terrace_buffer **out)
{
	struct terrace_buffer *b = NULL;
	struct named_request r;
	int sock, given, err;

	err = request_fill(&r, s, offset, bytes, options);
	if (err)
		return err;
	sock = named_ask(path, &r, fd, &given);
	if (sock < 0)
		return sock;
	/* a view of its own, so that what it reads is charged to its session */
	err = terrace_buffer_view(s, given, &b);
	close(given);
	if (!err)
		err = view_check(b, &r);
	if (!err && !options->unmapped)
		err = buffer_map(b, PROT_READ);
	if (err) {
		terrace_buffer_free(b);
		close(sock);
		return err;
	}
	b->keeper = sock;
	*out = b;
	return 0;
}
