/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tier files: which memories a device models, on what they are backed, and the accelerator.
 *
 * INI. Capacities and bandwidths are modelled ones.
 *
 *   [device]       scale (a power of two, 1 to 2^20, default 1), clock_acceleration (1 to 1e6,
 *                  default 1)
 *   [accelerator]  peak_flops, efficiency_permille (1 to 1000, default 1000), idle_watts,
 *                  active_watts (decimals allowed); without the section there is no accelerator
 *   [tier NAME]    profile, backing (mem:NODE, blk:PATH or blk:UUID), rank (unique), classes
 *                  (names with spaces between), landing_bytes (of a blk tier), stacks (default 1),
 *                  and any key of a profile as an override
 *
 * A profile NAME is the first NAME.ini found in $TERRACE_PROFILES (folders with colons between),
 * the tier file's folder, user/profiles of the checkout the program was built in, and the installed
 * share/terrace/profiles. Stacks multiply capacity, bandwidths, channels (to 64 at most), write
 * depth and idle power of the profile; an override is taken as it stands, for all stacks together.
 */
#ifndef _ENGINE_TIERFILE_H
#define _ENGINE_TIERFILE_H

#include <linux/terrace.h>
#include <terrace/model.h>

#include "engine/error.h"
#include "engine/profile.h"

#define ENGINE_BACKING_MAX	256	/* bytes of a backing, with its NUL */

/**
 * struct engine_device - settings of the device
 * @scale: modelled bytes per real byte, a power of two
 * @scale_shift: its logarithm, 0 to 20
 * @clock_acceleration: model seconds per second of the boot clock
 */
struct engine_device {
	__u32 scale;
	__u32 scale_shift;
	__u32 clock_acceleration;
};

/**
 * struct engine_tier - one tier
 * @name: letters, digits, '-' and '_'
 * @profile_name: name of the profile file, without .ini
 * @backing: "mem:NODE", "blk:PATH" or "blk:UUID", as terrace_tier_online() takes it
 * @landing_bytes: of a blk tier; 0 = the kernel's default
 * @landing_session_bytes: of it, for one session; 0 = all
 * @rank: 0 = fastest; unique in the file
 * @classes: bit c is set when class c (enum terrace_class) may live there; never 0
 * @stacks: 1 to 1024
 * @profile: stacks and overrides applied; passes tmodel_profile_check()
 */
struct engine_tier {
	char name[TERRACE_NAME_MAX];
	char profile_name[ENGINE_PROFILE_NAME_MAX];
	char backing[ENGINE_BACKING_MAX];
	__u32 rank;
	__u32 classes;
	__u32 stacks;
	__u64 landing_bytes;
	__u64 landing_session_bytes;
	struct tmodel_profile profile;
};

/**
 * struct engine_tierfile - a tier file
 * @device: settings of the device
 * @accel: the accelerator; peak_flops 0 when the file has none
 * @n_tiers: 1 to TMODEL_TIERS_MAX
 * @tiers: in the order of their ranks
 */
struct engine_tierfile {
	struct engine_device device;
	struct tmodel_accel accel;
	__u32 n_tiers;
	struct engine_tier tiers[TMODEL_TIERS_MAX];
};

/**
 * engine_tierfile_read - read a tier file and the profiles it names
 * @path: the file
 * @out: filled when 0 is returned, undefined otherwise; holds no memory of its own
 * @e: set when an error is returned: file, line where there is one, value, limit and remedy
 *
 * Return: 0; -ENOENT the file or a profile is missing; -EINVAL it is malformed; other negative
 * errno values of open(2) and read(2).
 */
int engine_tierfile_read(const char *path, struct engine_tierfile *out, struct engine_error *e);

#endif /* _ENGINE_TIERFILE_H */
