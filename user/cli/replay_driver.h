/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine's driver for the device: two buffers, real reads and writes through their mappings at
 * 1/scale size, every byte read checked, an access record for each.
 */
#ifndef _CLI_REPLAY_DRIVER_H
#define _CLI_REPLAY_DRIVER_H

#include "cli/replay_extents.h"
#include "cli/replay_refresh.h"
#include "engine/ledger.h"
#include "engine/tierfile.h"

/**
 * struct replay_tier - what was counted of a tier when the weights were sealed, and time since
 * @index: of the device
 * @flash: its backing is a block device
 * @programmed_bytes: real bytes, when the run began
 */
struct replay_tier {
	uint32_t index;
	uint64_t busy_ns;
	struct ledger_count sealed;
	bool flash;
	uint64_t programmed_bytes;
};

/**
 * struct replay_driver - the driver
 * @sealed_clock_ns, @sealed_saturations: when the weights were sealed
 * @checked_bytes: real bytes read and found right
 */
struct replay_driver {
	const struct engine_tierfile *file;
	const struct layout *layout;
	struct replay_extents extents;
	struct replay_refresh refresh;
	struct replay_tier tier[TERRACE_TIERS_MAX];
	uint64_t sealed_clock_ns;
	uint64_t sealed_saturations;
	struct tmodel_energy accel;
	struct tmodel_sat sat;
	uint64_t now_ns;
	uint64_t checked_bytes;
};

extern const struct engine_ops replay_driver_ops;

/**
 * replay_driver_open - open a replay session and make the buffers
 * @extent_bytes: of both
 *
 * The tiers of the file are online. On failure nothing is left open.
 */
int replay_driver_open(struct replay_driver *d, const struct engine_tierfile *file,
		       const struct layout *layout, uint32_t extent_bytes, uint32_t kv_blocks,
		       const struct policy_options *policy, struct engine_error *e);
void replay_driver_close(struct replay_driver *d);

/**
 * replay_driver_ledger - what the run cost since the weights were sealed
 * @ctx: the driver
 */
int replay_driver_ledger(void *ctx, struct ledger *l, struct engine_error *e);

/* Note what flash tiers were programmed with before the run. */
int replay_driver_begin(struct replay_driver *d, struct engine_error *e);

/* Note statistics, so that the ledger tells what came after. Called when the weights are sealed. */
int replay_driver_mark(struct replay_driver *d, struct engine_error *e);

#endif /* _CLI_REPLAY_DRIVER_H */
