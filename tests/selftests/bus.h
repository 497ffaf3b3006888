/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accesses that may get SIGBUS. */
#ifndef _SELFTESTS_BUS_H
#define _SELFTESTS_BUS_H

#include <stdbool.h>

/* Does a load end in SIGBUS? For one thread at a time. */
bool bus_load(const char *at);

/* Does a store that sets bits of a byte? */
bool bus_store(char *at, char bits);

#endif /* _SELFTESTS_BUS_H */
