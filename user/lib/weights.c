// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Weights of a file: a buffer that is filled from it, sealed, and then mapped to read, by the
 * caller alone or by terraced for all (named.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experts.h"
#include "internal.h"
#include "named.h"

#define PART_BYTES	(256U << 10)

/* What reading does not change, so that a file that is written meanwhile shows. */
static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int weights_check(int fd, uint64_t offset, uint64_t bytes, struct stat *file)
{
	unsigned long long o = offset, n = bytes;

	if (fstat(fd, file))
		return error_set(-errno, "cannot ask for the size of the file of weights: %s",
				 strerror(errno));
	if (!S_ISREG(file->st_mode))
		return error_set(-EINVAL, "weights come from a regular file, and descriptor %d is none",
				 fd);
	if (!bytes || offset > (uint64_t)file->st_size ||
	    bytes > (uint64_t)file->st_size - offset)
		return error_set(-EINVAL, "bytes %llu+%llu are not within the file's %llu bytes", o,
				 n, (unsigned long long)file->st_size);
	return 0;
}

/* Read up to @bytes; less only at the end of the file. */
static ssize_t read_part(int fd, char *part, size_t bytes, uint64_t offset)
{
	size_t done = 0;
	ssize_t n;

	while (done < bytes) {
		unsigned long long at = offset + done;

		n = pread(fd, part + done, bytes - done, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(-errno, "cannot read the weights at byte %llu: %s", at,
					 strerror(errno));
		if (!n)
			return error_set(-ESTALE, "the file of weights became shorter while it was read: load it again");
		done += n;
	}
	return done;
}

static int write_part(const struct terrace_buffer *b, const char *part, size_t bytes,
		      uint64_t offset)
{
	size_t done = 0;
	ssize_t n;

	while (done < bytes) {
		unsigned long long at = offset + done;

		n = pwrite(b->fd, part + done, bytes - done, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(-errno, "cannot write weights to buffer %u at byte %llu: %s; the memory of its tiers may be used up",
					 b->id, at, strerror(errno));
		done += n;
	}
	return 0;
}

/* Through a part that the cache holds: it costs less than to map the buffer page by page. */
static int weights_fill(struct terrace_buffer *b, int fd, uint64_t offset, uint64_t bytes)
{
	char *part = malloc(PART_BYTES);
	uint64_t done = 0;
	ssize_t n;
	int err = 0;

	if (!part)
		return error_set(-ENOMEM, "no memory for %u bytes of weights", PART_BYTES);
	while (!err && done < bytes) {
		n = read_part(fd, part, bytes - done < PART_BYTES ? bytes - done : PART_BYTES,
			      offset + done);
		err = n < 0 ? n : write_part(b, part, n, done);
		done += PART_BYTES;
	}
	free(part);
	return err;
}

void weights_name(int fd, char name[TERRACE_NAME_MAX])
{
	char link[32], path[4096];
	const char *base;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	base = strrchr(path, '/');
	snprintf(name, TERRACE_NAME_MAX, "%.*s", TERRACE_NAME_MAX - 1, base ? base + 1 : "weights");
	for (char *c = name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static int weights_load(struct terrace_buffer *b, int fd, uint64_t offset, uint64_t bytes,
			const struct stat *before)
{
	struct stat after;
	int err;

	/* before, so that the header is read once */
	experts_tell(b, fd, offset, bytes);
	err = weights_fill(b, fd, offset, bytes);
	if (err)
		return err;
	if (fstat(fd, &after) || !same_file(before, &after))
		return error_set(-ESTALE, "the file of weights changed while it was read: load it again");
	/* one copy in memory is enough; it is only advice */
	posix_fadvise(fd, offset, bytes, POSIX_FADV_DONTNEED);
	return terrace_seal(b, 0, b->bytes);
}

int terrace_weights_load(struct terrace_session *s, int fd, uint64_t offset, uint64_t bytes,
			 const struct terrace_buffer_options *options, struct terrace_buffer **out)
{
	struct terrace_buffer_options o = *options;
	char name[TERRACE_NAME_MAX];
	struct terrace_buffer *b;
	struct stat file;
	int err;

	err = weights_check(fd, offset, bytes, &file);
	if (err)
		return err;
	o.unmapped = true;
	if (!o.name) {
		weights_name(fd, name);
		o.name = name;
	}
	err = terrace_buffer_create(s, bytes, &o, &b);
	if (err)
		return err;
	err = weights_load(b, fd, offset, bytes, &file);
	if (!err && !options->unmapped)
		err = buffer_map(b, PROT_READ);
	if (err) {
		terrace_buffer_free(b);
		return err;
	}
	*out = b;
	return 0;
}

int terrace_weights_open(struct terrace_session *s, int fd, uint64_t offset, uint64_t bytes,
			 const struct terrace_buffer_options *options, struct terrace_buffer **out)
{
	struct terrace_create unused = { 0 };
	struct stat file;
	int err;

	err = buffer_options_check(options, &unused);
	if (err)
		return err;
	if (!options->pinnable) {
		err = weights_check(fd, offset, bytes, &file);
		if (err)
			return err;
		if (!named_open(NAMED_SOCKET, s, fd, offset, bytes, options, out))
			return 0;
	}
	/* checks the file as it is now: it may have taken long until the daemon refused */
	return terrace_weights_load(s, fd, offset, bytes, options, out);
}
