/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accesses that may get SIGBUS. */
#ifndef _SELFTESTS_BUS_H
#define _SELFTESTS_BUS_H

#include <stdbool.h>

/* Does a load, or a store of 1, end in SIGBUS? For one thread at a time. */
bool bus_at(char *at, bool store);

#endif /* _SELFTESTS_BUS_H */
