// SPDX-License-Identifier: LGPL-2.1-or-later
/* The last error of each thread, in one sentence, and the names of reasons. */
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

static _Thread_local char last_error[512];

const char *terrace_error(void)
{
	return last_error;
}

int error_set(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(last_error, sizeof(last_error), format, args);
	va_end(args);
	return err;
}

static const char * const reasons[] = {
	[TERRACE_REASON_NONE]		= "none",
	[TERRACE_REASON_TIER_FULL]	= "tier full",
	[TERRACE_REASON_QUOTA]		= "quota",
	[TERRACE_REASON_CLASS]		= "class not allowed",
	[TERRACE_REASON_NO_TIER]	= "no such tier",
	[TERRACE_REASON_PINNED]		= "pinned",
	[TERRACE_REASON_MOVING]		= "moving",
	[TERRACE_REASON_SEALED]		= "sealed",
	[TERRACE_REASON_PINNABLE]	= "pinnable buffer",
	[TERRACE_REASON_NO_MEMORY]	= "no memory",
	[TERRACE_REASON_MEDIA]		= "media error",
	[TERRACE_REASON_SIGNAL]		= "signal",
	[TERRACE_REASON_RANGE]		= "range",
	[TERRACE_REASON_GOING]		= "tier going offline",
	[TERRACE_REASON_INJECTED]	= "injected",
	[TERRACE_REASON_BUDGET]		= "write budget",
	[TERRACE_REASON_EXPIRED]	= "retention over",
};

const char *terrace_strreason(uint32_t reason)
{
	return reason < sizeof(reasons) / sizeof(reasons[0]) ? reasons[reason] : "unknown";
}
