// SPDX-License-Identifier: LGPL-2.1-or-later
/* Serving weights: connections, the children that work for them, and what is kept. */
#include "daemon/weights.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/loader.h"
#include "daemon/unix_socket.h"
#include "lib/named.h"

#define BACKLOG		64
#define CLIENTS_MAX	256
#define CLIENTS_UID_MAX	64
#define CHILDREN_MAX	128
#define CHILDREN_UID_MAX 64	/* one that its client keeps from ending counts as well */
#define EVENTS_A_RUN	64
#define NS		1000000000ULL

enum source { SOURCE_LISTEN, SOURCE_TIMER, SOURCE_CLIENT, SOURCE_CHANNEL, SOURCE_END };

enum client_state {
	CLIENT_FREE,
	CLIENT_CONNECTED,	/* has not asked yet */
	CLIENT_ASKING,		/* @child says what it asks for */
	CLIENT_WAITING,		/* for @kept to be loaded */
	CLIENT_USING,		/* @kept */
};

struct client {
	enum client_state state;
	int fd;
	uint32_t uid;
	struct child *child;
	struct kept *kept;
};

enum child_state {
	CHILD_FREE,
	CHILD_ASKING,		/* for @client */
	CHILD_LOADING,		/* @kept */
	CHILD_ENDING,		/* its channel is closed */
};

struct child {
	enum child_state state;
	struct loader loader;
	uint32_t uid;
	struct client *client;
	struct kept *kept;
};

struct weights {
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct terrace_session *session;
	int poll_fd;
	int listen_fd;
	int timer_fd;
	struct client clients[CLIENTS_MAX];
	struct child children[CHILDREN_MAX];
	struct kept_table table;
	uint64_t loads;
	uint64_t shared;
	uint64_t failures;
};

static uint64_t mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

static int watch(struct weights *w, int fd, uint32_t events, enum source source, size_t index)
{
	struct epoll_event event = {
		.events = events, .data.u64 = (uint64_t)source << 32 | index,
	};

	if (!epoll_ctl(w->poll_fd, EPOLL_CTL_ADD, fd, &event))
		return 0;
	if (errno == EEXIST && !epoll_ctl(w->poll_fd, EPOLL_CTL_MOD, fd, &event))
		return 0;
	return -errno;
}

/* A child may have the descriptor still, and epoll would go on to watch what is behind it. */
static void unwatch(struct weights *w, int fd)
{
	epoll_ctl(w->poll_fd, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
}

static void set_timer(struct weights *w, uint64_t due_ns)
{
	struct itimerspec timer = {
		.it_value = { .tv_sec = due_ns / NS, .tv_nsec = due_ns % NS },
	};

	timerfd_settime(w->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

static void expire(struct weights *w)
{
	set_timer(w, kept_expire(&w->table, mono_ns()));
}

/* ---- children ---- */

/* No more of it; its end is waited for by its pidfd, which may take as long as it likes. */
static void child_end(struct weights *w, struct child *c)
{
	unwatch(w, c->loader.channel);
	pidfd_send_signal(c->loader.pidfd, SIGKILL, NULL, 0);
	c->state = CHILD_ENDING;
	c->client = NULL;
	c->kept = NULL;
}

static void child_reap(struct weights *w, struct child *c)
{
	siginfo_t info;

	waitid(P_PIDFD, c->loader.pidfd, &info, WEXITED | WNOHANG);
	unwatch(w, c->loader.pidfd);
	c->state = CHILD_FREE;
}

static struct child *child_of(struct weights *w, const struct kept *k)
{
	for (struct child *c = w->children; c < w->children + CHILDREN_MAX; c++)
		if (c->state == CHILD_LOADING && c->kept == k)
			return c;
	return NULL;
}

/* ---- clients ---- */

/* Nobody waits for it and it would not be kept: there is no reason to load it. */
static void cancel_unwanted(struct weights *w, struct kept *k)
{
	struct child *c;

	if (k->state != KEPT_LOADING || k->users || w->table.keep_ns)
		return;
	c = child_of(w, k);
	if (c)
		child_end(w, c);
	kept_drop(k);
}

static void client_drop(struct weights *w, struct client *c)
{
	struct kept *k = c->kept;

	if (c->state == CLIENT_ASKING)
		child_end(w, c->child);
	unwatch(w, c->fd);
	c->state = CLIENT_FREE;
	c->child = NULL;
	c->kept = NULL;
	if (!k)
		return;
	kept_put(&w->table, k, mono_ns());
	cancel_unwanted(w, k);
	expire(w);
}

static int client_answer(struct client *c, int status, const char *text, int fd)
{
	struct named_answer a = {
		.size = sizeof(a), .version = NAMED_VERSION, .status = status,
	};

	snprintf(a.text, sizeof(a.text), "%s", text);
	return named_send(c->fd, &a, sizeof(a), fd);
}

static void client_refuse(struct weights *w, struct client *c, int status, const char *text)
{
	w->failures++;
	client_answer(c, status, text, -1);
	client_drop(w, c);
}

/* From now on whatever it says, and its end, ends its use. */
static int client_listen(struct weights *w, struct client *c)
{
	return watch(w, c->fd, EPOLLIN | EPOLLRDHUP, SOURCE_CLIENT, c - w->clients);
}

/* Hand a view out: the client cannot change what others use. */
static int client_give(struct weights *w, struct client *c)
{
	struct terrace_buffer *view;
	int err = terrace_buffer_view(w->session, c->kept->fd, &view);

	if (err) {
		client_refuse(w, c, err, terrace_error());
		return err;
	}
	err = client_answer(c, 0, "", terrace_buffer_fd(view));
	terrace_buffer_free(view);
	if (!err)
		err = client_listen(w, c);
	if (err)
		client_drop(w, c);
	else
		c->state = CLIENT_USING;
	return err;
}

/* Its child has said what it asks for, and that is there or is being loaded. */
static void client_attach(struct client *c, struct kept *k)
{
	kept_take(k);
	c->state = CLIENT_WAITING;
	c->child = NULL;
	c->kept = k;
}

static void client_wait(struct weights *w, struct client *c)
{
	if (client_answer(c, NAMED_WAIT, "", -1) || client_listen(w, c))
		client_drop(w, c);
}

static bool is_waiting(const struct client *c, const struct kept *k)
{
	return c->state == CLIENT_WAITING && c->kept == k;
}

/* ---- loading ---- */

static void load_failed(struct weights *w, struct kept *k, int status, const char *text)
{
	/* by the last put the entry may be gone: one more user until all have been told */
	kept_take(k);
	for (struct client *c = w->clients; c < w->clients + CLIENTS_MAX; c++)
		if (is_waiting(c, k))
			client_refuse(w, c, status, text);
	kept_drop(k);
}

static void load_done(struct weights *w, struct kept *k, int fd, uint64_t bytes)
{
	bool first = true;

	w->loads++;
	kept_ready(k, fd, bytes, mono_ns());
	kept_take(k);
	for (struct client *c = w->clients; c < w->clients + CLIENTS_MAX; c++) {
		if (!is_waiting(c, k) || client_give(w, c))
			continue;
		w->shared += !first;
		first = false;
	}
	kept_put(&w->table, k, mono_ns());
	expire(w);
}

/* Whether room that nobody uses was given up for a load that failed. */
static bool make_room(struct weights *w, const struct kept *k, int status)
{
	switch (status) {
	case -ENOSPC:
	case -ENOMEM:
		return kept_evict(&w->table, KEPT_ANY_UID);
	case -EDQUOT:
		return kept_evict(&w->table, k->uid);
	default:
		return false;
	}
}

static void take_loaded(struct weights *w, struct child *c, const struct loader_answer *a, int fd)
{
	struct kept *k = c->kept;

	if (a->status && make_room(w, k, a->status) && !loader_load(&c->loader))
		return;
	child_end(w, c);
	if (!a->status && fd >= 0)
		load_done(w, k, fd, a->bytes);
	else
		load_failed(w, k, a->status ? a->status : -EPROTO, a->text);
}

/* ---- requests ---- */

static void begin_load(struct weights *w, struct client *client, struct child *c,
		       const struct kept_key *key)
{
	struct kept *k = kept_add(&w->table, key, c->uid);

	if (k && !loader_load(&c->loader)) {
		c->state = CHILD_LOADING;
		c->client = NULL;
		c->kept = k;
		client_attach(client, k);
		client_wait(w, client);
		return;
	}
	if (k)
		kept_drop(k);
	client_refuse(w, client, -EAGAIN,
		      "terraced keeps as many weights that are in use as it can: load them alone");
}

static void take_asked(struct weights *w, struct child *c, const struct loader_answer *a)
{
	struct client *client = c->client;
	struct kept *k;

	if (a->status) {
		client_refuse(w, client, a->status, a->text);
		return;
	}
	k = kept_find(&w->table, &a->key);
	if (!k) {
		begin_load(w, client, c, &a->key);
		return;
	}
	child_end(w, c);
	client_attach(client, k);
	if (k->state == KEPT_LOADING)
		client_wait(w, client);
	else if (!client_give(w, client))
		w->shared++;
}

static void channel_closed(struct weights *w, struct child *c)
{
	static const struct loader_answer died = {
		.status = -EIO, .text = "the process that loads weights for terraced has ended",
	};

	if (c->state == CHILD_ASKING)
		take_asked(w, c, &died);
	else
		take_loaded(w, c, &died, -1);
}

static void take_channel(struct weights *w, struct child *c)
{
	struct loader_answer a;
	int fd;
	ssize_t got = named_receive(c->loader.channel, &a, sizeof(a), &fd);

	if (got == -EAGAIN)
		return;
	if (got != sizeof(a)) {
		channel_closed(w, c);
	} else if (c->state == CHILD_ASKING) {
		take_asked(w, c, &a);
	} else {
		take_loaded(w, c, &a, fd);
		return;		/* with the descriptor */
	}
	if (fd >= 0)
		close(fd);
}

static void take_end(struct weights *w, struct child *c)
{
	/* what it said before it ended is there still */
	if (c->state != CHILD_ENDING)
		take_channel(w, c);
	if (c->state != CHILD_ENDING)
		channel_closed(w, c);
	child_reap(w, c);
}

static struct child *child_find_free(struct weights *w, uint32_t uid)
{
	struct child *found = NULL;
	unsigned int n = 0;

	for (struct child *c = w->children; c < w->children + CHILDREN_MAX; c++) {
		if (c->state == CHILD_FREE)
			found = c;
		else
			n += c->uid == uid;
	}
	return n < CHILDREN_UID_MAX ? found : NULL;
}

static int child_start(struct weights *w, struct client *client)
{
	struct child *c = child_find_free(w, client->uid);
	int err;

	if (!c)
		return -EAGAIN;
	err = loader_start(client->fd, &c->loader);
	if (err)
		return err;
	c->state = CHILD_ASKING;
	c->uid = client->uid;
	c->client = client;
	client->state = CLIENT_ASKING;
	client->child = c;
	err = watch(w, c->loader.pidfd, EPOLLIN, SOURCE_END, c - w->children);
	if (!err)
		err = watch(w, c->loader.channel, EPOLLIN, SOURCE_CHANNEL, c - w->children);
	/* the request is the child's to read */
	return err ? err : watch(w, client->fd, EPOLLRDHUP, SOURCE_CLIENT, client - w->clients);
}

static void take_client(struct weights *w, struct client *c)
{
	char first;

	if (c->state != CLIENT_CONNECTED || recv(c->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
		client_drop(w, c);
	else if (child_start(w, c))
		client_refuse(w, c, -EAGAIN,
			      "terraced has too many requests for weights to handle: load them alone");
}

static struct client *client_find_free(struct weights *w, uint32_t uid)
{
	struct client *found = NULL;
	unsigned int n = 0;

	for (struct client *c = w->clients; c < w->clients + CLIENTS_MAX; c++) {
		if (c->state == CLIENT_FREE)
			found = c;
		else
			n += c->uid == uid;
	}
	return n < CLIENTS_UID_MAX ? found : NULL;
}

static void take_connection(struct weights *w)
{
	struct client refused = { .fd = accept4(w->listen_fd, NULL, NULL,
						SOCK_CLOEXEC | SOCK_NONBLOCK) };
	socklen_t bytes = sizeof(struct ucred);
	struct client *c = NULL;
	struct ucred peer;

	if (refused.fd < 0)
		return;
	if (!getsockopt(refused.fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
		c = client_find_free(w, peer.uid);
	if (!c) {
		w->failures++;
		client_answer(&refused, -EAGAIN, "terraced has too many users of weights: load them alone",
			      -1);
		close(refused.fd);
		return;
	}
	*c = (struct client) {
		.state = CLIENT_CONNECTED, .fd = refused.fd, .uid = peer.uid,
	};
	if (client_listen(w, c))
		client_drop(w, c);
}

/* ---- the whole ---- */

static void take_timer(struct weights *w)
{
	uint64_t expirations;

	if (read(w->timer_fd, &expirations, sizeof(expirations)) == (ssize_t)sizeof(expirations))
		expire(w);
}

static void dispatch(struct weights *w, enum source from, uint32_t index)
{
	switch (from) {
	case SOURCE_LISTEN:
		take_connection(w);
		break;
	case SOURCE_TIMER:
		take_timer(w);
		break;
	case SOURCE_CLIENT:
		take_client(w, &w->clients[index]);
		break;
	case SOURCE_CHANNEL:
		take_channel(w, &w->children[index]);
		break;
	case SOURCE_END:
		take_end(w, &w->children[index]);
		break;
	}
}

/* One event at a time: handling one may end what another one is about. */
void weights_run(struct weights *w)
{
	struct epoll_event event;

	for (int i = 0; i < EVENTS_A_RUN && epoll_wait(w->poll_fd, &event, 1, 0) == 1; i++)
		dispatch(w, event.data.u64 >> 32, (uint32_t)event.data.u64);
}

int weights_fd(const struct weights *w)
{
	return w->poll_fd;
}

static int listen_and_watch(struct weights *w)
{
	int err;

	w->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->poll_fd < 0 || w->timer_fd < 0)
		return -errno;
	w->listen_fd = unix_socket_listen(w->path, SOCK_SEQPACKET, 0666, BACKLOG);
	if (w->listen_fd < 0)
		return w->listen_fd;
	err = watch(w, w->listen_fd, EPOLLIN, SOURCE_LISTEN, 0);
	return err ? err : watch(w, w->timer_fd, EPOLLIN, SOURCE_TIMER, 0);
}

int weights_open(const char *path, struct terrace_session *s, uint32_t keep_s, struct weights **out,
		 struct engine_error *e)
{
	struct weights *w = calloc(1, sizeof(*w));
	int err = -ENOMEM;

	if (w) {
		w->session = s;
		w->poll_fd = -1;
		w->timer_fd = -1;
		w->listen_fd = -1;
		w->table.keep_ns = keep_s * NS;
		snprintf(w->path, sizeof(w->path), "%s", path);
		err = listen_and_watch(w);
	}
	if (err) {
		engine_error_set(e, "weights cannot be served on %s: %s", path,
				 unix_socket_why(err));
		weights_close(w);
		return err;
	}
	*out = w;
	return 0;
}

void weights_keep(struct weights *w, uint32_t keep_s)
{
	w->table.keep_ns = keep_s * NS;
	expire(w);
}

void weights_stats(const struct weights *w, struct weights_stats *stats)
{
	*stats = (struct weights_stats) {
		.files = kept_count(&w->table),
		.bytes = kept_bytes(&w->table),
		.loads = w->loads,
		.shared = w->shared,
		.evictions = w->table.evictions,
		.failures = w->failures,
	};
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		stats->clients += w->clients[i].state == CLIENT_USING;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void weights_close(struct weights *w)
{
	if (!w)
		return;
	for (struct client *c = w->clients; c < w->clients + CLIENTS_MAX; c++)
		if (c->state != CLIENT_FREE)
			client_drop(w, c);
	for (struct child *c = w->children; c < w->children + CHILDREN_MAX; c++) {
		if (c->state == CHILD_FREE)
			continue;
		if (c->state != CHILD_ENDING)
			child_end(w, c);
		child_reap(w, c);
	}
	kept_clear(&w->table);
	if (w->listen_fd >= 0)
		unlink(w->path);
	close_fd(w->listen_fd);
	close_fd(w->timer_fd);
	close_fd(w->poll_fd);
	free(w);
}
