// SPDX-License-Identifier: LGPL-2.1-or-later
/* Progress of long work. */
#include "sim/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S	1000000000ULL
#define EVERY_NS	(NS_PER_S / 4)

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void progress_begin(struct progress *p, bool asked)
{
	*p = (struct progress) { .terminal = isatty(STDERR_FILENO) };
	p->on = asked || p->terminal;
	p->said_ns = now_ns();
}

bool progress_due(const struct progress *p)
{
	return p->on && now_ns() - p->said_ns >= EVERY_NS;
}

void progress_say(struct progress *p, const char *format, ...)
{
	va_list args;

	if (!p->on)
		return;
	if (p->terminal)
		fputs("\r\033[K", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (!p->terminal)
		fputc('\n', stderr);
	fflush(stderr);
	p->open = p->terminal;
	p->said_ns = now_ns();
}

void progress_end(struct progress *p)
{
	if (p->open)
		fputs("\r\033[K", stderr);
	p->open = false;
}
