// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The headline of H3 (Ha et al., IEEE CAL 2026): weights and shared KV in HBF, the requests' own in
 * HBM, over what it depends on.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "sim/capacity.h"
#include "sim/models.h"
#include "sim/table.h"
#include "sim/thermal.h"

/* Numbers that can be varied: as [table] has them, or a section [vary ...] with another one. */
enum number {
	HBM_BYTES, HBM_BPS, HBF_BPS, OPS, GPU_WATTS, HBM_WATTS, HBF_WATTS, LATENCY_NS,
	REQUEST_TOKENS, KV_NUMBER_BYTES, DEVICES_FACTOR, EXPOSED, OVERLAP, ATTENTION, NUMBERS
};

static const char *const contexts[] = { "1M", "10M", NULL };
static const char *const most[] = { "10M", NULL };
static const char *const vary[] = { "vary", NULL };

static const struct table_key main_keys[] = {
	{ "model", TABLE_NAME, 0, 0 },
	{ "stacks", TABLE_NUMBER, 1, 64 },
	{ "dies", TABLE_NUMBER, 1, THERMAL_DIES_MAX },
	{ "area_mm2", TABLE_NUMBER, 1, 10000 },
	{ "buffer_mb", TABLE_PUBLISHED, 0, 0 },
	{ NULL }
};

/* By enum number. */
static const struct table_key number_keys[] = {
	{ "hbm_bytes", TABLE_NUMBER, 1, 1e15 },
	{ "hbm_bps", TABLE_NUMBER, 1, 1e18 },
	{ "hbf_bps", TABLE_NUMBER, 1, 1e18 },
	{ "ops", TABLE_NUMBER, 1, 1e21 },
	{ "gpu_watts", TABLE_NUMBER, 0, 1e6 },
	{ "hbm_watts", TABLE_NUMBER, 0, 1e6 },
	{ "hbf_watts", TABLE_NUMBER, 0, 1e6 },
	{ "latency_ns", TABLE_NUMBER, 0, 1e9 },
	{ "request_tokens", TABLE_NUMBER, 1, 1e9 },
	{ "kv_number_bytes", TABLE_NUMBER, 1, 2 },
	{ "devices_factor", TABLE_NUMBER, 1, 1024 },
	{ "exposed", TABLE_NUMBER, 0, 1 },
	{ "overlap", TABLE_NUMBER, 0, 1 },
	{ "attention", TABLE_NUMBER, 0, 1 },
	{ NULL }
};

static const struct table_key context_keys[] = {
	{ "context", TABLE_NUMBER, 1, 1e9 },
	{ "shared_tb", TABLE_PUBLISHED, 0, 0 },
	{ "batch", TABLE_PUBLISHED, 0, 0 },
	{ "throughput", TABLE_PUBLISHED, 0, 0 },
	{ NULL }
};

static const struct table_key most_keys[] = {
	{ "throughput_per_watt", TABLE_PUBLISHED, 0, 0 },
	{ "half_bandwidth_per_watt", TABLE_PUBLISHED, 0, 0 },
	{ NULL }
};

static const struct table_key vary_keys[] = {
	{ "hbf_bps", TABLE_NUMBER, 1, 1e18 },
	{ "hbf_watts", TABLE_NUMBER, 0, 1e6 },
	{ "request_tokens", TABLE_NUMBER, 1, 1e9 },
	{ "kv_number_bytes", TABLE_NUMBER, 1, 2 },
	{ "devices_factor", TABLE_NUMBER, 1, 1024 },
	{ "exposed", TABLE_NUMBER, 0, 1 },
	{ "overlap", TABLE_NUMBER, 0, 1 },
	{ "attention", TABLE_NUMBER, 0, 1 },
	{ NULL }
};

static const struct table_group groups[] = {
	{ table_main, main_keys }, { table_main, number_keys }, { contexts, context_keys },
	{ most, most_keys }, { vary, vary_keys }, { NULL }
};

static const enum number varied[] = {
	HBF_BPS, HBF_WATTS, REQUEST_TOKENS, KV_NUMBER_BYTES, DEVICES_FACTOR, EXPOSED, OVERLAP,
	ATTENTION,
};

/**
 * struct system - HBM alone, or with HBF
 */
struct system {
	struct model_config model;
	double stacks;
	double number[NUMBERS];
};

/**
 * struct gain - of HBF over HBM alone, with so many devices
 */
struct gain {
	double devices;
	double shared_bytes;
	double batch;
	double throughput;
	double per_watt;
};

static double kv_bytes(const struct system *s, double tokens)
{
	const struct capacity_shard one = { 1, 1, 1 };

	return (double)capacity_kv_bytes(&s->model, &one, 0, (uint64_t)tokens);
}

static double weight_bytes(const struct system *s)
{
	const struct capacity_shard one = { 1, 1, 1 };
	struct capacity_weights w = capacity_weights(&s->model, &one, 0);

	return (double)(w.embedding + w.common + w.experts);
}

/* Devices are bought by powers of two. */
static double devices_of(const struct system *s, double bytes)
{
	double least = ceil(bytes / s->number[HBM_BYTES]);

	return exp2(ceil(log2(least))) * s->number[DEVICES_FACTOR];
}

/* Seconds of a step of so many requests a device; HBM is full. */
static double step_seconds(const struct system *s, double hbf_bytes, double requests,
			   double context)
{
	const struct model_work token = {
		.tokens = 1,
		.sampled = 1,
		.decode_context = s->number[ATTENTION] > 0 ? (uint64_t)context : 0,
	};
	double hbm = s->number[HBM_BYTES] / s->number[HBM_BPS];
	double hbf = hbf_bytes / s->number[HBF_BPS];
	double compute = requests * (double)model_flops(&s->model, &token) / s->number[OPS];

	if (hbf_bytes > 0)
		hbf += s->number[EXPOSED] * s->model.layers * s->number[LATENCY_NS] / 1e9;
	return s->number[OVERLAP] > 0 ? fmax(fmax(hbm, hbf), compute) : hbm + hbf + compute;
}

static struct gain gain_of(const struct system *s, double context)
{
	const double *n = s->number;
	double shared = kv_bytes(s, context), fixed = weight_bytes(s) + shared;
	double devices = devices_of(s, fixed), all = devices * n[HBM_BYTES];
	double request = n[REQUEST_TOKENS] * kv_bytes(s, 1);
	double alone = (all - fixed) / request / devices, with = all / request / devices;
	double watts = n[GPU_WATTS] + s->stacks * n[HBM_WATTS];
	struct gain g = { .devices = devices, .shared_bytes = shared, .batch = with / alone };

	g.throughput = g.batch * step_seconds(s, 0, alone, context) /
		       step_seconds(s, fixed / devices, with, context);
	g.per_watt = g.throughput * watts / (watts + s->stacks * n[HBF_WATTS]);
	return g;
}

/* ---- rows ---- */

static void add_base(struct table *t, const struct system *s, const char *context)
{
	struct gain g = gain_of(s, table_number(&t->in, context, "context"));
	struct table_row *r;

	r = table_add(t, context, "shared KV", "TB", g.shared_bytes / 1e12,
		      "2 x layers x kv_heads x head_dim x kv_number_bytes x context");
	table_publish(t, r, context, "shared_tb");
	r = table_add(t, context, "batch", "x", g.batch,
		      "%g devices: HBM / (HBM - weights - shared KV)", g.devices);
	table_publish(t, r, context, "batch");
	r = table_add(t, context, "throughput", "x", g.throughput,
		      "batch / step; step = HBM + HBF + operations, one after the other");
	table_publish(t, r, context, "throughput");
	r = table_add(t, context, "throughput per watt", "x", g.per_watt,
		      "throughput x power of HBM alone / power with HBF");
	if (!strcmp(context, "10M"))
		table_publish(t, r, context, "throughput_per_watt");
}

static void add_device(struct table *t, const struct system *s)
{
	const double *n = s->number;
	double hbm = n[GPU_WATTS] + s->stacks * n[HBM_WATTS], hbf = s->stacks * n[HBF_WATTS];
	struct thermal_stack stack;
	struct table_row *r;

	r = table_add(t, "stack", "buffer", "MB",
		      2 * n[HBF_BPS] / s->stacks * n[LATENCY_NS] / 1e15,
		      "2 x bandwidth x latency");
	table_publish(t, r, NULL, "buffer_mb");
	thermal_init(&stack, (unsigned int)table_number(&t->in, NULL, "dies"),
		     table_number(&t->in, NULL, "area_mm2"));
	table_add(t, "stack", "hottest die", "C", thermal_steady_c(&stack, n[HBF_WATTS]),
		  "at %g W; it may be %g C", n[HBF_WATTS], stack.limit_c);
	table_add(t, "device", "power of HBM alone", "W", hbm, "gpu_watts + stacks x hbm_watts");
	table_add(t, "device", "power with HBF", "W", hbm + hbf, "the same + stacks x hbf_watts");
}

static void add_varied(struct table *t, const struct system *base, enum number i)
{
	double context = table_number(&t->in, "10M", "context");
	const char *name = number_keys[i].name;
	struct system s = *base;
	struct table_row *r;
	struct gain g;

	s.number[i] = table_number(&t->in, "vary", name);
	s.model.kv_dtype = (enum model_dtype)s.number[KV_NUMBER_BYTES];
	g = gain_of(&s, context);
	table_add(t, name, "10M: batch", "x", g.batch, "%s = %g", name, s.number[i]);
	table_add(t, name, "10M: throughput", "x", g.throughput, "%s = %g", name, s.number[i]);
	r = table_add(t, name, "10M: throughput per watt", "x", g.per_watt, "%s = %g", name,
		      s.number[i]);
	if (i == HBF_BPS)
		table_publish(t, r, "10M", "half_bandwidth_per_watt");
}

static int read_system(const struct table_inputs *in, struct system *s, struct engine_error *e)
{
	unsigned int i;
	int err = sim_model_find(table_text(in, NULL, "model"), MODEL_FP8, &s->model, e);

	s->stacks = table_number(in, NULL, "stacks");
	for (i = 0; i < NUMBERS; i++)
		s->number[i] = table_number(in, NULL, number_keys[i].name);
	s->model.kv_dtype = (enum model_dtype)s->number[KV_NUMBER_BYTES];
	return err;
}

static int compute(struct table *t, struct engine_error *e)
{
	struct system s;
	size_t i;
	int err = read_system(&t->in, &s, e);

	if (err)
		return err;
	add_base(t, &s, "1M");
	add_base(t, &s, "10M");
	add_device(t, &s);
	for (i = 0; i < sizeof(varied) / sizeof(varied[0]); i++)
		add_varied(t, &s, varied[i]);
	return 0;
}

const struct table_definition table_h3 = { "h3", groups, compute };
