// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon.h"

int write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return -1;
	fputs(text, f);
	return fclose(f);
}

pid_t daemon_start(void)
{
	pid_t pid = fork();

	if (!pid) {
		int log = open(DAEMON_DIR "/test.log", O_WRONLY | O_CREAT | O_APPEND, 0644);

		dup2(log, STDERR_FILENO);
		execlp("terraced", "terraced", "--config", DAEMON_CONFIG, NULL);
		_exit(127);
	}
	return pid;
}

const char *daemon_metrics(void)
{
	static char text[1 << 17];
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = DAEMON_SOCKET };
	static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t used = 0;
	ssize_t n;

	text[0] = '\0';
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
	    write(fd, request, sizeof(request) - 1) == sizeof(request) - 1) {
		while (used < sizeof(text) - 1 &&
		       (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
			used += n;
	}
	text[used] = '\0';
	close(fd);
	return text;
}

double daemon_metric(const char *sample)
{
	const char *text = daemon_metrics();
	const char *at = text;

	while ((at = strstr(at, sample))) {
		const char *value = strchr(at, ' ');

		if (at > text && at[-1] == '\n' && value)
			return strtod(value, NULL);
		at++;
	}
	return -1;
}

bool daemon_answers(void)
{
	return daemon_metric("terrace_scale_ratio") >= 1;
}

bool wait_for(bool (*done)(void))
{
	for (int ms = 0; ms < DAEMON_WAIT_MS; ms += 50) {
		if (done())
			return true;
		usleep(50000);
	}
	return false;
}
