// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sizes, and ranges of a buffer, on the command line. */
#include "cli/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned int shift;
} units[] = { { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 }, { "TiB", 40 } };

int size_parse(const char *text, uint64_t *size, const char **end)
{
	char *rest;
	size_t i;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*size = strtoull(text, &rest, 10);
	if (errno)
		return -ERANGE;
	*end = rest;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strncmp(rest, units[i].name, strlen(units[i].name)))
			continue;
		if (*size > UINT64_MAX >> units[i].shift)
			return -ERANGE;
		*size <<= units[i].shift;
		*end = rest + strlen(units[i].name);
	}
	return 0;
}

int range_parse(const char *text, uint64_t buffer_bytes, uint64_t *offset, uint64_t *bytes)
{
	const char *end;
	int err;

	if (!strcmp(text, "all")) {
		*offset = 0;
		*bytes = buffer_bytes;
		return 0;
	}
	err = size_parse(text, offset, &end);
	if (err)
		return err;
	if (*end != '+')
		return -EINVAL;
	err = size_parse(end + 1, bytes, &end);
	if (err)
		return err;
	return *end ? -EINVAL : 0;
}
