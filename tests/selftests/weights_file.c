// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "weights_file.h"

#define HOLD_WAIT_MS	20000

static unsigned char byte_at(uint64_t offset, uint64_t seed)
{
	return ((offset >> 3) * 0x9e3779b97f4a7c15ULL + seed) >> (8 * (offset & 7));
}

int weights_file_make(const char *path, uint64_t bytes, uint64_t seed)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	unsigned char chunk[1 << 16];
	uint64_t done = 0;
	int bad = fd < 0;

	while (!bad && done < bytes) {
		uint64_t n = bytes - done < sizeof(chunk) ? bytes - done : sizeof(chunk);

		for (uint64_t i = 0; i < n; i++)
			chunk[i] = byte_at(done + i, seed);
		bad = write(fd, chunk, n) != (ssize_t)n;
		done += n;
	}
	close(fd);
	return bad ? -1 : 0;
}

uint64_t weights_file_wrong(const struct terrace_buffer *b, uint64_t offset, uint64_t bytes,
			    uint64_t seed)
{
	const unsigned char *data = terrace_buffer_data(b);
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < terrace_buffer_bytes(b); i++)
		wrong += data[i] != (i < bytes ? byte_at(offset + i, seed) : 0);
	return wrong;
}

int hold_begin(struct hold *h, const char *path)
{
	h->event = -1;
	h->group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
	if (h->group < 0)
		return errno == ENOSYS || errno == EINVAL ? 1 : -1;
	if (!fanotify_mark(h->group, FAN_MARK_ADD, FAN_ACCESS_PERM, AT_FDCWD, path))
		return 0;
	close(h->group);
	return errno == EINVAL ? 1 : -1;
}

int hold_wait(struct hold *h)
{
	struct pollfd p = { .fd = h->group, .events = POLLIN };
	struct fanotify_event_metadata event;

	if (poll(&p, 1, HOLD_WAIT_MS) != 1 ||
	    read(h->group, &event, sizeof(event)) != (ssize_t)sizeof(event))
		return -1;
	h->event = event.fd;
	return event.pid;
}

void hold_end(struct hold *h)
{
	/* the last close of the group answers all that are stopped */
	if (h->event >= 0)
		close(h->event);
	close(h->group);
}
