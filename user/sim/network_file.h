/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network files: a network, how late its nodes are, and where each number comes from.
 *
 * INI. Each key but name and description has a line KEY.source = published: ... or assumed: ...
 *
 *   [network]    name, description, topology (switch, ring, tree, fat_tree, dragonfly, torus_2d,
 *                torus_3d), nodes, radix, shape ("4 4 2"), router_nodes, group_routers,
 *                router_globals, links, link_bps, efficiency_permille, link_ns, hop_ns, message_ns,
 *                launch_ns, send_ns, memory_ns, landing_bytes, in_network (0 or 1), algorithms
 *                ("ring tree"); meanings: struct network
 *   [straggler]  distribution (none, exponential, lognormal, percentiles), mean_ns, median_ns,
 *                sigma_permille, percentiles ("0:500 99:2000 100:9000", nanoseconds), timeout_ns,
 *                substitute (stale, zero), seed, samples; meanings: struct straggler; without the
 *                section nobody is late
 */
#ifndef _SIM_NETWORK_FILE_H
#define _SIM_NETWORK_FILE_H

#include "engine/sourced.h"
#include "sim/network.h"
#include "sim/straggler.h"

#define NETWORK_KEYS		28

/**
 * struct network_file - a network file
 * @network: passes network_check()
 * @straggler: passes straggler_check()
 * @sources: by the index of the key
 */
struct network_file {
	char name[ENGINE_SOURCED_NAME_MAX];
	char description[ENGINE_SOURCED_DESCRIPTION_MAX];
	struct network network;
	struct straggler straggler;
	struct engine_source sources[NETWORK_KEYS];
};

/**
 * network_file_key - name of a key
 * @index: below NETWORK_KEYS
 */
const char *network_file_key(unsigned int index);

/**
 * network_file_number - value of a key
 * @index: below NETWORK_KEYS
 *
 * Return: false when it is written in words or as several numbers.
 */
bool network_file_number(const struct network_file *f, unsigned int index, uint64_t *out);

/**
 * network_file_read - read a file
 * @out: filled when 0 is returned, undefined otherwise; holds no memory of its own
 *
 * Return: 0; -EINVAL malformed, no such network, a source missing; a negative errno of fopen(3) or
 * fgets(3).
 */
int network_file_read(const char *path, struct network_file *out, struct engine_error *e);

/**
 * network_file_find - read the file of a name
 * @name: NAME of NAME.ini in the folders of engine/datafile.h, kind "networks", variable
 *	TERRACE_NETWORKS
 *
 * Return: 0; -ENOENT there is none; as network_file_read().
 */
int network_file_find(const char *name, struct network_file *out, struct engine_error *e);

#endif /* _SIM_NETWORK_FILE_H */
