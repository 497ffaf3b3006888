// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fork(2): a child must not see what its parent writes afterwards, and buffers are mapped shared.
 * So the child copies what is writable into plain memory before fork() returns in either.
 *
 * The table is locked until then: no other thread of the parent forks, unmaps or places.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "preload/preload.h"

/* A pipe that the child closes when it has copied; with the lock of the table. */
static struct {
	bool open;
	int fd[2];
} waiting;

static int copy_part(const struct piece *p, uintptr_t start, uintptr_t end, int unused)
{
	if (!p || !region_writable(p->region) || !place_plain(p, start, end, unused))
		return 0;
	say("a process that forks has no memory to copy %zu bytes", (size_t)(end - start));
	return -ENOMEM;
}

/* Without a descriptor to wait on, the parent gives up being placed. */
static void before_fork(void)
{
	bool copying;

	preload_enter();
	regions_lock();
	copying = regions_memory();
	waiting.open = copying && !pipe2(waiting.fd, O_CLOEXEC);
	if (!copying || waiting.open)
		return;
	regions_unlock();
	regions_walk(0, UINTPTR_MAX, copy_part, 0);
	regions_lock();
}

static void in_parent(void)
{
	char byte;

	regions_share();
	if (waiting.open) {
		close(waiting.fd[1]);
		while (read(waiting.fd[0], &byte, 1) < 0 && errno == EINTR)
			;
		close(waiting.fd[0]);
	}
	regions_unlock();
	preload_leave();
}

static void in_child(void)
{
	regions_share();
	regions_unlock();
	device_forget();
	steps_forget();
	if (regions_walk(0, UINTPTR_MAX, copy_part, 0))
		_exit(127);
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
