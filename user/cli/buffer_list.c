// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/buffer_list.h"

#include <errno.h>
#include <sys/ioctl.h>

#define CHUNK	64	/* buffers a call */

int buffer_list(struct terrace_session *s, buffer_visit_fn visit, void *context)
{
	struct terrace_buffer_info chunk[CHUNK];
	struct terrace_list l = { .size = sizeof(l), .entry_bytes = sizeof(chunk[0]) };
	uint32_t i;

	do {
		l.count = CHUNK;
		l.buffers = (uintptr_t)chunk;
		if (ioctl(terrace_session_fd(s), TERRACE_IOC_LIST, &l))
			return -errno;
		for (i = 0; i < l.count && i < CHUNK; i++) {
			chunk[i].name[TERRACE_NAME_MAX - 1] = 0;
			visit(&chunk[i], context);
			l.after = chunk[i].buffer;
		}
	} while (l.count);
	return 0;
}
