/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The checks of terrace-sim validate: each compares what the simulator says with what others
 * published or measured, by limits that Documentation/models/validation.md lists.
 *
 * Return of each: 0, or a negative errno with @e set: no verdict could be found.
 */
#ifndef _SIM_VALIDATE_H
#define _SIM_VALIDATE_H

#include "engine/error.h"
#include "sim/check.h"
#include "sim/forms.h"

/**
 * struct validate - what checks are made with
 * @published: tables of what others say
 * @kernels: tables of measured kernels, for the calibrated mode
 * @traces: folder of request traces
 */
struct validate {
	struct forms published;
	struct forms kernels;
	const char *traces;
};

int validate_son_wear(const struct validate *v, struct checks *all, struct engine_error *e);
int validate_kyung_lifetime(const struct validate *v, struct checks *all, struct engine_error *e);
int validate_son_batch(const struct validate *v, struct checks *all, struct engine_error *e);
int validate_kyung_tpot(const struct validate *v, struct checks *all, struct engine_error *e);
int validate_bounds(const struct validate *v, struct checks *all, struct engine_error *e);
int validate_viewer(const struct validate *v, struct checks *all, struct engine_error *e);
int validate_genz(const struct validate *v, struct checks *all, struct engine_error *e);
int validate_collectives(const struct validate *v, struct checks *all, struct engine_error *e);
int validate_prefix(const struct validate *v, struct checks *all, struct engine_error *e);
int validate_requests(const struct validate *v, struct checks *all, struct engine_error *e);
int validate_reload(const struct validate *v, struct checks *all, struct engine_error *e);

#endif /* _SIM_VALIDATE_H */
