// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines for people. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "preload/preload.h"

static struct held_fd standard_error = { .fd = -1 };

void say_prepare(void)
{
	held_keep(STDERR_FILENO, &standard_error);
}

/* One write, past the program's own buffers. */
void say(const char *format, ...)
{
	static const char before[] = "terrace: ";
	int saved = errno, n = sizeof(before) - 1;
	char line[1024] = "terrace: ";
	ssize_t written;
	va_list args;

	va_start(args, format);
	n += vsnprintf(line + n, sizeof(line) - n - 1, format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	written = held_valid(&standard_error) ? write(STDERR_FILENO, line, n) : 0;
	(void)written;	/* there is nobody else to tell */
	errno = saved;
}
