// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#include "bus.h"

static sigjmp_buf bus_jump;

static void on_bus(int sig)
{
	siglongjmp(bus_jump, sig);
}

bool bus_at(char *at, bool store)
{
	struct sigaction action = { .sa_handler = on_bus }, old;
	int sig;

	sigaction(SIGBUS, &action, &old);
	sig = sigsetjmp(bus_jump, 1);
	if (!sig) {
		if (store)
			*(volatile char *)at = 1;
		else
			(void)*(volatile char *)at;
	}
	sigaction(SIGBUS, &old, NULL);
	return sig == SIGBUS;
}
