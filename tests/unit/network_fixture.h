/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks of every topology for the simulator's tests: a GB/s, 100 ns a link, 50 ns a switch, 1 us
 * a message, 10 us a launch, 5 us a send.
 */
#ifndef _TESTS_NETWORK_FIXTURE_H
#define _TESTS_NETWORK_FIXTURE_H

#include <stdint.h>

#include "sim/network.h"

struct network fixture_network(enum network_topology topology, uint64_t nodes);
struct network fixture_tree(enum network_topology topology, uint64_t nodes, uint64_t radix);

/* Two-dimensional when @z is 0. */
struct network fixture_torus(uint64_t x, uint64_t y, uint64_t z);

/* @p nodes a router, @a routers a group, @h global links a router, @g groups. */
struct network fixture_dragonfly(uint64_t p, uint64_t a, uint64_t h, uint64_t g);

#endif /* _TESTS_NETWORK_FIXTURE_H */
