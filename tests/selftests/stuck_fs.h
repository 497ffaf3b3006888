/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file system whose server answers one process only: all others wait for it. */
#ifndef _SELFTESTS_STUCK_FS_H
#define _SELFTESTS_STUCK_FS_H

#include <sys/types.h>

#define STUCK_FOLDER	"/tmp/stuck"
#define STUCK_FILE	STUCK_FOLDER "/file"
#define STUCK_BYTES	(1U << 20)	/* of the file, all zero */

/**
 * struct stuck_state - shared with the server
 * @served: the process that is answered
 * @ignored: requests that are not
 */
struct stuck_state {
	volatile pid_t served;
	volatile unsigned int ignored;
};

/**
 * struct stuck_fs - the mount
 */
struct stuck_fs {
	pid_t server;
	struct stuck_state *state;
};

/* Mount it: 0; 1 when the kernel has no FUSE; -1. */
int stuck_fs_mount(struct stuck_fs *f);

/* End the server, which ends all waiting, and unmount. */
void stuck_fs_unmount(struct stuck_fs *f);

#endif /* _SELFTESTS_STUCK_FS_H */
