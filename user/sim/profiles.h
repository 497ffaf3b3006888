/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memories by their profiles' names: files NAME.ini in the folders of engine/datafile.h, kind
 * "profiles", variable TERRACE_PROFILES.
 */
#ifndef _SIM_PROFILES_H
#define _SIM_PROFILES_H

#include "engine/profile.h"

/**
 * sim_profile_find - read the profile of a name
 *
 * Return: 0; -ENOENT there is none of that name; as engine_profile_read().
 */
int sim_profile_find(const char *name, struct engine_profile *out, struct engine_error *e);

#endif /* _SIM_PROFILES_H */
