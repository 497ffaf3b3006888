// SPDX-License-Identifier: LGPL-2.1-or-later
/* Pieces of work, each in a process of its own. */
#include "sim/jobs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK	(1U << 16)

/**
 * struct job - a piece that is being done
 * @pid: its process
 * @text: what came of it so far: @used of @room bytes
 */
struct job {
	size_t piece;
	pid_t pid;
	char *text;
	size_t used;
	size_t room;
};

/**
 * struct running - all of it
 * @job, @poll: @n that run; the pipe of each
 * @begun: pieces that were begun
 */
struct running {
	const struct jobs *jobs;
	struct job *job;
	struct pollfd *poll;
	size_t n;
	size_t begun;
};

unsigned int jobs_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1)
		return 1;
	return n > JOBS_MAX ? JOBS_MAX : (unsigned int)n;
}

/* ---- the process ---- */

static int write_all(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t written = write(fd, text, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		text += written;
		n -= (size_t)written;
	}
	return 0;
}

static void __attribute__((noreturn))
work(const struct jobs *j, size_t piece, int fd, pid_t caller)
{
	char *text;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != caller)
		_exit(1);
	text = j->make(j->ctx, piece);
	_exit(!text || write_all(fd, text, strlen(text)));
}

/* ---- begin and end ---- */

static int begin(struct running *r)
{
	size_t piece = r->jobs->pieces[r->begun];
	pid_t caller = getpid(), pid;
	int ends[2];

	if (pipe(ends))
		return -errno;
	pid = fork();
	if (pid < 0) {
		int err = -errno;

		close(ends[0]);
		close(ends[1]);
		return err;
	}
	if (!pid)
		work(r->jobs, piece, ends[1], caller);
	close(ends[1]);
	r->job[r->n] = (struct job) { .piece = piece, .pid = pid };
	r->poll[r->n] = (struct pollfd) { .fd = ends[0], .events = POLLIN };
	r->n++;
	r->begun++;
	return 0;
}

static void forget(struct running *r, size_t at)
{
	free(r->job[at].text);
	close(r->poll[at].fd);
	r->job[at].text = NULL;
	if (at == --r->n)
		return;
	r->job[at] = r->job[r->n];
	r->poll[at] = r->poll[r->n];
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int end(struct running *r, size_t at, struct engine_error *e)
{
	struct job *job = &r->job[at];
	int status = wait_for(job->pid), err = 0;

	if (status || !job->used) {
		if (WIFSIGNALED(status))
			engine_error_set(e, "the process of piece %zu was ended by signal %d",
					 job->piece + 1, WTERMSIG(status));
		else
			engine_error_set(e, "the process of piece %zu had no memory",
					 job->piece + 1);
		err = -ECHILD;
	} else {
		job->text[job->used] = '\0';
		err = r->jobs->done(r->jobs->ctx, job->piece, job->text, e);
	}
	forget(r, at);
	return err;
}

static void stop(struct running *r)
{
	while (r->n) {
		struct job *last = &r->job[r->n - 1];

		kill(last->pid, SIGKILL);
		wait_for(last->pid);
		forget(r, r->n - 1);
	}
}

/* ---- what comes of them ---- */

static int take(struct running *r, size_t at, struct engine_error *e)
{
	struct job *job = &r->job[at];
	ssize_t n;

	if (job->used + CHUNK >= job->room) {
		size_t room = job->room ? 2 * job->room : 2 * CHUNK;
		char *text = realloc(job->text, room);

		if (!text)
			return -ENOMEM;
		job->text = text;
		job->room = room;
	}
	n = read(r->poll[at].fd, job->text + job->used, CHUNK);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	job->used += (size_t)n;
	return n ? 0 : end(r, at, e);
}

/* From the last on: one that ends is replaced by the last. */
static int take_all(struct running *r, struct engine_error *e)
{
	size_t i;
	int err = 0;

	if (poll(r->poll, r->n, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	for (i = r->n; !err && i--;)
		if (r->poll[i].revents)
			err = take(r, i, e);
	return err;
}

static int run(struct running *r, struct engine_error *e)
{
	int err = 0;

	while (!err && (r->n || r->begun < r->jobs->n)) {
		if (r->begun < r->jobs->n && r->n < r->jobs->processes)
			err = begin(r);
		else
			err = take_all(r, e);
	}
	return err;
}

int jobs_run(const struct jobs *j, struct engine_error *e)
{
	struct running r = { .jobs = j };
	int err = -ENOMEM;

	engine_error_set(e, "%s", "");
	r.job = calloc(j->processes, sizeof(*r.job));
	r.poll = calloc(j->processes, sizeof(*r.poll));
	if (r.job && r.poll)
		err = run(&r, e);
	stop(&r);
	free(r.job);
	free(r.poll);
	if (err && e && !e->text[0])
		engine_error_set(e, "cannot work in %u processes: %s", j->processes,
				 strerror(-err));
	return err;
}
