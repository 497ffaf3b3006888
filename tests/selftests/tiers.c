// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tiers.h"

static void profile_of(struct tmodel_profile *p, uint64_t capacity, uint64_t bps)
{
	*p = (struct tmodel_profile) {
		.capacity_bytes = capacity,
		.read_bps = bps,
		.write_bps = bps,
		.read_latency_ns = 100,
		.write_latency_ns = 100,
		.read_granule_bytes = 64,
		.write_granule_bytes = 64,
		.channels = 8,
		.read_fj_per_bit = 3000,
		.write_fj_per_bit = 3000,
		.idle_uw = 5000000,
		.waf_permille = 1000,
	};
}

int tiers_format(const char *device)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		execlp("terrace", "terrace", "tier", "format", device, "--overwrite", device, NULL);
		_exit(127);
	}
	return child < 0 || waitpid(child, &status, 0) != child || status;
}

int tiers_up(const struct tiers_config *c)
{
	struct terrace_device_config device = {
		.scale_shift = c->scale_shift,
		.clock_acceleration = 1,
		.accel = { .efficiency_permille = 1000 },
	};
	struct terrace_tier_config fast = {
		.name = "fast", .backing = "mem:0", .rank = 0, .classes = c->fast_classes,
	};
	struct terrace_tier_config slow = {
		.name = "slow", .backing = "mem:1", .rank = 1, .classes = c->slow_classes,
	};
	char text[300];
	int err;

	if (c->slow_device) {
		if (!c->slow_kept && tiers_format(c->slow_device))
			return -EIO;
		snprintf(text, sizeof(text), "blk:%s", c->slow_device);
		slow.backing = text;
		slow.landing_bytes = c->landing_bytes;
		slow.landing_session_bytes = c->landing_session_bytes;
	}
	profile_of(&fast.profile, c->fast_bytes << c->scale_shift, 1000000000000ULL);
	profile_of(&slow.profile, c->slow_bytes << c->scale_shift, 100000000000ULL);
	slow.profile.endurance_cycles = c->slow_life.endurance_cycles;
	slow.profile.lifetime_s = c->slow_life.lifetime_s;
	slow.profile.retention_s = c->slow_life.retention_s;
	slow.profile.read_disturb_reads = c->slow_life.read_disturb_reads;
	err = terrace_device_configure(&device);
	if (!err)
		err = terrace_tier_online(&fast);
	if (!err)
		err = terrace_tier_online(&slow);
	if (err)
		printf("# %s\n", terrace_error());
	return err;
}

int tiers_flash_up(const char *name, uint32_t rank, const char *device, uint64_t bytes,
		   uint64_t landing_bytes)
{
	struct terrace_tier_config flash = {
		.name = name, .rank = rank, .classes = ALL_CLASSES, .landing_bytes = landing_bytes,
	};
	char text[300];
	int err;

	snprintf(text, sizeof(text), "blk:%s", device);
	flash.backing = text;
	profile_of(&flash.profile, bytes, 100000000000ULL);
	err = terrace_tier_online(&flash);
	if (err)
		printf("# %s\n", terrace_error());
	return err;
}

int tiers_up_default(void)
{
	const struct tiers_config config = {
		.fast_bytes = 64 * MIB,
		.slow_bytes = 256 * MIB,
		.fast_classes = ALL_CLASSES,
		.slow_classes = ALL_CLASSES,
	};

	return tiers_up(&config);
}

void tiers_down(void)
{
	if (terrace_tier_offline("fast"))
		printf("# %s\n", terrace_error());
	if (terrace_tier_offline("slow"))
		printf("# %s\n", terrace_error());
}

int tiers_weights(struct terrace_session *s, uint64_t bytes, uint32_t extent, int tier,
		  struct terrace_buffer **b)
{
	const struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS, .extent_bytes = extent, .tier = tier,
		.strict = true,
	};

	return terrace_buffer_create(s, bytes, &o, b);
}

long long tiers_value(const char *tier, const char *file)
{
	char path[256];
	long long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/misc/terrace/tiers/%s/%s", tier, file);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%lld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

int module_parameter(const char *name, unsigned int value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/terrace/parameters/%s", name);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	fprintf(f, "%u\n", value);
	return fclose(f) ? -errno : 0;
}
