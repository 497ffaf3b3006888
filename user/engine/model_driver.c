// SPDX-License-Identifier: LGPL-2.1-or-later
/* Model driver: what the engine's accesses cost, by the tier model alone. */
#include "engine/model_driver.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/extents.h"
#include "engine/fit.h"
#include "engine/model_tier.h"

/**
 * struct model_driver - the driver
 * @resident: by extent, it was touched since it was made or discarded: it has frames
 * @clock_ns: model time since the tiers came online
 * @sealed: by tier, what was counted when the weights were sealed
 * @sealed_clock_ns, @sealed_saturations: likewise
 */
struct model_driver {
	struct engine_tierfile file;
	const struct layout *layout;
	struct extents extents;
	bool *resident;
	struct model_tier tiers[TMODEL_TIERS_MAX];
	struct tmodel_energy accel;
	struct tmodel_sat sat;
	uint64_t clock_ns;
	uint64_t step_now_ns;
	uint64_t step_flops;
	struct ledger_count sealed[TMODEL_TIERS_MAX];
	uint64_t sealed_clock_ns;
	uint64_t sealed_saturations;
};

/* ---- placement ---- */

/* Give homes to the extents of a buffer. */
static int place_extents(struct model_driver *d, size_t first, size_t end, uint32_t class_id,
			 struct engine_error *e)
{
	uint32_t order[TMODEL_TIERS_MAX];
	uint32_t n_order = fit_place_order(&d->file, class_id, order);
	uint64_t bytes = d->extents.extent[0].bytes;

	for (uint32_t i = 0; i < n_order; i++)
		for (size_t n = model_tier_take(&d->tiers[order[i]], bytes, end - first); n; n--)
			d->extents.extent[first++].tier = (uint16_t)order[i];
	if (first == end)
		return 0;
	engine_error_set(e, "the tiers are short by %llu modelled bytes; take fewer blocks of KV",
			 (unsigned long long)bytes * (end - first));
	return -ENOSPC;
}

static int place(struct model_driver *d, struct engine_error *e)
{
	const struct extents *x = &d->extents;
	int err = place_extents(d, 0, x->n_weights, TERRACE_CLASS_WEIGHTS, e);

	return err ? err : place_extents(d, x->n_weights, x->n, TERRACE_CLASS_KV, e);
}

static int init(struct model_driver *d, const struct model_driver_options *o,
		struct engine_error *e)
{
	int err = extents_init(&d->extents, o->layout, o->kv_blocks, o->extent_bytes, &o->policy,
			       e);

	if (err)
		return err;
	d->resident = calloc(d->extents.n, sizeof(*d->resident));
	if (!d->resident) {
		engine_error_set(e, "no memory for %zu extents; use a larger scale", d->extents.n);
		return -ENOMEM;
	}
	d->layout = o->layout;
	d->file = *o->tiers;
	for (uint32_t i = 0; i < d->file.n_tiers; i++)
		model_tier_init(&d->tiers[i], &d->file.tiers[i], o->layout->scale_shift, &d->sat);
	return place(d, e);
}

int model_driver_create(const struct model_driver_options *options, struct model_driver **out,
			struct engine_error *e)
{
	struct model_driver *d;
	struct fit fit;
	int err;

	*out = NULL;
	err = fit_model(options->tiers, options->layout, options->extent_bytes, &fit, e);
	if (err)
		return err;
	if (!options->kv_blocks || options->kv_blocks > fit.kv_blocks) {
		engine_error_set(e, "%u blocks of KV do not fit, %u do; take 1 to %u",
				 options->kv_blocks, fit.kv_blocks, fit.kv_blocks);
		return -ENOSPC;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		engine_error_set(e, "no memory for the model driver");
		return -ENOMEM;
	}
	err = init(d, options, e);
	if (err)
		model_driver_free(d);
	else
		*out = d;
	return err;
}

void model_driver_free(struct model_driver *d)
{
	if (!d)
		return;
	extents_free(&d->extents);
	free(d->resident);
	free(d);
}

/* ---- steps ---- */

/* Charge real bytes that lie on one tier. */
static void charge_run(struct model_driver *d, const struct engine_access *a, uint32_t tier,
		       uint64_t offset, uint64_t bytes)
{
	uint32_t shift = d->layout->scale_shift;

	model_tier_access(&d->tiers[tier], a->class_id, a->write ? TMODEL_WRITE : TMODEL_READ,
			  offset << shift, bytes << shift, a->dependent, &d->sat);
}

static int driver_access(void *ctx, const struct engine_access *a, struct engine_error *e)
{
	struct model_driver *d = ctx;
	uint64_t start = a->buffer_offset;
	uint64_t end = start + a->real_bytes;
	size_t last, i = extents_range(&d->extents, a, &last);
	uint64_t next = (start >> d->extents.shift) + 1;
	const struct policy_extent *x = d->extents.extent;

	(void)e;
	extents_touch(&d->extents, a, d->step_now_ns);
	for (; i < last; i++, next++) {
		uint64_t stop = next << d->extents.shift;

		d->resident[i] = true;
		if (x[i + 1].tier == x[i].tier)
			continue;
		charge_run(d, a, x[i].tier, start, stop - start);
		start = stop;
	}
	d->resident[last] = true;
	charge_run(d, a, x[last].tier, start, end - start);
	return 0;
}

static int driver_step_begin(void *ctx, const struct engine_step *step, struct engine_error *e)
{
	struct model_driver *d = ctx;

	(void)e;
	d->step_flops = step->flops;
	d->step_now_ns = step->now_ns;
	return 0;
}

static int driver_step_end(void *ctx, struct engine_cost *cost, struct engine_error *e)
{
	struct model_driver *d = ctx;
	struct tmodel_bound bound;

	(void)e;
	tmodel_bound_reset(&bound, tmodel_compute_ns(&d->file.accel, d->step_flops, &d->sat));
	for (uint32_t i = 0; i < d->file.n_tiers; i++)
		tmodel_bound_add(&bound, i, model_tier_step(&d->tiers[i], d->clock_ns, &d->sat),
				 &d->sat);
	d->clock_ns = tmodel_add(d->clock_ns, bound.overlapped_ns, &d->sat);
	tmodel_accel_energy(&d->accel, &d->file.accel, bound.compute_ns, bound.overlapped_ns,
			    &d->sat);
	*cost = (struct engine_cost) {
		.model_ns = bound.overlapped_ns,
		.serial_ns = bound.serial_ns,
		.compute_ns = bound.compute_ns,
	};
	return 0;
}

/* The weights are there: from here on the ledger counts. */
static int driver_seal(void *ctx, struct engine_error *e)
{
	struct model_driver *d = ctx;

	(void)e;
	for (size_t i = 0; i < d->extents.n_weights; i++)
		d->extents.extent[i].sealed = true;
	for (uint32_t i = 0; i < d->file.n_tiers; i++) {
		model_tier_count(&d->tiers[i], &d->sealed[i], &d->sat);
		d->tiers[i].busy_ns = 0;
	}
	d->sealed_clock_ns = d->clock_ns;
	d->sealed_saturations = d->sat.count;
	d->accel = (struct tmodel_energy) {};
	return 0;
}

static int driver_advance(void *ctx, uint64_t ns, struct engine_error *e)
{
	struct model_driver *d = ctx;

	(void)e;
	d->clock_ns = tmodel_add(d->clock_ns, ns, &d->sat);
	tmodel_accel_energy(&d->accel, &d->file.accel, 0, ns, &d->sat);
	return 0;
}

/* ---- content and migration ---- */

static int discard(void *ctx, size_t extent, struct engine_error *e)
{
	struct model_driver *d = ctx;

	(void)e;
	d->resident[extent] = false;
	return 0;
}

static int driver_kv(void *ctx, enum sched_kv_event event, uint32_t block, uint64_t content,
		     struct engine_error *e)
{
	struct model_driver *d = ctx;

	(void)content;
	return extents_block(&d->extents, block, event != SCHED_KV_FREE, discard, d, e);
}

static void do_move(struct model_driver *d, const struct policy_move *m, uint64_t now_ns)
{
	struct policy_extent *x = &d->extents.extent[m->extent];
	int err = model_tier_move(&d->tiers[x->tier], &d->tiers[m->to], x->class_id, x->bytes,
				  d->resident[m->extent], d->clock_ns, &d->sat);

	if (!err)
		x->tier = (uint16_t)m->to;
	extents_made(&d->extents, m, err, now_ns);
}

static int driver_rebalance(void *ctx, uint64_t now_ns, struct engine_error *e)
{
	struct policy_tier tiers[TMODEL_TIERS_MAX];
	struct model_driver *d = ctx;
	size_t n_moves;
	int err;

	for (uint32_t i = 0; i < d->file.n_tiers; i++)
		model_tier_describe(&d->tiers[i], d->clock_ns, &tiers[i]);
	err = extents_decide(&d->extents, tiers, d->file.n_tiers, now_ns, &n_moves, e);
	for (size_t i = 0; i < n_moves && !err; i++)
		do_move(d, &d->extents.moves[i], now_ns);
	return err;
}

const struct engine_ops model_driver_ops = {
	.step_begin = driver_step_begin,
	.access = driver_access,
	.step_end = driver_step_end,
	.seal = driver_seal,
	.kv = driver_kv,
	.rebalance = driver_rebalance,
	.advance = driver_advance,
};

/* ---- what it cost ---- */

void model_driver_ledger(const struct model_driver *d, struct ledger *l)
{
	uint64_t ran_ns = d->clock_ns - d->sealed_clock_ns;
	struct tmodel_sat sat = d->sat;

	*l = (struct ledger) {
		.charging = TERRACE_CHARGING_DECLARED,
		.simulated = true,
		.n_tiers = d->file.n_tiers,
		.accel_uj = d->accel.uj,
		.migrations = d->extents.moved,
	};
	for (uint32_t i = 0; i < d->file.n_tiers; i++) {
		struct ledger_count now;

		model_tier_count(&d->tiers[i], &now, &sat);
		ledger_tier_fill(&l->tiers[i], &d->file.tiers[i], &d->sealed[i], &now, ran_ns,
				 &sat);
		l->tiers[i].busy_ns = d->tiers[i].busy_ns;
	}
	l->saturations = sat.count - d->sealed_saturations;
}
