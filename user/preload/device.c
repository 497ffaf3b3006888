// SPDX-License-Identifier: LGPL-2.1-or-later
/* The session: opened at first use, once; and descriptors among the program's. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/internal.h"
#include "preload/preload.h"

/* Where our descriptors begin: below the usual limit of 1024, above what programs count on. */
#define HELD_FD_MIN	900

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct terrace_session *session;
static struct held_fd session_fd;
static bool refused;

void held_keep(int fd, struct held_fd *held)
{
	struct stat st;

	*held = (struct held_fd) { .fd = fd };
	if (!fstat(fd, &st)) {
		held->dev = st.st_dev;
		held->ino = st.st_ino;
	}
}

int held_take(int fd, struct held_fd *held)
{
	struct rlimit limit;
	int high = -1;

	if (fd >= 0 && !getrlimit(RLIMIT_NOFILE, &limit))
		high = fcntl(fd, F_DUPFD_CLOEXEC, limit.rlim_cur > HELD_FD_MIN + 64 ? HELD_FD_MIN :
			     limit.rlim_cur / 2);
	if (high < 0)
		return -1;
	close(fd);
	held_keep(high, held);
	return high;
}

bool held_valid(const struct held_fd *held)
{
	struct stat st;

	return !fstat(held->fd, &st) && st.st_dev == held->dev && st.st_ino == held->ino;
}

static void session_open(void)
{
	struct terrace_options o = {
		.sample_period = preload_settings.sample_period,
		.pace_permille = preload_settings.pace_permille,
	};

	static bool said;
	int err = terrace_session_open(&o, &session);

	if (err) {
		if (!said)
			say("the model stays in plain memory: %s", terrace_error());
		said = true;
		session = NULL;
		/* the program may have descriptors free later */
		refused = err != -EMFILE && err != -ENFILE;
		return;
	}
	/* a session that stays low is as good, if the program leaves it alone */
	if (held_take(session->fd, &session_fd) >= 0)
		session->fd = session_fd.fd;
	else
		held_keep(session->fd, &session_fd);
}

struct terrace_session *device_session(void)
{
	pthread_mutex_lock(&lock);
	if (session && !held_valid(&session_fd))
		session = NULL;		/* the program closed it; others may still look at it */
	if (!session && !refused)
		session_open();
	pthread_mutex_unlock(&lock);
	return session;
}

struct terrace_session *device_open_session(void)
{
	return session && held_valid(&session_fd) ? session : NULL;
}

uint32_t device_tier(struct terrace_session *s, const char *name)
{
	static bool said;
	int tier;

	if (!*name)
		return TERRACE_TIER_ANY;
	tier = terrace_tier_find(s, name);
	if (tier >= 0)
		return tier;
	if (!said)
		say("%s; the kernel chooses", terrace_error());
	said = true;
	return TERRACE_TIER_ANY;
}

void device_forget(void)
{
	pthread_mutex_init(&lock, NULL);	/* another thread may have held it */
	if (session && held_valid(&session_fd))
		close(session_fd.fd);
	session = NULL;		/* its memory is the parent's to free */
}
