/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ledger: what a run moved, by tier and class, and what that cost in energy and wear.
 *
 * Filled by whoever drives the engine: from the device's ledger and statistics, or from the model.
 * All bytes are modelled bytes, but for those named real; energy is in microjoules. Everything
 * counts from the moment the weights were sealed; what loading them wrote stands apart. What was
 * really programmed to flash counts from the beginning: when a byte is sealed and when it gets
 * there are two things.
 */
#ifndef _ENGINE_LEDGER_H
#define _ENGINE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/terrace.h>
#include <terrace/model.h>

#include "engine/tierfile.h"

/**
 * struct ledger_tier - one tier
 * @name: NUL terminated
 * @rank: 0 = fastest
 * @capacity_bytes: modelled
 * @read_bps: modelled peak
 * @class: by class: bytes read, written, moved in and out by migrations, energy of accesses
 * @busy_ns: model time it was busy
 * @migration_uj: energy of migrations at this tier
 * @idle_uj: energy of its idle power over the run
 * @load_bytes: bytes written to it while the weights were loaded
 * @wears: its endurance is limited; only then the rest is meant
 * @host_bytes: bytes written to it by accesses and migrations
 * @media_bytes: bytes programmed
 * @cycles_milli: mean P/E cycles used, in thousandths
 * @lifetime: at the rate of the run
 * @flash: its backing is a block device; only then the rest is meant
 * @real_sealed_bytes: real bytes of sealed extents that live on it at the end of the run
 * @real_programmed_bytes: real bytes programmed to its device during the run, load included
 */
struct ledger_tier {
	char name[TERRACE_NAME_MAX];
	uint32_t rank;
	uint64_t capacity_bytes;
	uint64_t read_bps;
	struct terrace_ledger_entry class[TERRACE_CLASSES];
	uint64_t busy_ns;
	uint64_t migration_uj;
	uint64_t idle_uj;
	uint64_t load_bytes;
	bool wears;
	uint64_t host_bytes;
	uint64_t media_bytes;
	uint64_t cycles_milli;
	struct tmodel_lifetime lifetime;
	bool flash;
	uint64_t real_sealed_bytes;
	uint64_t real_programmed_bytes;
};

/**
 * struct ledger - all tiers
 * @charging: TERRACE_CHARGING_
 * @simulated: made by the model alone: no byte was really moved
 * @tiers: @n_tiers tiers, by rank
 * @accel_uj: energy of the accelerator
 * @migrations: extents moved
 * @saturations: model results that met the largest u64
 * @real_checked_bytes: real bytes read and found to be what was written; 0 when simulated
 */
struct ledger {
	uint32_t charging;
	bool simulated;
	uint32_t n_tiers;
	struct ledger_tier tiers[TERRACE_TIERS_MAX];
	uint64_t accel_uj;
	uint64_t migrations;
	uint64_t saturations;
	uint64_t real_checked_bytes;
};

/**
 * struct ledger_count - what was counted of a tier up to now
 * @class: by class, as of the session's ledger
 * @energy_uj: of the tier, accesses and migrations
 * @host_bytes, @media_bytes, @cycles_milli: wear since the tier came online
 */
struct ledger_count {
	struct terrace_ledger_entry class[TERRACE_CLASSES];
	uint64_t energy_uj;
	uint64_t host_bytes;
	uint64_t media_bytes;
	uint64_t cycles_milli;
};

/**
 * ledger_tier_fill - a tier from what was counted when the weights were sealed, and now
 * @l: but for @busy_ns and what is of flash
 * @ran_ns: model time between them
 */
void ledger_tier_fill(struct ledger_tier *l, const struct engine_tier *t,
		      const struct ledger_count *sealed, const struct ledger_count *now,
		      uint64_t ran_ns, struct tmodel_sat *sat);

/**
 * ledger_charging_name - "declared", "observed", "sampled"
 */
const char *ledger_charging_name(uint32_t charging);

/**
 * ledger_served_bytes - bytes read and written by accesses on a tier, without migrations
 */
uint64_t ledger_served_bytes(const struct ledger_tier *t);

/**
 * ledger_rank0_share - part of all served bytes that the tier of the lowest rank served, 0 to 1
 *
 * 0 when nothing was served.
 */
double ledger_rank0_share(const struct ledger *l);

/**
 * ledger_memory_uj - energy of all tiers: accesses, migrations and idle power
 */
uint64_t ledger_memory_uj(const struct ledger *l);

/**
 * ledger_flash_bytes - bytes programmed into tiers of limited endurance
 */
uint64_t ledger_flash_bytes(const struct ledger *l);

/**
 * ledger_moved_bytes - bytes that migrations brought into tiers
 */
uint64_t ledger_moved_bytes(const struct ledger *l);

#endif /* _ENGINE_LEDGER_H */
