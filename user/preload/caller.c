// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who is calling: names of the functions on the stack. */
#include <dlfcn.h>
#include <execinfo.h>
#include <fnmatch.h>
#include <string.h>

#include "preload/preload.h"

/* The first call loads the unwinder, which allocates. */
void caller_prepare(void)
{
	void *frame[1];

	backtrace(frame, 1);
}

static void caller_look(struct caller *c)
{
	void *frames[CALLER_DEPTH];
	int n = backtrace(frames, CALLER_DEPTH);

	for (int i = 0; i < n; i++) {
		Dl_info info;

		/* a frame holds where the call returns to: the function ended with the call */
		if (dladdr((char *)frames[i] - 1, &info) && info.dli_sname)
			c->names[c->depth++] = info.dli_sname;
	}
}

bool caller_matches(struct caller *c, const char *pattern)
{
	if (!c->depth)
		caller_look(c);
	for (int i = 0; i < c->depth; i++)
		if (!fnmatch(pattern, c->names[i], 0))
			return true;
	return false;
}

/* It may be the program's own, else it stands behind ours. */
static const void *allocator_object(void)
{
	void *function = dlsym(RTLD_DEFAULT, "malloc");
	Dl_info found, own;

	if (dladdr(function, &found) && dladdr(&preload_settings, &own) &&
	    found.dli_fbase != own.dli_fbase)
		return found.dli_fbase;
	memcpy(&function, &real()->malloc, sizeof(function));
	return dladdr(function, &found) ? found.dli_fbase : NULL;
}

bool caller_allocates(const void *address)
{
	static const void *object;
	Dl_info info;

	if (!object)
		object = allocator_object();
	return dladdr(address, &info) && info.dli_fbase == object;
}
