/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measured kernels for the steps of a run. */
#ifndef _SIM_RUN_KERNELS_H
#define _SIM_RUN_KERNELS_H

#include "sim/run_case.h"

/**
 * run_kernels - take the times of a run's steps from the tables of its args
 * @r: laid out, with a calibration
 *
 * Its bytes, operations and energy stay those of the roofline. The experts of a mixture are spread
 * over TP x DP devices as in the layout.
 *
 * Return: 0; -EINVAL there is no hardware in the calibration, no table of it and the model, or a
 * layout or data type that the tables are not of; as forms_read(), -ENOMEM.
 */
int run_kernels(struct run_case *r, struct engine_error *e);

#endif /* _SIM_RUN_KERNELS_H */
