// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tiers as a session sees them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static int tier_read(struct terrace_session *s, uint32_t tier, struct terrace_tier_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	info->tier = tier;
	return device_call(s->fd, TERRACE_IOC_TIER, info);
}

int terrace_tier_get(struct terrace_session *s, uint32_t tier, struct terrace_tier_info *info)
{
	int err = tier_read(s, tier, info);

	if (err == -ENXIO)
		return error_set(err, "tier %u is not online: load a tier file with 'terrace tier load FILE'",
				 tier);
	return err ? error_set(err, "cannot ask for tier %u of 0 to %u: %s", tier,
			       TERRACE_TIERS_MAX - 1, strerror(-err)) : 0;
}

int terrace_tier_find(struct terrace_session *s, const char *name)
{
	char names[256] = "";
	size_t used = 0;
	uint32_t i;

	for (i = 0; i < TERRACE_TIERS_MAX; i++) {
		struct terrace_tier_info info;

		if (tier_read(s, i, &info))
			continue;
		if (!strcmp(info.name, name))
			return i;
		if (used < sizeof(names))
			used += snprintf(names + used, sizeof(names) - used, "%s%s",
					 used ? ", " : "", info.name);
	}
	if (!used)
		return error_set(-ENXIO, "tier \"%s\" is not online, no tier is: load a tier file with 'terrace tier load FILE'",
				 name);
	return error_set(-ENXIO, "tier \"%s\" is not online; online are %s", name, names);
}

const char *tier_label(struct terrace_session *s, uint32_t tier, char label[TERRACE_NAME_MAX])
{
	struct terrace_tier_info info;

	if (tier == TERRACE_TIER_ANY)
		return "any tier";
	if (tier_read(s, tier, &info))
		snprintf(label, TERRACE_NAME_MAX, "tier %u", tier);
	else
		memcpy(label, info.name, TERRACE_NAME_MAX);
	return label;
}
