// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* The parameters of a modelled memory: defaults and checks. */
#ifdef __KERNEL__
#include <linux/stddef.h>
#else
#include <stddef.h>
#endif

#include <terrace/model.h>

#define PROFILE_FIELDS	(sizeof(struct tmodel_profile) / sizeof(__u64))

#define PROFILE_ROW(field, lowest, highest, value) \
	{ #field, offsetof(struct tmodel_profile, field), lowest, highest, value },

static const struct {
	const char *name;
	size_t offset;
	__u64 lowest;
	__u64 highest;
	__u64 value;
} profile_fields[PROFILE_FIELDS] = { TMODEL_PROFILE_FIELDS(PROFILE_ROW) };

void tmodel_profile_init(struct tmodel_profile *p)
{
	size_t i;

	for (i = 0; i < PROFILE_FIELDS; i++)
		*(__u64 *)((char *)p + profile_fields[i].offset) = profile_fields[i].value;
}

static const char *profile_out_of_range(const struct tmodel_profile *p)
{
	size_t i;

	for (i = 0; i < PROFILE_FIELDS; i++) {
		__u64 value = *(const __u64 *)((const char *)p + profile_fields[i].offset);

		if (value < profile_fields[i].lowest || value > profile_fields[i].highest)
			return profile_fields[i].name;
	}
	return NULL;
}

static int profile_power(__u64 value)
{
	return !(value & (value - 1));
}

static const char *profile_not_power(const struct tmodel_profile *p)
{
	if (!profile_power(p->read_granule_bytes))
		return "read_granule_bytes";
	if (!profile_power(p->write_granule_bytes))
		return "write_granule_bytes";
	if (!profile_power(p->page_bytes))
		return "page_bytes";
	return NULL;
}

static const char *profile_bad_block(const struct tmodel_profile *p)
{
	if (!p->page_bytes)
		return p->erase_block_bytes ? "page_bytes" : NULL;
	if (!p->erase_block_bytes || p->erase_block_bytes % p->page_bytes)
		return "erase_block_bytes";
	return NULL;
}

enum tmodel_profile_error tmodel_profile_check(const struct tmodel_profile *p, const char **field)
{
	enum tmodel_profile_error error = TMODEL_PROFILE_RANGE;
	const char *name = profile_out_of_range(p);

	if (!name) {
		error = TMODEL_PROFILE_POWER;
		name = profile_not_power(p);
	}
	if (!name) {
		error = TMODEL_PROFILE_BLOCK;
		name = profile_bad_block(p);
	}
	if (!name)
		return TMODEL_PROFILE_OK;
	if (field)
		*field = name;
	return error;
}
