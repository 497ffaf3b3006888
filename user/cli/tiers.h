/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tiers that are online, in the order of their ranks. */
#ifndef _CLI_TIERS_H
#define _CLI_TIERS_H

#include <terrace/terrace.h>

/**
 * struct tiers - those online
 * @count: how many
 * @tier: by rank
 */
struct tiers {
	uint32_t count;
	struct terrace_tier_info tier[TERRACE_TIERS_MAX];
};

/* Return: 0; a negative errno with terrace_error(). */
int tiers_read(struct terrace_session *s, struct tiers *tiers);

/* The name of a tier by index; "?" when it is gone. */
const char *tiers_name(const struct tiers *tiers, uint32_t index);

/* "weights kv" */
void tiers_classes(char *out, size_t size, uint32_t classes);

#endif /* _CLI_TIERS_H */
