/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Profile files: the parameters of a modelled memory, each with the source it was taken from.
 *
 * See sourced.h; the section is [profile]. The keys are the fields of struct tmodel_profile
 * (TMODEL_PROFILE_FIELDS); one that is not given has its default.
 */
#ifndef _ENGINE_PROFILE_H
#define _ENGINE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include <terrace/model.h>

#include "engine/error.h"
#include "engine/sourced.h"

#define ENGINE_PROFILE_FIELDS	(sizeof(struct tmodel_profile) / sizeof(__u64))
#define ENGINE_PROFILE_NAME_MAX	ENGINE_SOURCED_NAME_MAX

/**
 * struct engine_profile_field - one field of struct tmodel_profile
 * @name: as in files and in configfs
 * @lowest: the least value
 * @highest: the greatest value
 * @initial: its default
 * @index: its place in the structure, see engine_profile_value()
 */
struct engine_profile_field {
	const char *name;
	uint64_t lowest;
	uint64_t highest;
	uint64_t initial;
	size_t index;
};

extern const struct engine_profile_field engine_profile_fields[ENGINE_PROFILE_FIELDS];

/**
 * engine_profile_value - a field of a profile by its index
 */
static inline __u64 *engine_profile_value(struct tmodel_profile *p, size_t index)
{
	return (__u64 *)p + index;
}

/**
 * engine_profile_find - the field of a name
 *
 * Return: NULL when there is none.
 */
const struct engine_profile_field *engine_profile_find(const char *name);

/**
 * struct engine_profile - a profile file
 * @name: letters, digits, '-', '_' and '.'
 * @description: one sentence
 * @model: passes tmodel_profile_check()
 * @sources: by the index of the field
 */
struct engine_profile {
	char name[ENGINE_PROFILE_NAME_MAX];
	char description[ENGINE_SOURCED_DESCRIPTION_MAX];
	struct tmodel_profile model;
	struct engine_source sources[ENGINE_PROFILE_FIELDS];
};

/**
 * engine_profile_read - read a profile file
 * @path: the file
 * @out: filled when 0 is returned, undefined otherwise; holds no memory of its own
 * @e: set when an error is returned: file, line, key, value, limits and, for an unknown key, the
 *     nearest right one
 *
 * Return: 0; -EINVAL malformed, a value out of range, a source missing; a negative errno of
 * fopen(3) or fgets(3).
 */
int engine_profile_read(const char *path, struct engine_profile *out, struct engine_error *e);

/**
 * engine_profile_find_file - read the profile file of a name
 * @name: NAME of NAME.ini in the folders of datafile.h, kind "profiles", variable TERRACE_PROFILES
 * @beside: path of a file whose folder is tried too; may be NULL
 *
 * Return: 0; -ENOENT there is none; as engine_profile_read().
 */
int engine_profile_find_file(const char *name, const char *beside, struct engine_profile *out,
			     struct engine_error *e);

/**
 * engine_profile_explain - say why tmodel_profile_check() refuses a profile
 * @what: who it belongs to, for the error: a file or "tier NAME of FILE"
 *
 * Return: 0 when it does not, else -EINVAL.
 */
int engine_profile_explain(const struct tmodel_profile *p, const char *what,
			   struct engine_error *e);

#endif /* _ENGINE_PROFILE_H */
