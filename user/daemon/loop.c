// SPDX-License-Identifier: LGPL-2.1-or-later
/* The event loop. */
#include "daemon/loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/notify.h"

#define EVENTS	8

enum source {
	SOURCE_SIGNAL, SOURCE_INTERVAL, SOURCE_STEPS, SOURCE_MOVES, SOURCE_WEIGHTS, SOURCE_LOCAL,
	SOURCE_TCP,
};

struct loop {
	struct daemon *daemon;
	struct http *local;
	struct http *tcp;
	loop_config_fn config;
	int poll_fd;
	int signal_fd;
	int timer_fd;
	uint64_t watchdog_ms;
	uint64_t watchdog_due_ms;
	bool stop;
};

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

void loop_block_signals(void)
{
	sigset_t set;

	signal_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static uint64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int set_interval(struct loop *l)
{
	__u32 ms = l->daemon->config.interval_ms;
	struct timespec period = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	struct itimerspec timer = { .it_interval = period, .it_value = period };

	return timerfd_settime(l->timer_fd, 0, &timer, NULL) ? -errno : 0;
}

static int watch(struct loop *l, int fd, enum source source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

	return epoll_ctl(l->poll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int watch_all(struct loop *l)
{
	int err;

	err = watch(l, l->signal_fd, SOURCE_SIGNAL);
	if (!err)
		err = watch(l, l->timer_fd, SOURCE_INTERVAL);
	if (!err)
		err = watch(l, steps_fd(l->daemon->steps), SOURCE_STEPS);
	if (!err)
		err = watch(l, migrator_fd(l->daemon->migrator), SOURCE_MOVES);
	if (!err)
		err = watch(l, weights_fd(l->daemon->weights), SOURCE_WEIGHTS);
	if (!err)
		err = watch(l, http_fd(l->local), SOURCE_LOCAL);
	if (!err && l->tcp)
		err = watch(l, http_fd(l->tcp), SOURCE_TCP);
	return err;
}

static int loop_open(struct loop *l)
{
	sigset_t set;
	int err;

	signal_set(&set);
	l->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->poll_fd < 0 || l->signal_fd < 0 || l->timer_fd < 0)
		return -errno;
	err = set_interval(l);
	return err ? err : watch_all(l);
}

static void loop_close(struct loop *l)
{
	close(l->timer_fd);
	close(l->signal_fd);
	close(l->poll_fd);
}

static void reload(struct loop *l)
{
	struct engine_error e = { "" };
	struct config config;
	int err;

	notify_reloading();
	err = l->config(&config, &e);
	if (err)
		l->daemon->counters.reload_errors++;
	else
		err = daemon_reload(l->daemon, &config, &e);
	if (!err)
		err = set_interval(l);
	if (err)
		log_line(LOG_ERR, "the old settings stay: %s", e.text[0] ? e.text : strerror(-err));
	else
		log_line(LOG_NOTICE, "reloaded, policy %s", l->daemon->config.policy);
	notify_send("READY=1");
}

static void take_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(l);
		else
			l->stop = true;
	}
}

static void take_interval(struct loop *l)
{
	uint64_t expirations;

	if (read(l->timer_fd, &expirations, sizeof(expirations)) == (ssize_t)sizeof(expirations))
		daemon_interval(l->daemon);
}

static void dispatch(struct loop *l, enum source source)
{
	switch (source) {
	case SOURCE_SIGNAL:
		take_signals(l);
		break;
	case SOURCE_INTERVAL:
		take_interval(l);
		break;
	case SOURCE_STEPS:
		daemon_steps(l->daemon);
		break;
	case SOURCE_MOVES:
		daemon_moved(l->daemon);
		break;
	case SOURCE_WEIGHTS:
		weights_run(l->daemon->weights);
		break;
	case SOURCE_LOCAL:
	case SOURCE_TCP:
		/* Both run after every wake-up, because of their time-outs. */
		break;
	}
}

static void watchdog(struct loop *l)
{
	uint64_t now = mono_ms();

	if (!l->watchdog_ms || now < l->watchdog_due_ms)
		return;
	notify_send("WATCHDOG=1");
	l->watchdog_due_ms = now + l->watchdog_ms;
}

static int sooner(int a, int b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

/* Until the next event, time-out of a connection, or sign of life. */
static int wait_ms(const struct loop *l)
{
	int ms = http_timeout_ms(l->local);
	uint64_t now = mono_ms();

	if (l->tcp)
		ms = sooner(ms, http_timeout_ms(l->tcp));
	if (l->watchdog_ms)
		ms = sooner(ms, l->watchdog_due_ms > now ? l->watchdog_due_ms - now : 0);
	return ms;
}

static int serve(struct loop *l)
{
	struct epoll_event events[EVENTS];
	int n;

	while (!l->stop) {
		n = epoll_wait(l->poll_fd, events, EVENTS, wait_ms(l));
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++)
			dispatch(l, events[i].data.u32);
		http_run(l->local);
		if (l->tcp)
			http_run(l->tcp);
		watchdog(l);
	}
	return 0;
}

int loop_run(struct daemon *d, struct http *local, struct http *tcp, loop_config_fn config,
	     struct engine_error *e)
{
	struct loop l = {
		.daemon = d,
		.local = local,
		.tcp = tcp,
		.config = config,
		.watchdog_ms = notify_watchdog_ms(),
	};
	int err = loop_open(&l);

	if (!err) {
		notify_send("READY=1");
		err = serve(&l);
		notify_send("STOPPING=1");
	}
	if (err)
		engine_error_set(e, "the event loop failed: %s", strerror(-err));
	loop_close(&l);
	return err;
}
