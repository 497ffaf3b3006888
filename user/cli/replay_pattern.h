/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of an object, derived from what it is: byte o of an object with content c is byte o % 8
 * of the little-endian word mix(c) + (o / 8) x an odd constant. So a byte that belongs to another
 * object, or to another place of this one, does not pass for the right one.
 */
#ifndef _CLI_REPLAY_PATTERN_H
#define _CLI_REPLAY_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* Write bytes @offset to @offset + @bytes - 1 of the object to @at. */
void pattern_fill(void *at, uint64_t content, uint64_t offset, size_t bytes);

/* Check them. Return: how many are right before the first wrong one; @bytes when all are. */
size_t pattern_check(const void *at, uint64_t content, uint64_t offset, size_t bytes);

#endif /* _CLI_REPLAY_PATTERN_H */
