/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tiers most guest tests use: fast on node 0, slow on node 1. */
#ifndef _SELFTESTS_TIERS_H
#define _SELFTESTS_TIERS_H

#include <terrace/terrace.h>

#define MIB		(1ULL << 20)
#define EXTENT		(2 * MIB)

#define ALL_CLASSES	((1U << TERRACE_CLASSES) - 1)

/**
 * struct tiers_config - what the two tiers are
 * @fast_bytes, @slow_bytes: real capacity
 * @fast_classes, @slow_classes: bits of classes
 * @scale_shift: of the device
 * @slow_device: block device that slow is on; NULL = node 1
 * @slow_kept: it is not formatted anew
 * @landing_bytes, @landing_session_bytes: with it
 * @slow_life: endurance, lifetime, retention and read disturb of slow; the rest is ignored
 */
struct tiers_config {
	uint64_t fast_bytes;
	uint64_t slow_bytes;
	uint32_t fast_classes;
	uint32_t slow_classes;
	uint32_t scale_shift;
	const char *slow_device;
	bool slow_kept;
	uint64_t landing_bytes;
	uint64_t landing_session_bytes;
	struct tmodel_profile slow_life;
};

/* Bring "fast" (rank 0, mem:0) and "slow" (rank 1, mem:1) online; 0 or a negative errno. */
int tiers_up(const struct tiers_config *config);

/* 64 MiB and 256 MiB, all classes, scale 1. */
int tiers_up_default(void);

/*
 * Bring a flash tier of all classes online beside the others; the device has a format. 0 or a
 * negative errno.
 */
int tiers_flash_up(const char *name, uint32_t rank, const char *device, uint64_t bytes,
		   uint64_t landing_bytes);

/* terrace tier format DEVICE --overwrite DEVICE; 0 or another number. */
int tiers_format(const char *device);

/* Take both down; what cannot go is reported on standard output as TAP comment. */
void tiers_down(void);

/* A buffer of weights all on one tier; @extent 0 = 2 MiB. 0 or a negative errno. */
int tiers_weights(struct terrace_session *s, uint64_t bytes, uint32_t extent, int tier,
		  struct terrace_buffer **b);

/* A number in /sys/class/misc/terrace/tiers/TIER/FILE, or -1. */
long long tiers_value(const char *tier, const char *file);

/* Write a module parameter; 0 or a negative errno. */
int module_parameter(const char *name, unsigned int value);

#endif /* _SELFTESTS_TIERS_H */
