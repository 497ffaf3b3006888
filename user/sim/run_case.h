/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A run: a model on devices that serves the requests of a trace.
 *
 * In three steps, so that one who tries many layouts reads files once: read, lay out, serve. Not
 * thread safe; runs share nothing.
 */
#ifndef _SIM_RUN_CASE_H
#define _SIM_RUN_CASE_H

#include "sim/pools.h"
#include "sim/kernel_time.h"
#include "sim/progress.h"
#include "sim/run_args.h"
#include "sim/run_served.h"
#include "sim/shard.h"

/**
 * struct run_case - all of a run
 * @args: what is asked for
 * @system, @model, @draft_model, @trace: read; without drafts of a model it is all 0
 * @decoding: as asked for
 * @pools: laid out, when there are two; else NULL
 * @shard: laid out; of two pools both together
 * @calibration: read, if there is one; @tables of it, and of them @kernels when laid out
 * @shard: laid out
 * @requests: what became of those of the trace
 * @stats, @served: served
 * @progress: told of while it is served; may be NULL
 */
struct run_case {
	struct run_args args;
	struct sim_system system;
	struct model_config model;
	struct model_config draft_model;
	struct serve_decoding decoding;
	struct trace trace;
	struct pools *pools;
	struct calibration calibration;
	struct kernel_tables tables;
	struct kernel_time kernels;
	struct shard shard;
	struct serve_request *requests;
	struct serve_stats stats;
	struct run_served served;
	struct progress *progress;
};

/**
 * run_case_read_system - read all but the trace
 * run_case_read_trace - read the trace
 * @r: all 0 but for @args
 *
 * Free it with run_case_free(), also on error. Return: 0, errors of the files' readers.
 */
int run_case_read_system(struct run_case *r, struct engine_error *e);
int run_case_read_trace(struct run_case *r, struct engine_error *e);

/**
 * run_case_options - what args say of the layout; its tp, pp and dp are 0 when not given
 */
struct shard_options run_case_options(const struct run_case *r);

/**
 * run_case_lay_out - lay the model over the devices, as asked for or chosen by shard_choose()
 *
 * Return: as shard_init().
 */
int run_case_lay_out(struct run_case *r, struct engine_error *e);

/**
 * run_case_serve - serve the trace
 *
 * Return: as serve().
 */
int run_case_serve(struct run_case *r, struct engine_error *e);

/**
 * run_case - all of it: read, lay out, serve
 *
 * Return: 0; -EINVAL the input is wrong; as the above.
 */
int run_case(struct run_case *r, struct engine_error *e);

void run_case_free(struct run_case *r);

#endif /* _SIM_RUN_CASE_H */
