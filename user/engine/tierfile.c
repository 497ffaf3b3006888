// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading tier files and the profiles that they name. */
#include "engine/tierfile.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "engine/inifile.h"

#define SCALE_MAX		1048576
#define ACCELERATION_MAX	1000000
#define STACKS_MAX		1024
#define LANDING_MIN	(2ULL << 20)	/* the largest extent */
#define LANDING_MAX	(1ULL << 40)
#define RANK_MAX		65535
#define NODE_MAX		1023
#define REAL_CAPACITY_MIN	4096
#define POWER_MAX_UW		1000000000000ULL	/* 1 MW */
#define FLOPS_MAX		1000000000000000000ULL

/* What a [tier NAME] section says before its profile is known. */
struct tier_section {
	unsigned int line;
	unsigned int rank_line;
	unsigned int given;	/* bits of keys that nothing else remembers */
	struct {
		bool given;
		uint64_t value;
	} overrides[ENGINE_PROFILE_FIELDS];
};

struct tier_reader {
	struct engine_tierfile *out;
	struct tier_section sections[TMODEL_TIERS_MAX];
	/* Tier of the section that the last entry was in; n_tiers: none. */
	__u32 current;
	unsigned int device_given;
	unsigned int accel_given;
};

static const char *const class_names[TERRACE_CLASSES] = {
	[TERRACE_CLASS_WEIGHTS] = "weights",
	[TERRACE_CLASS_KV] = "kv",
	[TERRACE_CLASS_CONTEXT] = "context",
	[TERRACE_CLASS_ACTIVATION] = "activation",
};

/* Remember that a key was given; @bit is its own one of @given. */
static int once(struct engine_ini *ini, unsigned int *given, unsigned int bit, const char *key)
{
	if (*given >> bit & 1)
		return engine_ini_fail(ini, "%s is given a second time: remove one", key);
	*given |= 1U << bit;
	return 0;
}

static int device_entry(struct engine_ini *ini, struct tier_reader *r, const char *key,
			const char *value)
{
	struct engine_device *device = &r->out->device;
	static const char *const names[] = { "scale", "clock_acceleration" };
	uint64_t number = 0;
	int status;

	if (!strcmp(key, "scale")) {
		if (once(ini, &r->device_given, 0, key))
			return -EINVAL;
		status = engine_ini_number(ini, key, value, 0, 1, SCALE_MAX, &number);
		if (!status && number & (number - 1))
			status = engine_ini_fail(ini, "scale is %s: take a power of two", value);
		device->scale = number;
		device->scale_shift = __builtin_ctz(device->scale | SCALE_MAX);
		return status;
	}
	if (!strcmp(key, "clock_acceleration")) {
		if (once(ini, &r->device_given, 1, key))
			return -EINVAL;
		status = engine_ini_number(ini, key, value, 0, 1, ACCELERATION_MAX, &number);
		device->clock_acceleration = number;
		return status;
	}
	return engine_ini_fail(ini, "[device] has no key '%s'; the nearest one is '%s'", key,
			       engine_nearest(key, names, 2));
}

static int accel_entry(struct engine_ini *ini, struct tier_reader *r, const char *key,
		       const char *value)
{
	struct tmodel_accel *accel = &r->out->accel;
	const struct {
		const char *name;
		int shift;
		uint64_t lowest, highest;
		__u64 *to;
	} keys[] = {
		{ "peak_flops", 0, 1, FLOPS_MAX, &accel->peak_flops },
		{ "efficiency_permille", 0, 1, 1000, &accel->efficiency_permille },
		{ "idle_watts", 6, 0, POWER_MAX_UW, &accel->idle_uw },
		{ "active_watts", 6, 0, POWER_MAX_UW, &accel->active_uw },
	};
	const char *names[4];
	uint64_t number = 0;
	int status;

	for (size_t i = 0; i < 4; i++) {
		names[i] = keys[i].name;
		if (strcmp(key, keys[i].name))
			continue;
		if (once(ini, &r->accel_given, i, key))
			return -EINVAL;
		status = engine_ini_number(ini, key, value, keys[i].shift, keys[i].lowest,
					   keys[i].highest, &number);
		if (!status)
			*keys[i].to = number;
		return status;
	}
	return engine_ini_fail(ini, "[accelerator] has no key '%s'; the nearest one is '%s'", key,
			       engine_nearest(key, names, 4));
}

static bool name_valid(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-_", name[i]))
			return false;
	return i > 0 && i < TERRACE_NAME_MAX;
}

/* Find the tier of a section, or begin it. */
static int tier_select(struct engine_ini *ini, struct tier_reader *r, const char *name)
{
	struct engine_tierfile *out = r->out;
	__u32 i;

	if (r->current < out->n_tiers && !strcmp(out->tiers[r->current].name, name))
		return 0;
	for (i = 0; i < out->n_tiers; i++)
		if (!strcmp(out->tiers[i].name, name))
			return engine_ini_fail(ini, "there are two tiers %s: rename one", name);
	if (!name_valid(name))
		return engine_ini_fail(ini, "name '%s': take 1 to %d letters, digits, '-', '_'",
				       name, TERRACE_NAME_MAX - 1);
	if (out->n_tiers == TMODEL_TIERS_MAX)
		return engine_ini_fail(ini, "tier %s is too many: %d are the most", name,
				       TMODEL_TIERS_MAX);
	r->current = out->n_tiers++;
	r->sections[r->current].line = ini->line;
	out->tiers[r->current].stacks = 1;
	memcpy(out->tiers[r->current].name, name, strlen(name) + 1);
	return 0;
}

static int tier_text(struct engine_ini *ini, const char *key, const char *value, char *to,
		     size_t size)
{
	size_t length = strlen(value);

	if (*to)
		return engine_ini_fail(ini, "%s is given a second time: remove one", key);
	if (!length || length >= size)
		return engine_ini_fail(ini, "%s has %zu characters: it must have 1 to %zu", key,
				       length, size - 1);
	memcpy(to, value, length + 1);
	return 0;
}

static int tier_profile(struct engine_ini *ini, struct engine_tier *tier, const char *value)
{
	if (strchr(value, '/') || *value == '.')
		return engine_ini_fail(ini, "profile is '%s': write a name without folder and .ini",
				       value);
	return tier_text(ini, "profile", value, tier->profile_name, sizeof(tier->profile_name));
}

/* Of a block device: an absolute path, or the UUID of its format, which the library looks up. */
static bool device_valid(const char *device)
{
	uuid_t uuid;

	return *device == '/' || !uuid_parse(device, uuid);
}

static int tier_backing(struct engine_ini *ini, struct engine_tier *tier, const char *value)
{
	uint64_t node;

	if (!strncmp(value, "mem:", 4)) {
		if (engine_ini_number(ini, "the node of backing", value + 4, 0, 0, NODE_MAX, &node))
			return -EINVAL;
	} else if (strncmp(value, "blk:", 4) || !device_valid(value + 4)) {
		return engine_ini_fail(ini, "backing is '%s': write mem:NODE, blk:PATH (absolute) or blk:UUID (as 'terrace tier format' said it)",
				       value);
	}
	return tier_text(ini, "backing", value, tier->backing, sizeof(tier->backing));
}

static int tier_class(struct engine_ini *ini, struct engine_tier *tier, const char *name)
{
	for (__u32 i = 0; i < TERRACE_CLASSES; i++) {
		if (strcmp(name, class_names[i]))
			continue;
		tier->classes |= 1U << i;
		return 0;
	}
	return engine_ini_fail(ini, "there is no class '%s'; the nearest one is '%s'", name,
			       engine_nearest(name, class_names, TERRACE_CLASSES));
}

static int tier_classes(struct engine_ini *ini, struct engine_tier *tier, const char *value)
{
	char words[ENGINE_BACKING_MAX] = "";
	char *rest = words;
	char *word;

	if (tier->classes)
		return engine_ini_fail(ini, "classes is given a second time: remove one");
	if (tier_text(ini, "classes", value, words, sizeof(words)))
		return -EINVAL;
	while ((word = strsep(&rest, " \t")))
		if (*word && tier_class(ini, tier, word))
			return -EINVAL;
	return 0;
}

static int tier_rank(struct engine_ini *ini, struct tier_reader *r, const char *value)
{
	struct engine_tier *tier = &r->out->tiers[r->current];
	uint64_t rank;
	__u32 i;

	if (r->sections[r->current].rank_line)
		return engine_ini_fail(ini, "rank is given a second time: remove one");
	if (engine_ini_number(ini, "rank", value, 0, 0, RANK_MAX, &rank))
		return -EINVAL;
	for (i = 0; i < r->out->n_tiers; i++)
		if (r->sections[i].rank_line && r->out->tiers[i].rank == rank)
			return engine_ini_fail(ini, "tiers %s and %s both have rank %s: change one",
					       r->out->tiers[i].name, tier->name, value);
	r->sections[r->current].rank_line = ini->line;
	tier->rank = rank;
	return 0;
}

static int tier_override(struct engine_ini *ini, struct tier_section *section, const char *key,
			 const char *value)
{
	enum { OTHERS = 7 };
	static const char *const others[OTHERS] = { "profile", "backing", "rank", "classes", "stacks",
					      "landing_bytes", "landing_session_bytes" };
	const struct engine_profile_field *field = engine_profile_find(key);
	const char *names[ENGINE_PROFILE_FIELDS + OTHERS];

	if (field && section->overrides[field->index].given)
		return engine_ini_fail(ini, "%s is given a second time: remove one", key);
	if (field) {
		section->overrides[field->index].given = true;
		return engine_ini_number(ini, key, value, 0, field->lowest, field->highest,
					 &section->overrides[field->index].value);
	}
	for (size_t i = 0; i < OTHERS; i++)
		names[i] = others[i];
	for (size_t i = 0; i < ENGINE_PROFILE_FIELDS; i++)
		names[OTHERS + i] = engine_profile_fields[i].name;
	return engine_ini_fail(ini, "a tier has no key '%s'; the nearest one is '%s'", key,
			       engine_nearest(key, names, ENGINE_PROFILE_FIELDS + OTHERS));
}

static int tier_entry(struct engine_ini *ini, struct tier_reader *r, const char *key,
		      const char *value)
{
	struct engine_tier *tier = &r->out->tiers[r->current];
	unsigned int *given = &r->sections[r->current].given;
	uint64_t stacks = 1;
	int status;

	if (!strcmp(key, "profile"))
		return tier_profile(ini, tier, value);
	if (!strcmp(key, "backing"))
		return tier_backing(ini, tier, value);
	if (!strcmp(key, "classes"))
		return tier_classes(ini, tier, value);
	if (!strcmp(key, "rank"))
		return tier_rank(ini, r, value);
	if (!strcmp(key, "landing_bytes"))
		return once(ini, given, 0, key) ?:
		       engine_ini_number(ini, key, value, 0, LANDING_MIN, LANDING_MAX,
					 (uint64_t *)&tier->landing_bytes);
	if (!strcmp(key, "landing_session_bytes"))
		return once(ini, given, 1, key) ?:
		       engine_ini_number(ini, key, value, 0, LANDING_MIN, LANDING_MAX,
					 (uint64_t *)&tier->landing_session_bytes);
	if (strcmp(key, "stacks"))
		return tier_override(ini, &r->sections[r->current], key, value);
	status = once(ini, given, 2, key) ?:
		 engine_ini_number(ini, key, value, 0, 1, STACKS_MAX, &stacks);
	tier->stacks = stacks;
	return status;
}

static int file_entry(struct engine_ini *ini, void *user, const char *section, const char *key,
		      const char *value)
{
	static const char *const names[] = { "device", "accelerator", "tier" };
	struct tier_reader *r = user;
	char word[TERRACE_NAME_MAX];

	if (ini->continued)
		return engine_ini_fail(ini, "%s goes on in this line: do not indent lines", key);
	if (!strcmp(section, "device"))
		return device_entry(ini, r, key, value);
	if (!strcmp(section, "accelerator"))
		return accel_entry(ini, r, key, value);
	if (strncmp(section, "tier ", 5)) {
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(section, " "), section);
		return engine_ini_fail(ini, "there is no section [%s]; the nearest one is [%s]",
				       section, engine_nearest(word, names, 3));
	}
	if (tier_select(ini, r, section + 5))
		return -EINVAL;
	return tier_entry(ini, r, key, value);
}

static void multiply(__u64 *value, __u64 by)
{
	/* What does not fit is far beyond every limit, which the check of the profile names. */
	if (__builtin_mul_overflow(*value, by, value))
		*value = TMODEL_U64_MAX;
}

static void tier_stack(struct engine_tier *tier)
{
	struct tmodel_profile *p = &tier->profile;

	multiply(&p->capacity_bytes, tier->stacks);
	multiply(&p->read_bps, tier->stacks);
	multiply(&p->write_bps, tier->stacks);
	multiply(&p->channels, tier->stacks);
	if (p->channels > TMODEL_CHANNELS_MAX)
		p->channels = TMODEL_CHANNELS_MAX;
	multiply(&p->write_depth, tier->stacks);
	multiply(&p->idle_uw, tier->stacks);
}

static int tier_check_keys(const struct engine_tier *tier, const struct tier_section *section,
			   const char *path, struct engine_error *e)
{
	const char *missing = NULL;

	if (!*tier->profile_name)
		missing = "profile";
	else if (!*tier->backing)
		missing = "backing";
	else if (!section->rank_line)
		missing = "rank";
	else if (!tier->classes)
		missing = "classes";
	if (!missing)
		return 0;
	engine_error_set(e, "%s:%u: tier %s has no %s: add one", path, section->line, tier->name,
			 missing);
	return -EINVAL;
}

static int tier_check_capacity(const struct engine_tier *tier, const struct engine_device *device,
			       const char *path, struct engine_error *e)
{
	if (tier->profile.capacity_bytes >> device->scale_shift >= REAL_CAPACITY_MIN)
		return 0;
	engine_error_set(e, "%s: capacity_bytes of tier %s is %" PRIu64
			 ": at scale %u it must be %" PRIu64 " or more", path, tier->name,
			 (uint64_t)tier->profile.capacity_bytes, device->scale,
			 (uint64_t)REAL_CAPACITY_MIN << device->scale_shift);
	return -EINVAL;
}

static int tier_finish(struct engine_tier *tier, const struct tier_section *section,
		       const struct engine_device *device, const char *path, struct engine_error *e)
{
	struct engine_profile profile;
	char what[PATH_MAX + TERRACE_NAME_MAX];
	int status = tier_check_keys(tier, section, path, e);

	if (status)
		return status;
	status = engine_profile_find_file(tier->profile_name, path, &profile, e);
	if (status == -ENOENT)
		engine_error_set(e, "%s:%u: there is no profile %s: set TERRACE_PROFILES",
				 path, section->line, tier->profile_name);
	if (status)
		return status;
	tier->profile = profile.model;
	tier_stack(tier);
	for (size_t i = 0; i < ENGINE_PROFILE_FIELDS; i++)
		if (section->overrides[i].given)
			*engine_profile_value(&tier->profile, i) = section->overrides[i].value;
	snprintf(what, sizeof(what), "%s: tier %s", path, tier->name);
	status = engine_profile_explain(&tier->profile, what, e);
	return status ? status : tier_check_capacity(tier, device, path, e);
}

static int compare_ranks(const void *a, const void *b)
{
	const struct engine_tier *left = a, *right = b;

	return (left->rank > right->rank) - (left->rank < right->rank);
}

static int file_check(const struct engine_tierfile *out, const char *path, struct engine_error *e)
{
	if (!out->n_tiers) {
		engine_error_set(e, "%s: there is no tier: add a section [tier NAME]", path);
		return -EINVAL;
	}
	if (!out->accel.peak_flops && (out->accel.idle_uw || out->accel.active_uw)) {
		engine_error_set(e, "%s: accelerator has watts but no peak_flops: add it", path);
		return -EINVAL;
	}
	return 0;
}

int engine_tierfile_read(const char *path, struct engine_tierfile *out, struct engine_error *e)
{
	struct tier_reader *r = calloc(1, sizeof(*r));
	int status;
	__u32 i;

	if (!r) {
		engine_error_set(e, "cannot read %s: %s", path, strerror(ENOMEM));
		return -ENOMEM;
	}
	memset(out, 0, sizeof(*out));
	out->device.scale = 1;
	out->device.clock_acceleration = 1;
	out->accel.efficiency_permille = 1000;
	r->out = out;
	status = engine_ini_read(path, file_entry, r, e);
	if (!status)
		status = file_check(out, path, e);
	for (i = 0; !status && i < out->n_tiers; i++)
		status = tier_finish(&out->tiers[i], &r->sections[i], &out->device, path, e);
	if (!status)
		qsort(out->tiers, out->n_tiers, sizeof(out->tiers[0]), compare_ranks);
	free(r);
	return status;
}
