/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calibrations: what kernels of a kind of accelerator reach of its peak, and what is fixed.
 *
 * INI files, one section, in the folders of engine/datafile.h, kind "calibrations", variable
 * TERRACE_CALIBRATIONS:
 *
 *   [calibration]
 *   name = rtx4090
 *   hardware = RTX4090
 *   description = one sentence
 *   gemm_compute_permille = 990
 *   gemm_compute_permille.source = assumed: of which measurements, and how
 *
 * Every number has a source, "published: ..." or "assumed: ...", see engine/sourced.h.
 */
#ifndef _SIM_CALIBRATION_H
#define _SIM_CALIBRATION_H

#include <stdint.h>

#include "engine/sourced.h"

#define CALIBRATION_PERMILLE_MAX	1500	/* a cache can be faster than its memory */

/* Kinds of operators, which run one after the other. */
enum calibration_kind {
	CALIBRATION_GEMM,
	CALIBRATION_MOE,
	CALIBRATION_DECODE_ATTENTION,
	CALIBRATION_PREFILL_ATTENTION,
	CALIBRATION_KINDS
};

/**
 * struct calibration - a file
 * @hardware: what it is of, as measured kernels name it; "" = not given
 * @compute_permille: of the peak rate, by kind; keys gemm_compute_permille and so on
 * @bandwidth_permille: of a tier's bandwidth, by kind
 * @collective_permille: what collective operations reach of the network's model
 * @step_ns, @layer_ns, @moe_layer_ns: that no size changes: of a step, of each layer, of each layer
 *                                     with experts besides
 *
 * Shares default to 1000, times to 0.
 */
struct calibration {
	char name[ENGINE_SOURCED_NAME_MAX];
	char hardware[ENGINE_SOURCED_NAME_MAX];
	char description[ENGINE_SOURCED_DESCRIPTION_MAX];
	uint64_t compute_permille[CALIBRATION_KINDS];
	uint64_t bandwidth_permille[CALIBRATION_KINDS];
	uint64_t collective_permille;
	uint64_t step_ns;
	uint64_t layer_ns;
	uint64_t moe_layer_ns;
};

/**
 * calibration_read - read a file
 * @given: a path, or a name
 * @out: filled when 0 is returned
 *
 * Return: 0; -EINVAL malformed, a number without source; -ENOENT there is none of that name; as
 * engine_sourced_read().
 */
int calibration_read(const char *given, struct calibration *out, struct engine_error *e);

#endif /* _SIM_CALIBRATION_H */
