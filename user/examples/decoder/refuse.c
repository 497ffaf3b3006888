// SPDX-License-Identifier: LGPL-2.1-or-later
/* The sentence that says why. */
#include "refuse.h"

#include <stdarg.h>
#include <stdio.h>

static char text[512] = "nothing was refused";

void refuse_because(const char *format, ...)
{
	va_list args;
	char *c;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* a terminal obeys control characters, and a file may have put some there */
	for (c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

const char *refusal(void)
{
	return text;
}
