/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Digests: 64 bits by which results are found again that were computed from the same input. Not
 * against somebody who looks for two inputs of the same digest.
 */
#ifndef _SIM_DIGEST_H
#define _SIM_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"

/**
 * digest_bytes - take bytes, and how many they are
 */
void digest_bytes(uint64_t *digest, const void *bytes, size_t n);

/**
 * digest_file - take what is in a file
 *
 * Return: 0; negative errno values of fopen(3) and reading.
 */
int digest_file(uint64_t *digest, const char *path, struct engine_error *e);

#endif /* _SIM_DIGEST_H */
