/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is simulated: devices that are all alike, a network between them, and what things cost.
 *
 * A device is a tier file: an accelerator and its tiers (engine/tierfile.h). Scale, clock and
 * backings of it are not looked at. Files are given as paths or by the names of those that come
 * with the project: kinds "systems", "networks" and "prices", variables TERRACE_SYSTEMS,
 * TERRACE_NETWORKS and TERRACE_PRICES.
 */
#ifndef _SIM_SYSTEM_H
#define _SIM_SYSTEM_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/tierfile.h"
#include "sim/network.h"
#include "sim/prices.h"

#define SYSTEM_DEVICES_MAX	65536

#define SYSTEM_TIERS		"hbm4-hbf"
#define SYSTEM_NETWORK		"h100_dgx"
#define SYSTEM_PRICES		"2026-11"

/**
 * struct system_files - what to read
 * @tiers, @network, @prices: paths or names; NULL = the defaults above
 * @devices: 1 to SYSTEM_DEVICES_MAX
 */
struct system_files {
	const char *tiers;
	const char *network;
	const char *prices;
	uint32_t devices;
};

/**
 * struct sim_system - a system
 * @tiers: one device
 * @network: as the file has it; system_group() makes those of groups
 */
struct sim_system {
	uint32_t devices;
	char tiers_path[PATH_MAX];
	char network_path[PATH_MAX];
	struct engine_tierfile tiers;
	struct network network;
	struct prices prices;
};

/**
 * system_read - read all files
 * @out: filled when 0 is returned; holds no memory of its own
 *
 * Return: 0; -EINVAL a number of devices out of range, or a tier file without an accelerator;
 * errors of the files' readers.
 */
int system_read(const struct system_files *files, struct sim_system *out, struct engine_error *e);

/**
 * system_group - the network of so many of the devices
 * @nodes: 1 to devices
 * @out: of the file's topology when it has this size, else a switch with the file's links
 *
 * Return: whether the topology is the file's.
 */
bool system_group(const struct sim_system *s, uint64_t nodes, struct network *out);

#endif /* _SIM_SYSTEM_H */
