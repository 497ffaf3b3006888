// SPDX-License-Identifier: LGPL-2.1-or-later
/* The lock file. */
#include "daemon/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int lock_busy(int fd, struct engine_error *e)
{
	char owner[16] = "";
	ssize_t got = pread(fd, owner, sizeof(owner) - 1, 0);

	owner[got > 0 ? strcspn(owner, "\n") : 0] = '\0';
	engine_error_set(e, "another terraced is running (process %s holds %s): stop it first",
			 owner[0] ? owner : "unknown", LOCK_PATH);
	return -EBUSY;
}

int lock_take(struct engine_error *e)
{
	int fd, err;

	if (mkdir(LOCK_FOLDER, 0755) && errno != EEXIST) {
		err = -errno;
		engine_error_set(e, "cannot make %s: %s: run terraced as root", LOCK_FOLDER,
				 strerror(-err));
		return err;
	}
	fd = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		err = -errno;
		engine_error_set(e, "cannot open %s: %s: run terraced as root", LOCK_PATH,
				 strerror(-err));
		return err;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? lock_busy(fd, e) : -errno;
		if (err != -EBUSY)
			engine_error_set(e, "cannot lock %s: %s", LOCK_PATH, strerror(-err));
		close(fd);
		return err;
	}
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", getpid()) < 0) {
		err = -errno;
		engine_error_set(e, "cannot write %s: %s", LOCK_PATH, strerror(-err));
		close(fd);
		return err;
	}
	return fd;
}
