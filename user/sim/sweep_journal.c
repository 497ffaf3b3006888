// SPDX-License-Identifier: LGPL-2.1-or-later
/* Journals. */
#include "sim/sweep_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_DIGITS	16
#define FIRST_ROOM	64

/**
 * struct sweep_entry - a result: @length bytes at @at of the file
 */
struct sweep_entry {
	uint64_t key;
	long at;
	size_t length;
};

static int failed(const struct sweep_journal *j, const char *what, int err,
		  struct engine_error *e)
{
	engine_error_set(e, "cannot %s %s: %s", what, *j->path ? j->path : "a temporary file",
			 strerror(-err));
	return err;
}

static int remember(struct sweep_journal *j, uint64_t key, long at, size_t length)
{
	if (j->n == j->room) {
		size_t room = j->room ? 2 * j->room : FIRST_ROOM;
		struct sweep_entry *more = reallocarray(j->entry, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		j->entry = more;
		j->room = room;
	}
	j->entry[j->n++] = (struct sweep_entry) { key, at, length };
	j->sorted = false;
	return 0;
}

/* ---- reading ---- */

static bool parse(const char *line, size_t n, uint64_t *key)
{
	char *end;

	if (n < KEY_DIGITS + 2 || line[KEY_DIGITS] != ' ' || line[n - 1] != '\n' ||
	    strspn(line, "0123456789abcdef") != KEY_DIGITS)
		return false;
	*key = strtoull(line, &end, 16);
	return true;
}

static int read_all(struct sweep_journal *j, struct engine_error *e)
{
	char *line = NULL;
	size_t room = 0;
	uint64_t key;
	ssize_t n;
	int err = 0;

	errno = 0;
	while (!err && (n = getline(&line, &room, j->file)) > 0 && line[n - 1] == '\n') {
		if (!parse(line, (size_t)n, &key)) {
			engine_error_set(e, "%s:%zu: this is not the journal of a sweep: move the file away",
					 j->path, j->n + 1);
			err = -EINVAL;
			break;
		}
		err = remember(j, key, j->end + KEY_DIGITS + 1, (size_t)n - KEY_DIGITS - 2);
		j->end += n;
	}
	if (!err && ferror(j->file))
		err = failed(j, "read", errno ? -errno : -EIO, e);
	free(line);
	return err;
}

static int lock(struct sweep_journal *j, struct engine_error *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (!fcntl(fileno(j->file), F_SETLK, &whole))
		return 0;
	if (errno != EACCES && errno != EAGAIN)
		return failed(j, "lock", -errno, e);
	engine_error_set(e, "another sweep writes %s: wait for it, or give another --out", j->path);
	return -EBUSY;
}

static int open_named(struct sweep_journal *j, struct engine_error *e)
{
	int fd = open(j->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666), err;

	j->file = fd < 0 ? NULL : fdopen(fd, "r+");
	if (!j->file) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return failed(j, "open", err, e);
	}
	err = lock(j, e) ?: read_all(j, e);
	if (!err && ftruncate(fd, j->end))
		err = failed(j, "cut", -errno, e);
	return err;
}

int sweep_journal_open(struct sweep_journal *j, const char *path, struct engine_error *e)
{
	int err = 0;

	*j = (struct sweep_journal) { .path = path ?: "" };
	if (path) {
		err = open_named(j, e);
	} else {
		j->file = tmpfile();
		if (!j->file)
			err = failed(j, "open", -errno, e);
	}
	if (err == -ENOMEM)
		failed(j, "read", err, e);
	if (err)
		sweep_journal_close(j, false);
	return err;
}

void sweep_journal_close(struct sweep_journal *j, bool remove)
{
	if (remove && *j->path)
		unlink(j->path);
	if (j->file)
		fclose(j->file);
	free(j->entry);
	*j = (struct sweep_journal) { 0 };
}

/* ---- results ---- */

int sweep_journal_add(struct sweep_journal *j, uint64_t key, const char *text,
		      struct engine_error *e)
{
	size_t length = strlen(text);
	int err;

	errno = 0;
	if (fseek(j->file, j->end, SEEK_SET) ||
	    fprintf(j->file, "%016" PRIx64 " %s\n", key, text) < 0 || fflush(j->file))
		return failed(j, "write", errno ? -errno : -EIO, e);
	err = remember(j, key, j->end + KEY_DIGITS + 1, length);
	j->end += (long)(KEY_DIGITS + 1 + length + 1);
	if (err)
		failed(j, "remember what is in", err, e);
	return err;
}

static int by_key(const void *a, const void *b)
{
	const struct sweep_entry *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static const struct sweep_entry *find(struct sweep_journal *j, uint64_t key)
{
	const struct sweep_entry wanted = { .key = key };

	if (!j->n)
		return NULL;
	if (!j->sorted)
		qsort(j->entry, j->n, sizeof(*j->entry), by_key);
	j->sorted = true;
	return bsearch(&wanted, j->entry, j->n, sizeof(*j->entry), by_key);
}

bool sweep_journal_has(struct sweep_journal *j, uint64_t key)
{
	return find(j, key);
}

char *sweep_journal_get(struct sweep_journal *j, uint64_t key)
{
	const struct sweep_entry *entry = find(j, key);
	char *text;

	if (!entry) {
		errno = ENOENT;
		return NULL;
	}
	text = malloc(entry->length + 1);
	if (!text)
		return NULL;
	errno = EIO;
	if (fseek(j->file, entry->at, SEEK_SET) ||
	    fread(text, 1, entry->length, j->file) != entry->length) {
		free(text);
		return NULL;
	}
	text[entry->length] = '\0';
	return text;
}
