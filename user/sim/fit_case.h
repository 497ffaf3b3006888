/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does a model fit devices, and what would?
 *
 * It lies where a run puts it (sim/shard.h). Where a run would not start, it is laid out all the
 * same, in the way that lacks least. Not thread safe.
 */
#ifndef _SIM_FIT_CASE_H
#define _SIM_FIT_CASE_H

#include "sim/run_case.h"

#define FIT_CONTEXT		8192	/* tokens of a request, when nothing is asked for */
#define FIT_CONTEXT_MAX		(1ULL << 30)
#define FIT_BATCH_MAX		(1ULL << 20)
#define FIT_DEVICES_MAX		1024	/* looked at for the fewest that hold a model */

/**
 * struct fit_holder - devices that hold what is asked for
 * @devices: the fewest of any layout that leaves heads whole; 0 = not so many as were looked at
 * @layout: of them
 */
struct fit_holder {
	uint32_t devices;
	struct capacity_shard layout;
};

/**
 * struct fit_case - what is asked for, and what was found
 * @run: its args, before fit_case()
 * @context: tokens of a request; 0 = FIT_CONTEXT
 * @batch: requests at a time, of all groups together; 0 = 1
 * @group_blocks: blocks of KV that the requests of a group need
 * @requests: of @context that all groups hold
 * @short_stage: of run.shard.stage, the one whose devices lack most
 * @short_bytes: what each of them lacks, by class; all 0 when it fits
 * @enough: what holds it; the devices themselves when they do
 * @fp8_fits: the same devices hold it in FP8
 * @fp8_enough: what holds it in FP8
 */
struct fit_case {
	struct run_case run;
	uint64_t context;
	uint64_t batch;
	uint64_t group_blocks;
	uint64_t requests;
	uint32_t short_stage;
	uint64_t short_bytes[ROOFLINE_CLASSES];
	struct fit_holder enough;
	bool fp8_fits;
	struct fit_holder fp8_enough;
};

/**
 * fit_case - find out
 * @f: all 0 but for run.args, @context and @batch
 *
 * Free it with fit_case_free(), also on error. Return: 0, whether it fits or not; -EINVAL the input
 * is wrong; -EXDEV no tier allows a class; -ENOMEM.
 */
int fit_case(struct fit_case *f, struct engine_error *e);
void fit_case_free(struct fit_case *f);

/**
 * fit_lack - bytes that a device lacks, of all classes; 0 = it fits
 */
uint64_t fit_lack(const struct fit_case *f);

/**
 * fit_explain - say that it fits, or what is lacking and what to do
 */
void fit_explain(const struct fit_case *f, char *text, size_t size);

#endif /* _SIM_FIT_CASE_H */
