// SPDX-License-Identifier: LGPL-2.1-or-later
/* Measured kernels for the steps of a run. */
#include "sim/run_kernels.h"

#include <errno.h>

static int check(const struct run_case *r, struct engine_error *e)
{
	const char *folder = r->args.text[RUN_KERNELS];

	if (!r->calibration.hardware[0])
		engine_error_set(e, "calibration %s names no hardware, which --kernels %s are "
				 "looked up by: add hardware = NAME", r->calibration.name, folder);
	else if (r->shard.options.shard.pp > 1)
		engine_error_set(e, "--kernels %s are of models in one stage, the layout has %u: "
				 "take --pp 1", folder, r->shard.options.shard.pp);
	else if (r->decoding.kind != SERVE_AUTOREGRESSIVE || r->args.number[RUN_PREFILL_DEVICES])
		engine_error_set(e, "--kernels %s are of one engine that decodes a token at a time: "
				 "leave --decoding and --prefill-devices out", folder);
	else if (r->model.weight_dtype != MODEL_BF16)
		engine_error_set(e, "--kernels %s are of bf16: leave --dtype out", folder);
	else
		return 0;
	return -EINVAL;
}

static int read_tables(struct run_case *r, struct engine_error *e)
{
	const char *folder = r->args.text[RUN_KERNELS], *hardware = r->calibration.hardware;
	uint32_t tp = r->shard.options.shard.tp;
	struct engine_error why;
	struct forms forms = { 0 };
	int err = forms_read(folder, &forms, e);

	if (!err) {
		err = kernel_tables_read(&forms, hardware, r->model.name, tp, &r->tables, &why) ?:
		      kernel_time_check(&r->tables, &r->model, hardware, &why);
		if (err)
			engine_error_set(e, "--kernels %s, with TP %u: %s", folder, tp, why.text);
	}
	forms_free(&forms);
	return err == -ENOMEM ? err : err ? -EINVAL : 0;
}

int run_kernels(struct run_case *r, struct engine_error *e)
{
	const struct capacity_shard *c = &r->shard.options.shard;
	const struct network *n = c->tp > 1 ? &r->shard.tensor : &r->shard.expert;
	double collective = (double)r->calibration.collective_permille / 1000;
	int err = check(r, e) ?: read_tables(r, e);

	if (err)
		return err;
	r->kernels = (struct kernel_time) {
		.tables = &r->tables,
		.model = &r->model,
		.tp = c->tp,
		.ep = r->model.experts ? (double)c->tp * c->dp : 1,
		.link_bytes_s = network_edge_bps(n) * collective,
		.link_latency_s = n->nodes > 1 ?
			network_path_seconds(n, (double)network_facts(n).hops_max) : 0,
		.overhead_s = (double)r->calibration.step_ns / 1e9,
	};
	r->shard.kernels = &r->kernels;
	return 0;
}
