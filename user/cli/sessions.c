// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sessions are found as those of other devices are: through the descriptors in /proc that are the
 * device, each with its fdinfo. A descriptor may be in several processes, which is one session.
 */
#include "cli/sessions.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/buffer_list.h"
#include "cli/sysfs.h"
#include "cli/tiers.h"

/* A fdinfo with an entry for every tier and class has less. */
#define TEXT_MAX	(32U << 10)

/* What the search knows. */
struct search {
	struct sessions *found;
	dev_t device;
	uint64_t own;
};

/* Return: bytes read, without the NUL that ends them; a negative errno. */
static ssize_t read_text(int folder, const char *name, char *text, size_t size)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, text + used, size - 1 - used);
		used += n > 0 ? n : 0;
	} while (n > 0 && used < size - 1);
	n = n < 0 ? -errno : (ssize_t)used;
	close(fd);
	text[used] = 0;
	return n;
}

/* The command line in one line: whatever a process calls itself, it does nothing to a terminal. */
static void read_command(int process, char command[COMMAND_MAX])
{
	ssize_t i, n = read_text(process, "cmdline", command, COMMAND_MAX);

	if (n <= 0)
		n = read_text(process, "comm", command, COMMAND_MAX);
	while (n > 0 && (!command[n - 1] || command[n - 1] == '\n'))
		command[--n] = 0;
	for (i = 0; i < n; i++)
		if (!command[i])
			command[i] = ' ';
		else if (!isascii(command[i]) || !isprint(command[i]))
			command[i] = '?';
	if (n <= 0)
		snprintf(command, COMMAND_MAX, "?");
}

/* Whether a descriptor is the device. Files of other names are not even asked. */
static bool is_device(const struct search *search, int fds, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fds, name, target, sizeof(target) - 1);
	struct stat st;

	if (n <= 0)
		return false;
	target[n] = 0;
	return strstr(target, "/terrace") && !fstatat(fds, name, &st, 0) && S_ISCHR(st.st_mode) &&
	       st.st_rdev == search->device;
}

static bool is_known(const struct search *search, uint64_t number)
{
	size_t i;

	for (i = 0; i < search->found->count; i++)
		if (search->found->session[i].info.session == number)
			return true;
	return number == search->own;
}

static struct session *session_add(struct sessions *found)
{
	struct session *more = realloc(found->session, (found->count + 1) * sizeof(*more));

	if (!more)
		return NULL;
	found->session = more;
	more += found->count++;
	memset(more, 0, sizeof(*more));
	return more;
}

/* Return: 0, also when the descriptor is gone by now; -ENOMEM. */
static int add_descriptor(struct search *search, int process, pid_t pid, const char *name)
{
	char path[NAME_MAX + 16], text[TEXT_MAX];
	struct session *session;
	struct fdinfo info;

	snprintf(path, sizeof(path), "fdinfo/%s", name);
	if (read_text(process, path, text, sizeof(text)) < 0 || !fdinfo_parse(text, &info) ||
	    is_known(search, info.session))
		return 0;
	session = session_add(search->found);
	if (!session)
		return -ENOMEM;
	session->info = info;
	session->pid = pid;
	read_command(process, session->command);
	return 0;
}

static int search_process(struct search *search, int process, pid_t pid)
{
	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *fds = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!fds) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (!err && (entry = readdir(fds)))
		if (is_device(search, dirfd(fds), entry->d_name))
			err = add_descriptor(search, process, pid, entry->d_name);
	closedir(fds);
	return err;
}

/* Processes that are gone by now, or that belong to others, are passed over. */
static int search_all(struct search *search)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int process, err = 0;

	if (!proc)
		return -errno;
	while (!err && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		process = openat(dirfd(proc), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue;
		err = search_process(search, process, strtol(entry->d_name, NULL, 10));
		close(process);
	}
	closedir(proc);
	return err;
}

/* What adds a buffer to its session. */
struct holding {
	struct sessions *found;
	struct tiers tiers;
	int error;
};

/* A buffer's session; that of the closed ones has no process. */
static struct session *holder(struct sessions *found, uint64_t number)
{
	size_t i;

	for (i = 0; i < found->count; i++)
		if (found->session[i].info.session == number)
			return &found->session[i];
	return number ? NULL : session_add(found);
}

static void hold(const struct terrace_buffer_info *b, void *context)
{
	struct holding *h = context;
	struct session *session = holder(h->found, b->session);
	const char *class_name = terrace_class_name(b->class_id);
	struct fdinfo_bytes *bytes;
	uint32_t i;

	if (!session) {
		h->error = b->session ? h->error : -ENOMEM;
		return;
	}
	for (i = 0; i < TERRACE_TIERS_MAX; i++) {
		if (!b->tier_bytes[i])
			continue;
		bytes = fdinfo_bytes(&session->info, tiers_name(&h->tiers, i),
				     class_name ? class_name : "?");
		if (bytes)
			bytes->held_bytes += b->tier_bytes[i];
	}
}

static int by_number(const void *a, const void *b)
{
	const struct session *x = a, *y = b;

	return (x->info.session > y->info.session) - (x->info.session < y->info.session);
}

int sessions_read(struct terrace_session *s, struct sessions *sessions)
{
	struct search search = { .found = sessions };
	struct holding holding = { .found = sessions };
	struct terrace_info info;
	struct stat st;
	uint64_t all = 0;
	int err;

	memset(sessions, 0, sizeof(*sessions));
	err = terrace_session_info(s, &info);
	if (!err && fstat(terrace_session_fd(s), &st))
		err = -errno;
	if (err)
		return err;
	search.device = st.st_rdev;
	search.own = info.session;
	err = search_all(&search);
	sysfs_number(NULL, "sessions", &all);
	if (all > sessions->count + 1)
		sessions->unseen = all - sessions->count - 1;
	if (!err)
		err = tiers_read(s, &holding.tiers);
	if (!err)
		err = buffer_list(s, hold, &holding);
	if (!err)
		err = holding.error;
	if (err)
		sessions_free(sessions);
	else if (sessions->count)
		qsort(sessions->session, sessions->count, sizeof(sessions->session[0]), by_number);
	return err;
}

void sessions_free(struct sessions *sessions)
{
	free(sessions->session);
	memset(sessions, 0, sizeof(*sessions));
}
