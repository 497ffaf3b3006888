// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is simulated: devices, a network, prices. */
#include "sim/system.h"

#include <errno.h>

#include "sim/data_path.h"
#include "sim/network_file.h"

static int read_tiers(const char *given, struct sim_system *out, struct engine_error *e)
{
	int err = sim_data_path("systems", "TERRACE_SYSTEMS", ".ini", given ?: SYSTEM_TIERS,
				out->tiers_path, e);

	if (!err)
		err = engine_tierfile_read(out->tiers_path, &out->tiers, e);
	if (err)
		return err;
	if (out->tiers.accel.peak_flops)
		return 0;
	engine_error_set(e, "%s has no accelerator: add [accelerator] with peak_flops",
			 out->tiers_path);
	return -EINVAL;
}

static int read_network(const char *given, struct sim_system *out, struct engine_error *e)
{
	struct network_file file;
	int err = sim_data_path("networks", "TERRACE_NETWORKS", ".ini", given ?: SYSTEM_NETWORK,
				out->network_path, e);

	if (!err)
		err = network_file_read(out->network_path, &file, e);
	if (!err)
		out->network = file.network;
	return err;
}

static int read_prices(const char *given, struct sim_system *out, struct engine_error *e)
{
	char path[PATH_MAX];
	int err = sim_data_path("prices", "TERRACE_PRICES", ".ini", given ?: SYSTEM_PRICES, path,
				e);

	return err ?: prices_read(path, &out->prices, e);
}

int system_read(const struct system_files *files, struct sim_system *out, struct engine_error *e)
{
	if (!files->devices || files->devices > SYSTEM_DEVICES_MAX) {
		engine_error_set(e, "%u devices: 1 to %u can be simulated", files->devices,
				 SYSTEM_DEVICES_MAX);
		return -EINVAL;
	}
	out->devices = files->devices;
	return read_tiers(files->tiers, out, e) ?: read_network(files->network, out, e) ?:
	       read_prices(files->prices, out, e);
}

bool system_group(const struct sim_system *s, uint64_t nodes, struct network *out)
{
	struct network plain;

	if (s->network.nodes == nodes) {
		*out = s->network;
		return true;
	}
	if (!network_resize(&s->network, nodes, out, NULL))
		return true;
	network_init(&plain);
	*out = s->network;
	out->topology = NETWORK_SWITCH;
	out->nodes = nodes;
	out->radix = plain.radix;
	for (unsigned int i = 0; i < NETWORK_DIMENSIONS_MAX; i++)
		out->shape[i] = plain.shape[i];
	out->router_nodes = plain.router_nodes;
	out->group_routers = plain.group_routers;
	out->router_globals = plain.router_globals;
	return false;
}
