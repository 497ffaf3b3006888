// SPDX-License-Identifier: LGPL-2.1-or-later
/* How much a formatted device has room for, to say so when somebody wants more. */
#include <endian.h>
#include <fcntl.h>
#include <linux/terrace_media.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* The kernel promises a 64th of the segments, 2 at least, to nobody. */
static uint64_t promised(uint64_t segments)
{
	uint64_t kept = segments / 64 > 2 ? segments / 64 : 2;

	return segments > kept ? segments - kept : 0;
}

uint64_t media_room(const char *device)
{
	union {
		struct terrace_media_super super;
		char page[TERRACE_MEDIA_PAGE];
	} first;
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = pread(fd, &first, sizeof(first), 0);
	close(fd);
	if (n != sizeof(first) ||
	    memcmp(first.super.magic, TERRACE_MEDIA_MAGIC, sizeof(first.super.magic)) != 0)
		return 0;
	return promised(le32toh(first.super.segments)) << TERRACE_MEDIA_SEGMENT_SHIFT;
}
