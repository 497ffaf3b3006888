// SPDX-License-Identifier: LGPL-2.1-or-later
#include <terrace/terrace.h>

#include "cli/bringup.h"
#include "cli/commands.h"

static int tier_online(const struct engine_tier *t)
{
	const struct terrace_tier_config config = {
		.name = t->name,
		.backing = t->backing,
		.landing_bytes = t->landing_bytes,
		.landing_session_bytes = t->landing_session_bytes,
		.rank = t->rank,
		.classes = t->classes,
		.profile = t->profile,
	};

	return terrace_tier_online(&config);
}

void bringup_undo(const struct engine_tierfile *file, __u32 n)
{
	while (n--)
		if (terrace_tier_offline(file->tiers[n].name))
			command_failed("%s", terrace_error());
}

int bringup_tiers(const struct engine_tierfile *file)
{
	const struct terrace_device_config config = {
		.scale_shift = file->device.scale_shift,
		.clock_acceleration = file->device.clock_acceleration,
		.accel = file->accel,
	};
	__u32 i;

	if (terrace_device_configure(&config))
		return command_failed("%s", terrace_error());
	for (i = 0; i < file->n_tiers; i++) {
		if (tier_online(&file->tiers[i])) {
			command_failed("%s", terrace_error());
			bringup_undo(file, i);
			return STATUS_FAILED;
		}
	}
	return STATUS_DONE;
}
