// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weights_client.h"

int client_daemon_configure(unsigned int keep_s)
{
	char text[128];

	/* with a small heat map it starts faster */
	snprintf(text, sizeof(text),
		 "[daemon]\npolicy = static\nheat_extents = 1024\nweights_keep_s = %u\n", keep_s);
	return write_text(DAEMON_CONFIG, text);
}

pid_t client_daemon_start(unsigned int keep_s)
{
	const struct tiers_config config = {
		.fast_bytes = 16 * CLIENT_EXTENT,
		.slow_bytes = 16 * MIB,
		.fast_classes = ALL_CLASSES,
		.slow_classes = ALL_CLASSES,
	};
	pid_t pid;

	mkdir(DAEMON_DIR, 0755);
	if (tiers_up(&config) || client_daemon_configure(keep_s))
		return -1;
	pid = daemon_start();
	return wait_for(daemon_answers) ? pid : -1;
}

int client_files_make(void)
{
	if (weights_file_make(CLIENT_PATH, CLIENT_BYTES, CLIENT_SEED) ||
	    weights_file_make(CLIENT_OTHER, CLIENT_BYTES, CLIENT_SEED + 1) ||
	    weights_file_make(CLIENT_THIRD, CLIENT_BYTES, CLIENT_SEED + 2))
		return -1;
	return 0;
}

void client_files_remove(void)
{
	unlink(CLIENT_PATH);
	unlink(CLIENT_OTHER);
	unlink(CLIENT_THIRD);
}

int client_daemon_end(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	status = client_end(pid);
	tiers_down();
	return status;
}

static int open_fd(struct terrace_session *s, int fd, struct terrace_buffer **b)
{
	const struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS, .extent_bytes = CLIENT_EXTENT,
		.tier = TERRACE_TIER_ANY,
	};
	int err = terrace_weights_open(s, fd, 0, CLIENT_BYTES, &o, b);

	if (err || !terrace_buffer_shared(*b))
		printf("# %s\n", terrace_error());
	return err ? err : !terrace_buffer_shared(*b);
}

int client_open(struct terrace_session *s, const char *path, struct terrace_buffer **b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = open_fd(s, fd, b);
	close(fd);
	return err;
}

int client_use(struct terrace_session *s, int fd, uint64_t seed)
{
	struct terrace_buffer *b;
	int err = open_fd(s, fd, &b);

	if (err < 0)
		return -err;
	if (weights_file_wrong(b, 0, CLIENT_BYTES, seed))
		return 98;
	return err ? CLIENT_ALONE : 0;
}

pid_t client_start(const char *path, uint64_t seed, const struct hold *hold)
{
	struct terrace_session *s;
	pid_t pid = fork();

	if (pid)
		return pid;
	if (hold)
		close(hold->group);
	if (terrace_session_open(NULL, &s))
		_exit(99);
	_exit(client_use(s, open(path, O_RDONLY), seed));
}

void client_be_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(CLIENT_NOBODY, CLIENT_NOBODY, CLIENT_NOBODY) ||
	    setresuid(CLIENT_NOBODY, CLIENT_NOBODY, CLIENT_NOBODY))
		_exit(99);
}

int client_end(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

uint64_t client_used_bytes(void)
{
	return tiers_value("fast", "used_bytes") + tiers_value("slow", "used_bytes");
}

int client_quota(const char *uid, const char *bytes)
{
	char path[128];
	int fd, bad;

	snprintf(path, sizeof(path), CLIENT_QUOTAS "%s", uid);
	if (mkdir(path, 0755))
		return -1;
	snprintf(path, sizeof(path), CLIENT_QUOTAS "%s/weights_bytes", uid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	bad = write(fd, bytes, strlen(bytes)) < 0;
	close(fd);
	return bad ? -1 : 0;
}

double client_metric(const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), "terrace_weights_%s", name);
	return daemon_metric(full);
}

bool client_none(void)
{
	return client_metric("clients") == 0;
}

bool client_one(void)
{
	return client_metric("clients") == 1;
}

bool client_nothing_kept(void)
{
	return client_metric("kept_files") == 0 && !client_used_bytes();
}
