// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a step of decode waits for, by kind of use. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/accelerators.h"
#include "sim/models.h"
#include "sim/network_file.h"
#include "sim/shard.h"
#include "sim/table.h"

#define WIDE_BPS	1000000000000000ULL	/* links whose bytes take no time to speak of */
#define ALL_CLASSES	(~0U)

static const char *const trends[] = {
	"conventional", "moe", "reasoning", "multimodal", "long_context", "rag", "diffusion", NULL
};

static const struct table_key server_keys[] = {
	{ "accelerator", TABLE_NAME, 0, 0 },
	{ "network", TABLE_NAME, 0, 0 },
	{ "server_devices", TABLE_NUMBER, 1, 65536 },
	{ "primary_percent", TABLE_NUMBER, 1, 100 },
	{ "derived_percent", TABLE_NUMBER, 1, 100 },
	{ "primary_capacity_percent", TABLE_NUMBER, 1, 1000 },
	{ NULL }
};

static const struct table_key trend_keys[] = {
	{ "model", TABLE_NAME, 0, 0 },
	{ "dtype", TABLE_NAME, 0, 0 },
	{ "tp", TABLE_NUMBER, 1, 65536 },
	{ "devices", TABLE_NUMBER, 1, 65536 },
	{ "sequences", TABLE_NUMBER, 1, 65536 },
	{ "prompt", TABLE_NUMBER, 1, 1e8 },
	{ "output", TABLE_NUMBER, 1, 1e8 },
	{ "other_gb", TABLE_NUMBER, 0, 1e6 },
	{ "step_tokens", TABLE_NAME, 0, 0 },
	{ "capacity", TABLE_PUBLISHED, 0, 0 },
	{ "bandwidth", TABLE_PUBLISHED, 0, 0 },
	{ "interconnect_latency", TABLE_PUBLISHED, 0, 0 },
	{ "compute", TABLE_PUBLISHED, 0, 0 },
	{ NULL }
};

static const struct table_group groups[] = {
	{ table_main, server_keys }, { trends, trend_keys }, { NULL }
};

/**
 * struct trend - a kind of use
 * @diffusion: a step passes all tokens of a sequence through the layers, which attend to all
 */
struct trend {
	const char *name;
	struct model_config model;
	struct capacity_shard shard;
	double sequences;
	double prompt;
	double output;
	bool diffusion;
};

/**
 * struct parts - seconds of a step, one after the other
 * @latency: of collective operations, without their bytes
 * @transfer: of their bytes
 */
struct parts {
	double memory;
	double latency;
	double transfer;
	double compute;
};

/**
 * struct server - what the trends run on
 * @network: as the file has it
 */
struct server {
	struct accelerator accelerator;
	struct network network;
	struct sim_system system;
};

/* ---- reading ---- */

static int read_server(const struct table *t, struct server *s, struct engine_error *e)
{
	struct network_file file;
	int err = accelerator_find(table_text(&t->in, NULL, "accelerator"), &s->accelerator, e);

	err = err ?: network_file_find(table_text(&t->in, NULL, "network"), &file, e);
	if (!err)
		s->network = file.network;
	if (err || (s->accelerator.capacity_bytes && s->accelerator.peak_ops[ACCELERATOR_BF16]))
		return err;
	engine_error_set(e, "%s has no capacity or no BF16 rate: name another accelerator",
			 s->accelerator.name);
	return -EINVAL;
}

static int check_trend(const struct table *t, const struct trend *r, struct engine_error *e)
{
	const struct table_inputs *in = &t->in;
	double devices = table_number(in, r->name, "devices");
	const char *step = table_text(in, r->name, "step_tokens");

	if (r->shard.tp * r->shard.dp != devices ||
	    r->shard.tp != table_number(in, r->name, "tp"))
		engine_error_set(e, "[%s]: %g devices are no multiple of TP %s: change one",
				 r->name, devices, table_text(in, r->name, "tp"));
	else if (fmod(r->sequences, r->shard.dp) != 0)
		engine_error_set(e, "[%s]: %g sequences are not alike in %u groups: change one",
				 r->name, r->sequences, r->shard.dp);
	else if (r->sequences * (r->prompt + r->output) > UINT32_MAX)
		engine_error_set(e, "[%s]: %g sequences of %g tokens are more than %u: take less",
				 r->name, r->sequences, r->prompt + r->output, UINT32_MAX);
	else if (strcmp(step, "one") && strcmp(step, "all"))
		engine_error_set(e, "[%s]: step_tokens is '%s': it must be one or all", r->name,
				 step);
	else
		return 0;
	return -EINVAL;
}

static int read_trend(const struct table *t, const char *name, struct trend *r,
		      struct engine_error *e)
{
	const struct table_inputs *in = &t->in;
	int dtype = model_dtype_parse(table_text(in, name, "dtype")), err;

	*r = (struct trend) {
		.name = name,
		.sequences = table_number(in, name, "sequences"),
		.prompt = table_number(in, name, "prompt"),
		.output = table_number(in, name, "output"),
		.diffusion = !strcmp(table_text(in, name, "step_tokens"), "all"),
		.shard.tp = (uint32_t)table_number(in, name, "tp"),
		.shard.pp = 1,
	};
	r->shard.dp = (uint32_t)(table_number(in, name, "devices") / r->shard.tp);
	if (dtype < 0) {
		engine_error_set(e, "[%s]: dtype is '%s': it must be bf16 or fp8", name,
				 table_text(in, name, "dtype"));
		return -EINVAL;
	}
	err = check_trend(t, r, e);
	return err ?: sim_model_find(table_text(in, name, "model"), dtype, &r->model, e);
}

/* ---- a step ---- */

/* A memory without a limit: whether data fit is a question of its own. */
static void make_system(struct server *s, const struct trend *r, bool wide)
{
	struct engine_tierfile *tiers = &s->system.tiers;
	struct engine_tier *tier = &tiers->tiers[0];

	memset(&s->system, 0, sizeof(s->system));
	s->system.devices = r->shard.tp * r->shard.dp;
	s->system.network = s->network;
	if (wide)
		s->system.network.link_bps = WIDE_BPS;
	tiers->accel.peak_flops = s->accelerator.peak_ops[ACCELERATOR_BF16];
	tiers->accel.efficiency_permille = 1000;
	tiers->n_tiers = 1;
	strcpy(tier->name, "memory");
	tier->classes = ALL_CLASSES;
	tmodel_profile_init(&tier->profile);
	tier->profile.capacity_bytes = 1ULL << 60;
	tier->profile.read_bps = s->accelerator.bandwidth_bps;
	tier->profile.write_bps = s->accelerator.bandwidth_bps;
}

static struct serve_step step_of(const struct trend *r)
{
	double sequences = r->sequences / r->shard.dp, all = r->prompt + r->output;

	if (r->diffusion)
		return (struct serve_step) {
			.prefill_tokens = (uint32_t)(sequences * all),
			.prefill_context = (uint64_t)(sequences * all * all),
			.prefills = (uint32_t)sequences,
			.sampled = (uint32_t)(sequences * r->output),
		};
	return (struct serve_step) {
		.decodes = (uint32_t)sequences,
		.decode_context = (uint64_t)(sequences * (r->prompt + r->output / 2)),
		.sampled = (uint32_t)sequences,
	};
}

static int run_step(struct server *s, const struct trend *r, bool wide, struct shard_sums *out,
		    struct engine_error *e)
{
	struct shard_options o = { .shard = r->shard, .max_batch = 1, .max_step_tokens = 1,
				   .block_tokens = 16, .bandwidth_permille = 1000 };
	struct serve_step steps[SERVE_RANKS_MAX];
	struct shard shard;
	uint32_t i;
	int err;

	make_system(s, r, wide);
	err = shard_init(&shard, &s->system, &r->model, &o, e);
	for (i = 0; !err && i < r->shard.dp; i++)
		steps[i] = step_of(r);
	if (!err) {
		shard_step_ns(&shard, steps, r->shard.dp);
		*out = shard.sums;
	}
	shard_free(&shard);
	return err;
}

static int parts_of(struct server *s, const struct trend *r, struct parts *p,
		    struct engine_error *e)
{
	double devices = r->shard.tp * r->shard.dp, groups = r->shard.dp;
	struct shard_sums sums, wide;
	int err = run_step(s, r, false, &sums, e) ?: run_step(s, r, true, &wide, e);

	if (!err)
		*p = (struct parts) {
			.memory = sums.tier_s[0] / devices,
			.latency = wide.network_s / groups,
			.transfer = (sums.network_s - wide.network_s) / groups,
			.compute = sums.compute_s / devices,
		};
	return err;
}

/* ---- rows ---- */

/* Weights and KV once, at the sequences' full length, and what else is kept. */
static double needed_bytes(const struct table *t, const struct trend *r)
{
	const struct capacity_shard one = { 1, 1, 1 };
	struct capacity_weights w = capacity_weights(&r->model, &one, 0);
	uint64_t all = (uint64_t)(r->prompt + r->output);
	double kv = (double)capacity_kv_bytes(&r->model, &one, 0, all);

	return (double)(w.embedding + w.common + w.experts) +
	       r->sequences * (r->diffusion ? 0 : kv) +
	       table_number(&t->in, r->name, "other_gb") * 1e9;
}

static const char *word(double percent, double primary, double derived)
{
	if (percent >= primary)
		return "primary";
	return percent >= derived ? "derived" : "no";
}

static void add_capacity(struct table *t, const struct server *s, const struct trend *r)
{
	double server = table_number(&t->in, NULL, "server_devices") *
			(double)s->accelerator.capacity_bytes;
	double percent = needed_bytes(t, r) / server * 100;
	double limit = table_number(&t->in, NULL, "primary_capacity_percent");
	struct table_row *row;

	row = table_add(t, r->name, "memory capacity", "", NAN,
			"%.4g GB of weights, KV and other data: %.3g %% of a server", percent *
			server / 1e11, percent);
	row->words = word(percent, limit, limit);
	table_publish(t, row, r->name, "capacity");
}

static void add_time(struct table *t, const struct trend *r, const char *figure, double seconds,
		     double step, const char *key)
{
	double percent = seconds / step * 100;
	struct table_row *row = table_add(t, r->name, figure, "", NAN,
					  "%.3g ms: %.3g %% of the step's parts", seconds * 1e3,
					  percent);

	row->words = word(percent, table_number(&t->in, NULL, "primary_percent"),
			  table_number(&t->in, NULL, "derived_percent"));
	table_publish(t, row, r->name, key);
}

static void add_trend(struct table *t, const struct server *s, const struct trend *r,
		      const struct parts *p)
{
	double step = p->memory + p->latency + p->transfer + p->compute;

	add_capacity(t, s, r);
	add_time(t, r, "memory bandwidth", p->memory, step, "bandwidth");
	add_time(t, r, "interconnect latency", p->latency, step, "interconnect_latency");
	add_time(t, r, "compute", p->compute, step, "compute");
	table_add(t, r->name, "interconnect bandwidth", "%", p->transfer / step * 100,
		  "%.3g ms of the step's parts", p->transfer * 1e3);
}

static int compute(struct table *t, struct engine_error *e)
{
	struct server *s = calloc(1, sizeof(*s));
	struct trend r;
	struct parts p;
	int i, err;

	if (!s) {
		engine_error_set(e, "no memory: free some and try again");
		return -ENOMEM;
	}
	err = read_server(t, s, e);
	for (i = 0; !err && trends[i]; i++) {
		err = read_trend(t, trends[i], &r, e) ?: parts_of(s, &r, &p, e);
		if (!err)
			add_trend(t, s, &r, &p);
	}
	free(s);
	return err;
}

const struct table_definition table_bottlenecks = { "bottlenecks", groups, compute };
