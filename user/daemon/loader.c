// SPDX-License-Identifier: LGPL-2.1-or-later
/* The child that handles one request for weights. */
#include "daemon/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GROUPS_MAX	4096
#define TICK_TRIES	10	/* waits for the tick of a time stamp to be over */

/* ---- what is asked for ---- */

static bool same_tick(const struct statx_timestamp *stamp)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return stamp->tv_sec == now.tv_sec && stamp->tv_nsec == (uint32_t)now.tv_nsec;
}

/* A write in the tick of the last one would not change the time stamps: let the tick pass. */
static int stat_settled(int fd, struct statx *st)
{
	const struct timespec tick = { .tv_nsec = 10000000 };

	for (int i = 0; i < TICK_TRIES; i++) {
		if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID_UNIQUE, st))
			return -errno;
		if (!same_tick(&st->stx_ctime) && !same_tick(&st->stx_mtime))
			return 0;
		nanosleep(&tick, NULL);
	}
	return 0;
}

static int file_check(const struct named_request *r, int fd, const struct statx *st,
		      const char **why)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || flags & O_PATH || (flags & O_ACCMODE) == O_WRONLY) {
		*why = "the file of weights is not open for reading";
		return -EBADF;
	}
	if (!S_ISREG(st->stx_mode)) {
		*why = "weights come from a regular file";
		return -EINVAL;
	}
	if (!r->bytes || r->offset > st->stx_size || r->bytes > st->stx_size - r->offset) {
		*why = "the range is not within the file of weights";
		return -EINVAL;
	}
	if (!st->stx_dev_major && !(st->stx_mask & STATX_MNT_ID_UNIQUE)) {
		*why = "the kernel has no unique ids of mounts, by which files are told apart";
		return -EOPNOTSUPP;
	}
	return 0;
}

static void key_fill(const struct named_request *r, const struct statx *st, struct kept_key *key)
{
	memset(key, 0, sizeof(*key));
	key->device_major = st->stx_dev_major;
	key->device_minor = st->stx_dev_minor;
	/* the number of a device belongs to it; an anonymous one is the next mount's some day */
	key->mount = st->stx_dev_major ? 0 : st->stx_mnt_id;
	key->inode = st->stx_ino;
	key->modified_s = st->stx_mtime.tv_sec;
	key->modified_ns = st->stx_mtime.tv_nsec;
	key->changed_s = st->stx_ctime.tv_sec;
	key->changed_ns = st->stx_ctime.tv_nsec;
	key->size = st->stx_size;
	key->offset = r->offset;
	key->bytes = r->bytes;
	key->extent_bytes = r->extent_bytes ? r->extent_bytes : 1U << TERRACE_EXTENT_SHIFT_MAX;
	key->class_id = r->class_id;
	if (r->flags & NAMED_STRICT)
		strcpy(key->tier, r->tier);
}

int loader_key(const struct named_request *r, int fd, struct kept_key *key, const char **why)
{
	struct statx st;
	int err;

	if (fd < 0) {
		*why = "no descriptor of a file came with the request for weights";
		return -EBADF;
	}
	err = stat_settled(fd, &st);
	if (err) {
		*why = "the file of weights cannot be asked what it is";
		return err;
	}
	err = file_check(r, fd, &st, why);
	if (err)
		return err;
	key_fill(r, &st, key);
	return 0;
}

/* ---- the child ---- */

/* What the child works on. */
struct work {
	int channel;
	int file;
	struct named_request request;
	struct kept_key key;
};

/* Everything but the standard streams and two descriptors. */
static void close_others(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 3)
		close_range(3, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

static void default_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The rights of who asks; real and saved ids stay, for by them one may be signalled. */
static int take_ids(int connection)
{
	gid_t groups[GROUPS_MAX];
	socklen_t bytes = sizeof(struct ucred);
	struct ucred peer;

	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
		return -errno;
	if (geteuid() == peer.uid)
		return 0;
	bytes = sizeof(groups);
	if (getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) ||
	    setgroups(bytes / sizeof(groups[0]), groups) || setresgid(-1, peer.gid, -1) ||
	    setresuid(-1, peer.uid, -1))
		return -errno;
	return 0;
}

static int answer(const struct work *w, struct loader_answer *a, int fd)
{
	return named_send(w->channel, a, sizeof(*a), fd);
}

static void answer_failure(const struct work *w, int status, const char *text)
{
	struct loader_answer a = { .status = status };

	snprintf(a.text, sizeof(a.text), "%s", text);
	answer(w, &a, -1);
}

/* Take the request and say what it asks for. */
static int ask(struct work *w, int connection)
{
	struct loader_answer a = { 0 };
	const char *why = "the request for weights is not one message with one descriptor";
	ssize_t got = named_receive(connection, &w->request, sizeof(w->request), &w->file);
	int err = got < 0 ? (int)got : named_request_check(&w->request, got, &why);

	if (!err)
		err = loader_key(&w->request, w->file, &w->key, &why);
	if (err) {
		answer_failure(w, err, why);
		return err;
	}
	a.key = w->key;
	return answer(w, &a, -1);
}

static int load(const struct work *w, struct terrace_session *s, struct terrace_buffer **b)
{
	const struct named_request *r = &w->request;
	struct terrace_buffer_options o = {
		.class_id = r->class_id,
		.extent_bytes = r->extent_bytes,
		.tier = TERRACE_TIER_ANY,
		.strict = r->flags & NAMED_STRICT,
		.unmapped = true,
	};
	int tier;

	if (r->tier[0]) {
		tier = terrace_tier_find(s, r->tier);
		if (tier < 0)
			return tier;
		o.tier = tier;
	}
	return terrace_weights_load(s, w->file, r->offset, r->bytes, &o, b);
}

/* Whether the file is still what the daemon was told, and others are told, that it is. */
static bool still_the_same(const struct work *w)
{
	struct kept_key now;
	const char *why;

	return !loader_key(&w->request, w->file, &now, &why) &&
	       !memcmp(&now, &w->key, sizeof(now));
}

static void load_and_answer(const struct work *w)
{
	struct loader_answer a = { 0 };
	struct terrace_session *s = NULL;
	struct terrace_buffer *b = NULL;
	int err = terrace_session_open(NULL, &s);

	if (!err)
		err = load(w, s, &b);
	if (err) {
		answer_failure(w, err, terrace_error());
	} else if (!still_the_same(w)) {
		answer_failure(w, -ESTALE, "the file of weights changed before it was read: load it again");
	} else {
		a.bytes = terrace_buffer_bytes(b);
		answer(w, &a, terrace_buffer_fd(b));
	}
	terrace_buffer_free(b);
	terrace_session_close(s);
}

/* Until the daemon says to load; false: it has closed the channel. */
static bool wait_for_order(const struct work *w)
{
	char order;
	ssize_t got;

	do
		got = recv(w->channel, &order, sizeof(order), 0);
	while (got < 0 && errno == EINTR);
	return got > 0;
}

static void child(int connection, int channel, pid_t daemon)
{
	struct work w = { .channel = channel, .file = -1 };
	int err;

	default_signals();
	close_others(connection, channel);
	err = take_ids(connection);
	/* after the ids, for a change of them forgets it; the daemon may have ended before */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != daemon)
		return;
	if (err) {
		answer_failure(&w, err, "terraced cannot act for the user that asks: it needs CAP_SETUID and CAP_SETGID");
		return;
	}
	err = ask(&w, connection);
	/* the client is to see its end when the daemon's descriptor is closed */
	close(connection);
	while (!err && wait_for_order(&w))
		load_and_answer(&w);
}

/* ---- the daemon's side ---- */

static int set_nonblocking(int fd)
{
	return fcntl(fd, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

int loader_start(int connection, struct loader *l)
{
	pid_t daemon = getpid();
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	err = set_nonblocking(pair[0]);
	l->pid = err ? -1 : fork();
	if (!l->pid) {
		child(connection, pair[1], daemon);
		_exit(0);
	}
	if (l->pid < 0 && !err)
		err = -errno;
	close(pair[1]);
	l->channel = pair[0];
	l->pidfd = err ? -1 : pidfd_open(l->pid, 0);
	if (!err && l->pidfd < 0) {
		err = -errno;
		kill(l->pid, SIGKILL);
		waitpid(l->pid, NULL, 0);
	}
	if (err)
		close(pair[0]);
	return err;
}

int loader_load(const struct loader *l)
{
	static const char order = 'l';

	return named_send(l->channel, &order, sizeof(order), -1);
}
