// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fork(2): a child must not see what its parent writes afterwards, and buffers are mapped shared.
 * So the child copies what is writable into plain memory before fork() returns in either.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "preload/preload.h"

/* A pipe that the child closes when it has copied. */
static struct {
	bool open;
	int fd[2];
} waiting;

static int is_writable(const struct piece *p, uintptr_t start, uintptr_t end, int unused)
{
	(void)start;
	(void)end;
	(void)unused;
	return p && p->region->writable;
}

static int copy_part(const struct piece *p, uintptr_t start, uintptr_t end, int unused)
{
	(void)unused;
	if (!p || !p->region->writable)
		return 0;
	if (place_plain(start, end)) {
		say("a child has no memory for its copy of %zu bytes", (size_t)(end - start));
		_exit(127);
	}
	regions_cut(start, end);
	return 0;
}

static void before_fork(void)
{
	preload_enter();
	waiting.open = regions_walk(0, UINTPTR_MAX, is_writable, 0) &&
		       !pipe2(waiting.fd, O_CLOEXEC);
	regions_lock();
}

static void in_parent(void)
{
	char byte;

	regions_share();
	regions_unlock();
	if (waiting.open) {
		close(waiting.fd[1]);
		while (read(waiting.fd[0], &byte, 1) < 0 && errno == EINTR)
			;
		close(waiting.fd[0]);
	}
	preload_leave();
}

static void in_child(void)
{
	regions_share();
	regions_unlock_child();
	device_forget();
	steps_forget();
	regions_walk(0, UINTPTR_MAX, copy_part, 0);
	if (waiting.open) {
		close(waiting.fd[0]);
		close(waiting.fd[1]);
	}
	preload_leave();
}

__attribute__((constructor)) static void fork_watch(void)
{
	pthread_atfork(before_fork, in_parent, in_child);
}
