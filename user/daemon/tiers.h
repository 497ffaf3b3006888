/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tiers of the device: bringing up those of a tier file, and what is online.
 */
#ifndef _DAEMON_TIERS_H
#define _DAEMON_TIERS_H

#include <terrace/terrace.h>

#include "engine/error.h"
#include "engine/policy.h"
#include "engine/tierfile.h"

/**
 * tiers_up - bring the tiers of a file online
 * @s: to see what is online already
 *
 * A tier that is online under its name is adopted as it is; where it differs from the file, a
 * warning says so. The device's settings are written only when no tier is online.
 *
 * Return: 0; a negative errno with @e set; tiers brought online before the error stay.
 */
int tiers_up(const struct engine_tierfile *file, struct terrace_session *s,
	     struct engine_error *e);

/**
 * tiers_look - what a policy wants to know of the tiers now
 * @out: by index; tiers that are not online have @online false
 *
 * Return: number of tiers online; a negative errno with @e set.
 */
int tiers_look(struct terrace_session *s, struct policy_tier out[TERRACE_TIERS_MAX],
	       struct engine_error *e);

#endif /* _DAEMON_TIERS_H */
