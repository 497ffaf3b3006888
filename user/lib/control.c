// SPDX-License-Identifier: LGPL-2.1-or-later
/* Control: tiers and device settings through configfs. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backing.h"
#include "internal.h"

#define CONTROL		"/sys/kernel/config/terrace"
#define PATH_BYTES	256

static int control_check(void)
{
	if (!access(CONTROL, F_OK))
		return 0;
	return error_set(-ENODEV, CONTROL " is not there: load the module ('modprobe terrace' or 'make load') and mount configfs on /sys/kernel/config");
}

static int write_value(const char *dir, const char *key, const char *value)
{
	char path[PATH_BYTES];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, key);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(-errno, "cannot open %s: %s", path,
				 errno == EACCES ? "run as root" : strerror(errno));
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	if (err == -ERANGE)
		err = -EINVAL;
	return err ? error_set(err, "%s does not take \"%s\": %s", path, value, strerror(-err)) : 0;
}

static int write_u64(const char *dir, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return write_value(dir, key, text);
}

static uint32_t read_scale_shift(void)
{
	int fd = open(CONTROL "/scale_shift", O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtoul(text, NULL, 10);
}

int terrace_device_configure(const struct terrace_device_config *c)
{
	const struct {
		const char *key;
		uint64_t value;
	} values[] = {
		{ "scale_shift", c->scale_shift },
		{ "clock_acceleration", c->clock_acceleration },
		{ "accel_peak_flops", c->accel.peak_flops },
		{ "accel_efficiency_permille", c->accel.efficiency_permille },
		{ "accel_idle_uw", c->accel.idle_uw },
		{ "accel_active_uw", c->accel.active_uw },
	};
	size_t i;
	int err = control_check();

	for (i = 0; !err && i < sizeof(values) / sizeof(values[0]); i++) {
		err = write_u64(CONTROL, values[i].key, values[i].value);
		if (err == -EBUSY)
			error_set(err, "cannot set %s while a tier is online: take them offline with 'terrace tier unload' first",
				  values[i].key);
	}
	return err;
}

static int tier_write_classes(const char *dir, uint32_t classes)
{
	char text[128] = "";
	size_t used = 0;
	uint32_t i;

	for (i = 0; i < TERRACE_CLASSES; i++)
		if (classes & (1U << i))
			used += snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "",
					 terrace_class_name(i));
	return write_value(dir, "classes", text);
}

static const struct profile_field {
	const char *name;
	size_t offset;
	__u64 low;
	__u64 high;
	__u64 initial;
} profile_fields[] = {
#define PROFILE_FIELD(_name, _low, _high, _default)					\
	{ #_name, offsetof(struct tmodel_profile, _name), _low, _high, _default },
	TMODEL_PROFILE_FIELDS(PROFILE_FIELD)
};

static int tier_write_profile(const char *dir, const struct terrace_tier_config *c)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(profile_fields) / sizeof(profile_fields[0]); i++) {
		const struct profile_field *f = &profile_fields[i];
		__u64 value = *(const __u64 *)((const char *)&c->profile + f->offset);

		if (value < f->low || value > f->high)
			return error_set(-EINVAL, "%s of tier %s is %llu, not %llu to %llu",
					 f->name, c->name, value, f->low, f->high);
		if (value != f->initial) /* which a new directory has */
			err = write_u64(dir, f->name, value);
	}
	return err;
}

static int capacity_error(const struct terrace_tier_config *c)
{
	const char *device = c->backing + 4;
	uint32_t shift = read_scale_shift();

	return error_set(-EFBIG, "tier %s cannot come online: its capacity of %llu bytes divided by the scale of %llu is %llu, %s has room for %llu, less what was retired; state a smaller capacity or use a larger device",
			 c->name, c->profile.capacity_bytes, 1ULL << shift,
			 c->profile.capacity_bytes >> shift, device,
			 (unsigned long long)media_room(device));
}

static int online_error(int err, const struct terrace_tier_config *c)
{
	switch (err) {
	case -EBUSY:
		return error_set(err, "tier %s cannot come online: rank %u is taken by another tier",
				 c->name, c->rank);
	case -ENODEV:
		return error_set(err, "tier %s cannot come online: backing %s names no NUMA node with memory; see 'numactl -H'",
				 c->name, c->backing);
	case -ENOSPC:
		return error_set(err, "tier %s cannot come online: %d tiers are, the most there can be",
				 c->name, TERRACE_TIERS_MAX);
	case -ENOTBLK:
	case -ENOENT:
		return error_set(err, "tier %s cannot come online: %s names no block device",
				 c->name, c->backing);
	case -ENODATA:
		return error_set(err, "tier %s cannot come online: %s was never formatted; see 'terrace tier format --help'",
				 c->name, c->backing + 4);
	case -EUCLEAN:
		return error_set(err, "tier %s cannot come online: superblock or wear table of %s is broken; restore it, or format it and lose the wear",
				 c->name, c->backing + 4);
	case -ESTALE:
		return error_set(err, "tier %s cannot come online: %s has another size than when it was formatted",
				 c->name, c->backing + 4);
	case -ETXTBSY:
		return error_set(err, "tier %s cannot come online: %s is in use; unmount it or take its holder down",
				 c->name, c->backing + 4);
	case -EROFS:
		return error_set(err, "tier %s cannot come online: %s is read-only", c->name,
				 c->backing + 4);
	case -EFBIG:
		return capacity_error(c);
	case -EIO:
		return error_set(err, "tier %s cannot come online: %s cannot be read or written (%s); see the kernel's log, and replace it",
				 c->name, c->backing + 4, strerror(EIO));
	case -EINVAL:
		return error_set(err, "tier %s cannot come online: its profile is not usable or its capacity divided by the scale is less than a page",
				 c->name);
	default:
		return err;
	}
}

static int tier_fill(const char *dir, const struct terrace_tier_config *c)
{
	int err;

	err = write_value(dir, "backing", c->backing);
	if (!err && c->landing_bytes)
		err = write_u64(dir, "landing_bytes", c->landing_bytes);
	if (!err && c->landing_session_bytes)
		err = write_u64(dir, "landing_session_bytes", c->landing_session_bytes);
	if (!err)
		err = write_u64(dir, "rank", c->rank);
	if (!err)
		err = tier_write_classes(dir, c->classes);
	if (!err)
		err = tier_write_profile(dir, c);
	if (err)
		return err;
	err = write_value(dir, "online", "1");
	return err ? online_error(err, c) : 0;
}

static void tier_dir(char dir[PATH_BYTES], const char *name)
{
	snprintf(dir, PATH_BYTES, CONTROL "/tiers/%s", name);
}

/* The name becomes a path: only what the kernel allows, so that it cannot lead elsewhere. */
int tier_name_check(const char *name)
{
	size_t n = strlen(name);

	if (n && n < TERRACE_NAME_MAX &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n)
		return 0;
	return error_set(-EINVAL, "\"%s\" is not a tier name: 1 to %d characters of a-z, 0-9, '-' and '_'",
			 name, TERRACE_NAME_MAX - 1);
}

static int config_check(const struct terrace_tier_config *c)
{
	int err = tier_name_check(c->name);

	if (err)
		return err;
	if (!backing_valid(c->backing))
		return error_set(-EINVAL, "backing \"%s\" of tier %s is neither mem:NODE nor blk:PATH nor blk:UUID: name a NUMA node or a block device",
				 c->backing, c->name);
	if (!c->classes || c->classes >> TERRACE_CLASSES)
		return error_set(-EINVAL, "classes %#x of tier %s are not some of the bits 0 to %d: allow at least one class",
				 c->classes, c->name, TERRACE_CLASSES - 1);
	return 0;
}

static int tier_make(const struct terrace_tier_config *c)
{
	char dir[PATH_BYTES];
	int err;

	tier_dir(dir, c->name);
	if (mkdir(dir, 0755)) {
		if (errno == EEXIST)
			return error_set(-EEXIST, "there is a tier %s: unload it first", c->name);
		return error_set(-errno, "cannot make %s: %s", dir,
				 errno == EACCES ? "run as root" : strerror(errno));
	}
	err = tier_fill(dir, c);
	if (err)
		rmdir(dir);
	return err;
}

int terrace_tier_online(const struct terrace_tier_config *c)
{
	struct terrace_tier_config resolved = *c;
	char device[BACKING_MAX];
	int err;

	err = control_check();
	if (!err)
		err = config_check(c);
	if (!err && backing_is_uuid(c->backing)) {
		err = backing_find(c->name, c->backing, device);
		resolved.backing = device;
	}
	return err ? err : tier_make(&resolved);
}

int terrace_tier_offline(const char *name)
{
	char dir[PATH_BYTES];
	int err;

	err = control_check();
	if (!err)
		err = tier_name_check(name);
	if (err)
		return err;
	tier_dir(dir, name);
	if (access(dir, F_OK))
		return error_set(-ENOENT, "there is no tier %s; see 'terrace tier list'", name);
	err = write_value(dir, "online", "0");
	if (err == -EAGAIN)
		return error_set(err, "tier %s cannot go offline: what it holds would go to a tier whose write budget is used up; free its buffers first, or wait: it fills up in a model day",
				 name);
	if (err == -ENODEV || err == -EIO || err == -EBADMSG || err == -ENODATA)
		return error_set(err, "tier %s cannot go offline: something it holds cannot be read any more (%s); discard that or free its buffers first, see 'terrace buffers'",
				 name, strerror(-err));
	if (err == -EBUSY || err == -ENOSPC || err == -EXDEV)
		return error_set(-EBUSY, "tier %s cannot go offline: what it holds fits on no other tier or is pinned; free its buffers first, see 'terrace buffers'",
				 name);
	if (err)
		return err;
	if (rmdir(dir))
		return error_set(-errno, "cannot remove %s: %s", dir, strerror(errno));
	return 0;
}
