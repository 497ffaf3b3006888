/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bring the tiers of a tier file online, and down again. */
#ifndef _CLI_BRINGUP_H
#define _CLI_BRINGUP_H

#include "engine/tierfile.h"

/**
 * bringup_tiers - configure the device and bring all tiers of a file online, or none
 *
 * Return: an exit status; the error is printed.
 */
int bringup_tiers(const struct engine_tierfile *file);

/**
 * bringup_undo - take the first @n tiers of a file down; what cannot go is printed
 */
void bringup_undo(const struct engine_tierfile *file, __u32 n);

#endif /* _CLI_BRINGUP_H */
