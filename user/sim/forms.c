// SPDX-License-Identifier: LGPL-2.1-or-later
/* Forms of tables that checks are made with. */
#include "sim/forms.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORM_COLUMNS	16

/* What a form is called, and the columns that a file must have to be of it. */
static const struct shape {
	const char *name;
	const char *columns[FORM_COLUMNS];
} shapes[FORMS] = {
	[FORM_GENZ] = { "GenZ totals", {
		"model", "system", "flops_T", "mem_bw_GBps(2^30)", "system_eff", "bits", "batch",
		"in_tokens", "out_tokens", "tp", "pp", "ep", "stage", "latency_ms", "offload"
	} },
	[FORM_HBF_CLOSED] = { "HBF closed forms", {
		"quantity", "cell", "closed_form", "published", "error_pct", "formula"
	} },
	[FORM_HBF_KYUNG] = { "HBF of Kyung et al.", {
		"figure", "model", "context_cv", "ratio_kappa", "mean_context", "lin_lout",
		"capacity", "device", "metric", "value"
	} },
	[FORM_HBF_SON] = { "HBF of Son et al.", {
		"figure", "model", "workload", "memory", "gpus", "slo", "metric", "value",
		"reading"
	} },
	[FORM_VIEWER_LAYERS] = { "LLM-Viewer layers", {
		"model", "hardware", "w_bit", "a_bit", "kv_bit", "batch", "seqlen", "stage",
		"layer", "OPs", "memory_access_B", "time_s"
	} },
	[FORM_VIEWER_TOTALS] = { "LLM-Viewer totals", {
		"model", "hardware", "bandwidth_Bps", "peak_ops", "w_bit", "a_bit", "kv_bit",
		"batch", "seqlen", "stage", "OPs", "memory_access_B", "time_s"
	} },
	[FORM_SPLITWISE] = { "Splitwise measurements", {
		"model", "hardware", "tp", "prompt_tokens", "batch", "output_tokens",
		"prompt_ms_median", "token_ms_median"
	} },
	[FORM_COLLECTIVES] = { "collectives", {
		"node", "collective", "num_workers", "size_bytes", "median_ms"
	} },
	[FORM_ATTENTION_KERNELS] = { "attention kernels", {
		"hardware", "model", "tp", "prefill_chunk", "kv_prefill", "n_decode", "kv_decode",
		"time_us"
	} },
	[FORM_DENSE_KERNELS] = { "dense kernels", {
		"hardware", "model", "tp", "layer", "tokens_or_seqs", "time_us", "weight_bytes"
	} },
	[FORM_MOE_KERNELS] = { "MoE kernels", {
		"hardware", "model", "tp", "tokens", "activated_experts", "time_us"
	} },
	[FORM_SERVING] = { "serving results", {
		"hardware", "model", "config", "metric", "vllm_ms", "llmservingsim_ms"
	} },
	[FORM_REQUESTS] = { "requests served", {
		"hardware", "model", "request_id", "input_toks", "output_toks", "arrival_s",
		"ttft_ms", "e2e_ms", "tpot_ms"
	} },
	[FORM_HIT_RATES] = { "prefix hit rates", {
		"trace", "policy", "capacity_blocks_512tok", "prefix_block_hit_ratio",
		"evictions"
	} },
	[FORM_MEASURED] = { "published measurements", {
		"model", "precision", "hardware", "n_devices", "config", "metric", "value",
		"unit", "kind"
	} },
	[FORM_PREDICTED] = { "published predictions", {
		"tool", "model", "precision", "hardware", "n_devices", "config", "metric",
		"value", "unit"
	} },
	[FORM_BOUNDS] = { "roofline bounds", {
		"model", "precision", "hardware", "n_devices", "config", "metric",
		"measured_tok_s", "bound_tok_s", "bound_formula"
	} },
	[FORM_CONFIGURATIONS] = { "serving configurations", {
		"hardware", "model", "tp", "dp", "ep", "max_num_seqs", "max_num_batched_tokens",
		"block_tokens", "num_gpu_blocks", "gpu_mem_GB", "gpu_mem_utilization"
	} },
};

const char *form_name(enum form form)
{
	return shapes[form].name;
}

static bool has_columns(const struct csv *t, const struct shape *shape)
{
	unsigned int i;

	for (i = 0; shape->columns[i]; i++)
		if (csv_column(t, shape->columns[i]) < 0)
			return false;
	return true;
}

static enum form form_of(const struct csv *t)
{
	enum form form;

	for (form = 0; form < FORMS; form++)
		if (has_columns(t, &shapes[form]))
			break;
	return form;
}

static int add_unknown(struct forms *f, const char *path)
{
	char **paths = reallocarray(f->unknown, f->n_unknown + 1, sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	f->unknown = paths;
	paths[f->n_unknown] = strdup(path);
	return paths[f->n_unknown] ? (f->n_unknown++, 0) : -ENOMEM;
}

static int add_file(struct forms *f, const char *path, struct engine_error *e)
{
	struct csv t;
	enum form form;
	int err = csv_read(path, &t, e);

	if (err)
		return err;
	form = form_of(&t);
	if (form < FORMS && !f->table[form].n_columns) {
		f->table[form] = t;
		return 0;
	}
	err = form < FORMS ? csv_append(&f->table[form], &t) : add_unknown(f, path);
	csv_free(&t);
	if (err)
		engine_error_set(e, "%s: memory is short", path);
	return err;
}

static int is_csv(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return dot && !strcmp(dot, ".csv");
}

int forms_read(const char *folder, struct forms *f, struct engine_error *e)
{
	struct dirent **names;
	int i, n, err = 0;
	char path[4096];

	n = scandir(folder, &names, is_csv, alphasort);
	if (n < 0) {
		err = -errno;
		engine_error_set(e, "%s: %s", folder, strerror(errno));
		return err;
	}
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (!err)
			err = add_file(f, path, e);
		free(names[i]);
	}
	free(names);
	return err;
}

void forms_free(struct forms *f)
{
	enum form form;

	for (form = 0; form < FORMS; form++)
		csv_free(&f->table[form]);
	while (f->n_unknown)
		free(f->unknown[--f->n_unknown]);
	free(f->unknown);
	*f = (struct forms) { 0 };
}
