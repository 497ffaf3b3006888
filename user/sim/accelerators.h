/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Accelerators: what is published of their speed and memory.
 *
 * INI files, one section, in the folders of engine/datafile.h, kind "accelerators", variable
 * TERRACE_ACCELERATORS:
 *
 *   [accelerator]
 *   name = H100-SXM
 *   aliases = H100-SXM-80GB, H100_GPU
 *   description = one sentence
 *   bandwidth_bps = 3.35e12
 *   bandwidth_bps.source = published: who, where
 *
 * Every number has a source, "published: ..." or "assumed: ...", see engine/sourced.h.
 * Rates are those of dense matrices. An accelerator is found by its name and aliases, compared as
 * in sim/named_file.h.
 */
#ifndef _SIM_ACCELERATORS_H
#define _SIM_ACCELERATORS_H

#include <stdint.h>

#include "engine/sourced.h"

#define ACCELERATOR_TEXT_MAX	512	/* bytes of its aliases, with their NUL */

/* What is multiplied, by the keys' names. */
enum accelerator_dtype {
	ACCELERATOR_BF16,
	ACCELERATOR_FP8,
	ACCELERATOR_INT8,
	ACCELERATOR_FP4,
	ACCELERATOR_DTYPES
};

/**
 * struct accelerator - one of them
 * @aliases: other names, with commas between
 * @peak_ops: operations a second by enum accelerator_dtype; keys peak_bf16_ops and so on; 0 = it
 *            does not compute with them, or nobody says how fast
 * @bandwidth_bps: of its own memory; compulsory
 * @capacity_bytes: of it; 0 = not given
 * @tdp_watts: 0 = not given
 */
struct accelerator {
	char name[ENGINE_SOURCED_NAME_MAX];
	char aliases[ACCELERATOR_TEXT_MAX];
	char description[ENGINE_SOURCED_DESCRIPTION_MAX];
	uint64_t peak_ops[ACCELERATOR_DTYPES];
	uint64_t bandwidth_bps;
	uint64_t capacity_bytes;
	uint64_t tdp_watts;
};

/**
 * accelerator_read - read a file
 * @out: filled when 0 is returned
 *
 * Return: 0; -EINVAL malformed, a number without source; as engine_sourced_read().
 */
int accelerator_read(const char *path, struct accelerator *out, struct engine_error *e);

/**
 * accelerator_find - read the accelerator of a name
 *
 * Return: 0; -ENOENT there is none of that name; as accelerator_read(), also of another file that
 * was looked at.
 */
int accelerator_find(const char *name, struct accelerator *out, struct engine_error *e);

#endif /* _SIM_ACCELERATORS_H */
