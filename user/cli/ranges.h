/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes, and ranges of a buffer, on the command line. */
#ifndef _CLI_RANGES_H
#define _CLI_RANGES_H

#include <stdint.h>

/**
 * size_parse - parse a decimal number, maybe with KiB, MiB, GiB or TiB
 * @end: set behind it
 *
 * Return: 0; -EINVAL it is no number; -ERANGE it is larger than 2^64 - 1.
 */
int size_parse(const char *text, uint64_t *size, const char **end);

/**
 * range_parse - parse a range
 * @text: "all", or OFFSET+LENGTH, each a decimal number, maybe with KiB, MiB, GiB or TiB
 * @buffer_bytes: what "all" means
 *
 * Whether the range is within the buffer is left to the kernel.
 *
 * Return: 0; -EINVAL it is not of the form; -ERANGE a number is larger than 2^64 - 1.
 */
int range_parse(const char *text, uint64_t buffer_bytes, uint64_t *offset, uint64_t *bytes);

#endif /* _CLI_RANGES_H */
