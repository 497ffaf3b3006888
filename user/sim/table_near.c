// SPDX-License-Identifier: LGPL-2.1-or-later
/* Processing near memory (PNM) and in memory (PIM), by the criteria of Ma & Patterson. */
#include <errno.h>
#include <math.h>

#include "engine/profile.h"
#include "sim/capacity.h"
#include "sim/models.h"
#include "sim/near.h"
#include "sim/table.h"
#include "sim/thermal.h"

#define PJ_PER_FJ	0.001

static const char *const pim[] = { "pim", NULL };
static const char *const pnm[] = { "pnm", NULL };
static const char *const sides[] = { "pim", "pnm", "winner", NULL };

static const struct table_key main_keys[] = {
	{ "model", TABLE_NAME, 0, 0 },
	{ "dtype", TABLE_NAME, 0, 0 },
	{ "context", TABLE_NUMBER, 1, 1e9 },
	{ "stack", TABLE_NAME, 0, 0 },
	{ "module", TABLE_NAME, 0, 0 },
	{ "cell_share", TABLE_NUMBER, 0.01, 1 },
	{ "dies", TABLE_NUMBER, 1, THERMAL_DIES_MAX },
	{ "area_mm2", TABLE_NUMBER, 1, 10000 },
	{ NULL }
};

static const struct table_key pim_keys[] = {
	{ "shard_bytes", TABLE_NUMBER, 1, 1e12 },
	{ NULL }
};

static const struct table_key pnm_keys[] = {
	{ "shard_bytes", TABLE_NUMBER, 1, 1e12 },
	{ "base_die_power", TABLE_PUBLISHED, 0, 0 },
	{ "shard_ratio", TABLE_PUBLISHED, 0, 0 },
	{ NULL }
};

static const struct table_key criteria[] = {
	{ "movement_power", TABLE_PUBLISHED, 0, 0 },
	{ "bandwidth_per_watt", TABLE_PUBLISHED, 0, 0 },
	{ "heat", TABLE_PUBLISHED, 0, 0 },
	{ "shard", TABLE_PUBLISHED, 0, 0 },
	{ "coupling", TABLE_PUBLISHED, 0, 0 },
	{ "logic", TABLE_PUBLISHED, 0, 0 },
	{ "density", TABLE_PUBLISHED, 0, 0 },
	{ "price", TABLE_PUBLISHED, 0, 0 },
	{ NULL }
};

static const struct table_group groups[] = {
	{ table_main, main_keys }, { pim, pim_keys }, { pnm, pnm_keys }, { sides, criteria },
	{ NULL }
};

/**
 * struct facts - what the criteria are computed from
 * @stack: memory whose base die or dies compute
 * @module: memory that computes at the end of a link
 * @stack_pj, @pnm_pj, @pim_pj, @module_pj, @module_pnm_pj: per bit: read by the accelerator, by
 *	logic near it, by logic in it
 */
struct facts {
	struct model_config model;
	struct tmodel_profile stack;
	struct tmodel_profile module;
	struct thermal_stack thermal;
	double stack_pj;
	double pnm_pj;
	double pim_pj;
	double module_pj;
	double module_pnm_pj;
};

/* ---- reading ---- */

static int read_profile(const char *name, struct tmodel_profile *out, struct engine_error *e)
{
	struct engine_profile p;
	int err = engine_profile_find_file(name, NULL, &p, e);

	if (!err)
		*out = p.model;
	return err;
}

static int read_model(const struct table_inputs *in, struct facts *f, struct engine_error *e)
{
	const char *text = table_text(in, NULL, "dtype");
	int dtype = model_dtype_parse(text);

	if (dtype > 0)
		return sim_model_find(table_text(in, NULL, "model"), dtype, &f->model, e);
	engine_error_set(e, "[table]: dtype is '%s': it must be bf16 or fp8", text);
	return -EINVAL;
}

static int read_facts(const struct table_inputs *in, struct facts *f, struct engine_error *e)
{
	int err = read_model(in, f, e) ?:
		  read_profile(table_text(in, NULL, "stack"), &f->stack, e) ?:
		  read_profile(table_text(in, NULL, "module"), &f->module, e);

	if (err)
		return err;
	f->pnm_pj = (double)f->stack.read_fj_per_bit * PJ_PER_FJ;
	f->stack_pj = f->pnm_pj + (double)f->stack.link_fj_per_bit * PJ_PER_FJ;
	f->pim_pj = f->pnm_pj * table_number(in, NULL, "cell_share");
	f->module_pnm_pj = (double)f->module.read_fj_per_bit * PJ_PER_FJ;
	f->module_pj = f->module_pnm_pj + (double)f->module.link_fj_per_bit * PJ_PER_FJ;
	thermal_init(&f->thermal, (unsigned int)table_number(in, NULL, "dies"),
		     table_number(in, NULL, "area_mm2"));
	return thermal_check(&f->thermal, "the stack", e);
}

/* ---- rows ---- */

static void add_winner(struct table *t, const char *figure, bool pim, const char *basis,
		       const char *key)
{
	struct table_row *r = table_add(t, "winner", figure, "", NAN, "%s", basis);

	r->words = pim ? "PIM" : "PNM";
	table_publish(t, r, "winner", key);
}

static void add_movement(struct table *t, const struct facts *f)
{
	const char *figure = "movement energy";
	struct table_row *r;

	r = table_add(t, "pim", figure, "pJ/bit", f->pim_pj, "stack: read_fj x cell_share");
	table_publish(t, r, "pim", "movement_power");
	r = table_add(t, "pnm", figure, "pJ/bit", f->pnm_pj, "stack: read_fj");
	table_publish(t, r, "pnm", "movement_power");
	table_add(t, "neither", figure, "pJ/bit", f->stack_pj, "stack: read_fj + link_fj");
	add_winner(t, figure, f->pim_pj < f->pnm_pj, "the lesser energy", "movement_power");
}

static void add_bandwidth(struct table *t, const struct facts *f)
{
	const char *figure = "bandwidth per watt";
	struct table_row *r;

	r = table_add(t, "pim", figure, "x", f->stack_pj / f->pim_pj,
		      "stack: (read_fj + link_fj) / (read_fj x cell_share)");
	table_publish(t, r, "pim", "bandwidth_per_watt");
	r = table_add(t, "pnm, base die", figure, "x", f->stack_pj / f->pnm_pj,
		      "stack: (read_fj + link_fj) / read_fj");
	table_publish(t, r, "pnm", "bandwidth_per_watt");
	r = table_add(t, "pnm, base die", "power at equal bandwidth", "x lower",
		      f->stack_pj / f->pnm_pj, "the same");
	table_publish(t, r, "pnm", "base_die_power");
	r = table_add(t, "pnm, module", figure, "x", f->module_pj / f->module_pnm_pj,
		      "module: (read_fj + link_fj) / read_fj");
	table_publish(t, r, "pnm", "bandwidth_per_watt");
	add_winner(t, figure, f->pim_pj < f->pnm_pj, "the lesser energy of the stack",
		   "bandwidth_per_watt");
}

/* What logic may take while the memory reads at its full rate, until the hottest die is too hot. */
static void add_heat(struct table *t, const struct facts *f)
{
	const struct thermal_stack *s = &f->thermal;
	double memory = thermal_tier_watts(&f->stack, 1000), pim = thermal_watts(s) - memory;
	double kelvin = s->limit_c - thermal_steady_c(s, memory);
	double sink = kelvin / s->sink_k_w;
	double far = kelvin / (s->sink_k_w + thermal_die_k_w(s) * s->dies);
	struct table_row *r;

	r = table_add(t, "pim", "power left for logic", "W", pim,
		      "spread over the dies: thermal limit - memory's %.3g W", memory);
	table_publish(t, r, "pim", "heat");
	r = table_add(t, "pnm", "power left for logic", "W", sink,
		      "on a die at the sink: %.3g K left / sink_k_w", kelvin);
	table_publish(t, r, "pnm", "heat");
	table_add(t, "pnm, far", "power left for logic", "W", far,
		  "on a die at the other end: heat passes all dies");
	add_winner(t, "power left for logic", pim > sink, "the larger power", "heat");
}

static int add_fit(struct table *t, const struct facts *f, enum near_kind kind, const char *side,
		   uint64_t *pieces, struct engine_error *e)
{
	const struct capacity_shard one = { 1, 1, 1 };
	struct capacity_weights w = capacity_weights(&f->model, &one, 0);
	uint64_t layer = (w.embedding + w.common + w.experts) / f->model.layers;
	struct near_module m;
	struct near_fit fit;
	int err;

	near_init(&m, kind);
	m.array_bps = 1;
	m.flops = 1;
	m.link_bps = 1;
	m.shard_bytes = (uint64_t)table_number(&t->in, side, "shard_bytes");
	err = near_check(&m, side, e);
	if (err)
		return err;
	fit = near_fit(&m, f->model.layers, layer);
	*pieces = fit.pieces;
	table_add(t, side, "shards of the model", "", (double)fit.shards,
		  "%.4g GB / shard_bytes", (double)layer * f->model.layers / 1e9);
	table_add(t, side, "pieces of a layer", "", (double)fit.pieces, "%.4g MB / shard_bytes",
		  (double)layer / 1e6);
	return 0;
}

static int add_shards(struct table *t, const struct facts *f, struct engine_error *e)
{
	struct table_range pim = table_range(table_text(&t->in, "pim", "shard"));
	struct table_range pnm = table_range(table_text(&t->in, "pnm", "shard"));
	uint64_t pim_pieces, pnm_pieces;
	struct table_row *r;
	int err;

	r = table_add(t, "pim", "shard", "MB", table_number(&t->in, "pim", "shard_bytes") / 1e6,
		      "shard_bytes");
	table_publish(t, r, "pim", "shard");
	r = table_add(t, "pnm", "shard", "GB", table_number(&t->in, "pnm", "shard_bytes") / 1e9,
		      "shard_bytes");
	table_publish(t, r, "pnm", "shard");
	r = table_add(t, "pnm", "shard, times PIM's", "x", pnm.high * 1000 / pim.low,
		      "the largest published of PNM / the smallest of PIM");
	table_publish(t, r, "pnm", "shard_ratio");
	err = add_fit(t, f, NEAR_PIM, "pim", &pim_pieces, e) ?:
	      add_fit(t, f, NEAR_PNM, "pnm", &pnm_pieces, e);
	if (!err)
		add_winner(t, "shard", pim_pieces < pnm_pieces, "fewer pieces of a layer", "shard");
	return err;
}

static void add_attention(struct table *t, const struct facts *f)
{
	const struct model_config *m = &f->model;
	struct near_work w = near_attention(table_number(&t->in, NULL, "context"), m->heads,
					    m->kv_heads, m->head_dim, m->kv_dtype);
	double joules = near_saved_joules(&w, (double)f->module.link_fj_per_bit);

	table_add(t, "pnm, module", "attention's link bytes", "x less", w.far / w.near,
		  "%.4g MB / %.4g MB a layer and token", w.far / 1e6, w.near / 1e6);
	table_add(t, "pnm, module", "attention's link energy", "J/token", joules * m->layers,
		  "saved: link_fj of the module x bits that do not cross");
}

static void add_quoted(struct table *t, const char *figure, const char *key)
{
	size_t i;

	for (i = 0; sides[i]; i++)
		table_publish(t, table_add(t, sides[i], figure, "", NAN, "not computed"), sides[i],
			      key);
}

static int compute(struct table *t, struct engine_error *e)
{
	struct facts f;
	int err = read_facts(&t->in, &f, e);

	if (err)
		return err;
	add_movement(t, &f);
	add_bandwidth(t, &f);
	add_heat(t, &f);
	err = add_shards(t, &f, e);
	if (err)
		return err;
	add_attention(t, &f);
	add_quoted(t, "memory-logic coupling", "coupling");
	add_quoted(t, "logic's process", "logic");
	add_quoted(t, "memory density", "density");
	add_quoted(t, "price of a commodity", "price");
	return 0;
}

const struct table_definition table_near = { "near", groups, compute };
