/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that open the weights of a file through terraced. */
#ifndef _SELFTESTS_WEIGHTS_CLIENT_H
#define _SELFTESTS_WEIGHTS_CLIENT_H

#include <sys/types.h>

#include "daemon.h"
#include "tiers.h"
#include "weights_file.h"

#define CLIENT_EXTENT	65536U
#define CLIENT_BYTES	(5 * CLIENT_EXTENT + 12345)	/* of a file */
#define CLIENT_HELD	(6 * CLIENT_EXTENT)		/* of its buffer */
#define CLIENT_ALONE	77	/* a client's exit code: its weights are right, but not shared */

#define CLIENT_SOCKET	DAEMON_DIR "/weights.sock"
#define CLIENT_SEED	7
#define CLIENT_PATH	"/tmp/weights of a model.bin"	/* of CLIENT_SEED */
#define CLIENT_OTHER	"/tmp/other.bin"		/* of CLIENT_SEED + 1 */
#define CLIENT_THIRD	"/tmp/third.bin"		/* of CLIENT_SEED + 2 */

/* These three files; 0 or -1. */
int client_files_make(void);
void client_files_remove(void);

/* Tiers of 16 extents and of 16 MiB, and terraced, that keeps weights so long; its pid or -1. */
pid_t client_daemon_start(unsigned int keep_s);

/* Write the configuration; 0 or -1. */
int client_daemon_configure(unsigned int keep_s);

/* End all that; the daemon's exit status, or -1. */
int client_daemon_end(pid_t pid);

/* Open the weights of a whole file; 0, 1 when they are not shared, or a negative errno. */
int client_open(struct terrace_session *s, const char *path, struct terrace_buffer **b);

/* The same of a descriptor, for a process: what it is to end with: 0, CLIENT_ALONE or an error. */
int client_use(struct terrace_session *s, int fd, uint64_t seed);

/* A process that does so. @hold: that it must not keep; may be NULL */
pid_t client_start(const char *path, uint64_t seed, const struct hold *hold);

#define CLIENT_NOBODY	65534

/* Give all rights up, for good. */
void client_be_nobody(void);

/* How a process ends: its exit code, or 1000 and its signal. */
int client_end(pid_t pid);

/* Bytes used on both tiers. */
uint64_t client_used_bytes(void);

#define CLIENT_QUOTAS	"/sys/kernel/config/terrace/quotas/"

/* Give a uid a quota of weights; 0 or -1. The folder is the caller's to remove. */
int client_quota(const char *uid, const char *bytes);

/* terrace_weights_NAME of the metrics. */
double client_metric(const char *name);

/* For wait_for(). */
bool client_none(void);
bool client_one(void);
bool client_nothing_kept(void);

#endif /* _SELFTESTS_WEIGHTS_CLIENT_H */
