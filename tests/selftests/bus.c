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

static bool bus_at(char *at, bool store, char bits)
{
	struct sigaction action = { .sa_handler = on_bus }, old;
	int sig;

	sigaction(SIGBUS, &action, &old);
	sig = sigsetjmp(bus_jump, 1);
	if (!sig) {
		/* one instruction, so that the first access is the store */
		if (store)
			__asm__ volatile("lock orb %1, %0" : "+m"(*at) : "q"(bits));
		else
			(void)*(volatile char *)at;
	}
	sigaction(SIGBUS, &old, NULL);
	return sig == SIGBUS;
}

bool bus_load(const char *at)
{
	return bus_at((char *)at, false, 0);
}

bool bus_store(char *at, char bits)
{
	return bus_at(at, true, bits);
}
