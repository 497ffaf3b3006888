// SPDX-License-Identifier: LGPL-2.1-or-later
/* Bringing tiers up, adopting those that are. */
#include "daemon/tiers.h"

#include <errno.h>
#include <string.h>

#include "daemon/log.h"

static int tiers_find(const struct terrace_tier_info *online, __u32 n, const char *name)
{
	for (__u32 i = 0; i < n; i++)
		if (!strcmp(online[i].name, name))
			return i;
	return -1;
}

static void warn_different(const struct engine_tier *want, const struct terrace_tier_info *is)
{
	if (want->rank != is->rank)
		log_line(LOG_WARNING, "tier %s is online with rank %u, the tier file says %u: it is used as it is until it is taken offline",
			 want->name, is->rank, want->rank);
	if (want->classes != is->classes)
		log_line(LOG_WARNING, "tier %s is online for other classes (%#x) than the tier file says (%#x): it is used as it is until it is taken offline",
			 want->name, is->classes, want->classes);
	if (want->profile.capacity_bytes != is->model_capacity_bytes)
		log_line(LOG_WARNING, "tier %s is online with a modelled capacity of %llu bytes, the tier file says %llu: it is used as it is until it is taken offline",
			 want->name, is->model_capacity_bytes, want->profile.capacity_bytes);
}

static int tier_up(const struct engine_tier *want, struct engine_error *e)
{
	struct terrace_tier_config config = {
		.name = want->name,
		.backing = want->backing,
		.landing_bytes = want->landing_bytes,
		.landing_session_bytes = want->landing_session_bytes,
		.rank = want->rank,
		.classes = want->classes,
		.profile = want->profile,
	};
	int err = terrace_tier_online(&config);

	if (err) {
		engine_error_set(e, "%s", terrace_error()); /* which names the tier */
		return err;
	}
	log_line(LOG_INFO, "tier %s is online", want->name);
	return 0;
}

static int device_up(const struct engine_tierfile *file, struct engine_error *e)
{
	struct terrace_device_config config = {
		.scale_shift = file->device.scale_shift,
		.clock_acceleration = file->device.clock_acceleration,
		.accel = file->accel,
	};
	int err = terrace_device_configure(&config);

	if (err)
		engine_error_set(e, "the device cannot be set up: %s", terrace_error());
	return err;
}

/* Return: number of tiers online, their infos one after another. */
static int tiers_online(struct terrace_session *s, struct terrace_tier_info *infos,
			struct terrace_info *device, struct engine_error *e)
{
	int err, n = 0;

	err = terrace_session_info(s, device);
	if (err) {
		engine_error_set(e, "the device cannot be asked: %s", terrace_error());
		return err;
	}
	for (__u32 i = 0; i < TERRACE_TIERS_MAX; i++)
		if (device->tiers & 1U << i && !terrace_tier_get(s, i, &infos[n]))
			n++;
	return n;
}

int tiers_up(const struct engine_tierfile *file, struct terrace_session *s,
	     struct engine_error *e)
{
	struct terrace_tier_info online[TERRACE_TIERS_MAX];
	struct terrace_info device;
	int err, n, at;

	n = tiers_online(s, online, &device, e);
	if (n < 0)
		return n;
	if (!n) {
		err = device_up(file, e);
		if (err)
			return err;
	} else if (device.scale_shift != file->device.scale_shift) {
		log_line(LOG_WARNING, "the device's scale is %u, the tier file says %u: it stays until all tiers are taken offline",
			 1U << device.scale_shift, file->device.scale);
	}
	for (__u32 i = 0; i < file->n_tiers; i++) {
		at = tiers_find(online, n, file->tiers[i].name);
		if (at >= 0) {
			log_line(LOG_INFO, "tier %s is online already", file->tiers[i].name);
			warn_different(&file->tiers[i], &online[at]);
			continue;
		}
		err = tier_up(&file->tiers[i], e);
		if (err)
			return err;
	}
	return 0;
}

int tiers_look(struct terrace_session *s, struct policy_tier out[TERRACE_TIERS_MAX],
	       struct engine_error *e)
{
	struct terrace_tier_info infos[TERRACE_TIERS_MAX] = { 0 };
	struct terrace_info device;
	int n = tiers_online(s, infos, &device, e);

	memset(out, 0, TERRACE_TIERS_MAX * sizeof(*out));
	for (int i = 0; i < n; i++) {
		const struct terrace_tier_info *t = &infos[i];

		out[t->tier] = (struct policy_tier){
			.online = true,
			.rank = t->rank,
			.classes = t->classes,
			.capacity_bytes = t->capacity_bytes,
			.free_bytes = t->used_bytes < t->capacity_bytes ?
				      t->capacity_bytes - t->used_bytes : 0,
			.read_bps = t->model_read_bps,
			.endurance_cycles = t->endurance_cycles,
			.write_limited = true,
		};
		for (__u32 c = 0; c < TERRACE_CLASSES; c++)
			out[t->tier].write_left_bytes[c] =
				t->model_write_left_bytes[c] >> device.scale_shift;
	}
	return n;
}
