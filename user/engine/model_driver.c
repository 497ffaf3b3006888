// SPDX-License-Identifier: LGPL-2.1-or-later
/* Model driver: what the engine's accesses cost, by the tier model alone. */
#include "engine/model_driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/fit.h"

/**
 * struct driver_load - what the running step asked of a tier
 * @read, @write: by class, in whole granules
 * @in, @out: of migrations since the last step
 */
struct driver_load {
	__u64 read[TMODEL_CLASSES];
	__u64 write[TMODEL_CLASSES];
	__u64 in;
	__u64 out;
	__u64 exposed_ns;
};

/**
 * struct driver_tier - a tier
 * @energy: of accesses by class
 * @capacity_bytes, @free_bytes: modelled, whole extents
 */
struct driver_tier {
	struct driver_load load;
	struct terrace_ledger_entry entry[TMODEL_CLASSES];
	struct tmodel_energy energy[TMODEL_CLASSES];
	struct tmodel_energy migration;
	struct tmodel_energy idle;
	struct tmodel_wear wear;
	__u64 busy_ns;
	__u64 load_bytes;
	__u64 capacity_bytes;
	__u64 free_bytes;
};

/**
 * struct model_driver - the driver
 * @extents: @n_weights extents of the weights, then @n_kv extents of the KV
 * @live: by KV extent, blocks in it that have content
 * @has_content: by block
 * @moves: room for what the policy decides
 */
struct model_driver {
	struct engine_tierfile file;
	const struct layout *layout;
	struct policy_options policy;
	uint32_t extent_shift;
	struct policy_extent *extents;
	size_t n_weights;
	size_t n_kv;
	uint32_t *live;
	bool *has_content;
	struct policy_move *moves;
	struct driver_tier tiers[TMODEL_TIERS_MAX];
	struct tmodel_energy accel;
	struct tmodel_sat sat;
	__u64 clock_ns;
	__u64 step_now_ns;
	__u64 step_flops;
	__u64 migrations;
};

/* Add, saturating and counted. */
static void sum(struct model_driver *d, __u64 *to, __u64 n)
{
	*to = tmodel_add(*to, n, &d->sat);
}

/* ---- placement ---- */

/* Take room for the extents of a buffer, as the device does. */
static int place_extents(struct model_driver *d, size_t first, size_t n, uint32_t class_id,
			 struct engine_error *e)
{
	__u64 bytes = 1ULL << d->extent_shift << d->layout->scale_shift;
	uint32_t order[TMODEL_TIERS_MAX];
	uint32_t n_order = fit_place_order(&d->file, class_id, order);
	uint32_t at = 0;

	for (size_t i = 0; i < n; i++) {
		while (at < n_order && d->tiers[order[at]].free_bytes < bytes)
			at++;
		if (at == n_order) {
			engine_error_set(e, "the tiers are short by %llu modelled bytes; take fewer blocks of KV",
					 (unsigned long long)((n - i) * bytes));
			return -ENOSPC;
		}
		d->extents[first + i] = (struct policy_extent) {
			.bytes = bytes,
			.moved_ns = POLICY_NEVER,
			.tier = (uint16_t)order[at],
			.class_id = (uint8_t)class_id,
		};
		d->tiers[order[at]].free_bytes -= bytes;
	}
	return 0;
}

static int place(struct model_driver *d, struct engine_error *e)
{
	int err = place_extents(d, 0, d->n_weights, TERRACE_CLASS_WEIGHTS, e);

	return err ? err : place_extents(d, d->n_weights, d->n_kv, TERRACE_CLASS_KV, e);
}

static size_t extents_for(const struct model_driver *d, __u64 bytes)
{
	return (size_t)((bytes + (1ULL << d->extent_shift) - 1) >> d->extent_shift);
}

static int allocate(struct model_driver *d, const struct model_driver_options *o,
		    struct engine_error *e)
{
	d->n_weights = extents_for(d, o->layout->weights_real_bytes);
	d->n_kv = extents_for(d, o->kv_blocks * o->layout->block_real_bytes);
	d->extents = calloc(d->n_weights + d->n_kv, sizeof(*d->extents));
	d->live = calloc(d->n_kv, sizeof(*d->live));
	d->has_content = calloc(o->kv_blocks, sizeof(*d->has_content));
	d->moves = calloc(o->policy.max_moves ? o->policy.max_moves : 1, sizeof(*d->moves));
	if (d->extents && d->live && d->has_content && d->moves)
		return 0;
	engine_error_set(e, "no memory for %zu extents; take larger ones", d->n_weights + d->n_kv);
	return -ENOMEM;
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
	d->file = *options->tiers;
	d->layout = options->layout;
	d->policy = options->policy;
	d->extent_shift = (uint32_t)__builtin_ctzll(options->extent_bytes);
	for (uint32_t i = 0; i < d->file.n_tiers; i++) {
		d->tiers[i].free_bytes = fit.tier_bytes[i] << d->layout->scale_shift;
		d->tiers[i].capacity_bytes = d->tiers[i].free_bytes;
		tmodel_wear_init(&d->tiers[i].wear, 0);
	}
	err = allocate(d, options, e);
	if (!err)
		err = place(d, e);
	if (err) {
		model_driver_free(d);
		return err;
	}
	*out = d;
	return 0;
}

void model_driver_free(struct model_driver *d)
{
	if (!d)
		return;
	free(d->extents);
	free(d->live);
	free(d->has_content);
	free(d->moves);
	free(d);
}

/* ---- charging ---- */

static const struct tmodel_profile *profile(const struct model_driver *d, uint32_t tier)
{
	return &d->file.tiers[tier].profile;
}

/* Charge real bytes that lie on one tier. */
static void charge_run(struct model_driver *d, const struct engine_access *a, uint32_t tier,
		       __u64 offset, __u64 bytes)
{
	const struct tmodel_profile *p = profile(d, tier);
	enum tmodel_dir dir = a->write ? TMODEL_WRITE : TMODEL_READ;
	struct driver_load *load = &d->tiers[tier].load;
	uint32_t shift = d->layout->scale_shift;
	__u64 moved = tmodel_granules_bytes(p, dir, offset << shift, bytes << shift, &d->sat);

	sum(d, a->write ? &load->write[a->class_id] : &load->read[a->class_id], moved);
	if (a->dependent)
		sum(d, &load->exposed_ns, tmodel_exposed_ns(p, dir, moved, 1000, &d->sat));
}

static int driver_access(void *ctx, const struct engine_access *a, struct engine_error *e)
{
	struct model_driver *d = ctx;
	size_t base = a->class_id == TERRACE_CLASS_KV ? d->n_weights : 0;
	struct policy_extent *x = &d->extents[base];
	__u64 start = a->buffer_offset;
	__u64 end = start + a->real_bytes;
	size_t last = (size_t)((end - 1) >> d->extent_shift);
	size_t i = (size_t)(start >> d->extent_shift);

	(void)e;
	for (; i < last; i++) {
		__u64 stop = (__u64)(i + 1) << d->extent_shift;

		policy_touch(&x[i], d->step_now_ns, d->policy.half_life_ns);
		if (x[i + 1].tier == x[i].tier)
			continue;
		charge_run(d, a, x[i].tier, start, stop - start);
		start = stop;
	}
	policy_touch(&x[last], d->step_now_ns, d->policy.half_life_ns);
	charge_run(d, a, x[last].tier, start, end - start);
	return 0;
}

static void book(struct model_driver *d, uint32_t tier, uint32_t class_id, enum tmodel_dir dir,
		 __u64 bytes)
{
	struct driver_tier *t = &d->tiers[tier];
	struct terrace_ledger_entry *entry = &t->entry[class_id];

	sum(d, dir == TMODEL_READ ? &entry->model_read_bytes : &entry->model_write_bytes, bytes);
	tmodel_energy_access(&t->energy[class_id], profile(d, tier), dir, bytes, 0, &d->sat);
	entry->model_energy_uj = t->energy[class_id].uj;
}

/* Book a tier's load of the step. Return: its time. */
static __u64 charge_tier(struct model_driver *d, uint32_t tier)
{
	struct driver_tier *t = &d->tiers[tier];
	struct tmodel_tier_load load = { .exposed_ns = t->load.exposed_ns };
	__u64 ns;

	for (uint32_t c = 0; c < TMODEL_CLASSES; c++) {
		sum(d, &load.read_bytes, t->load.read[c]);
		sum(d, &load.write_bytes, t->load.write[c]);
		book(d, tier, c, TMODEL_READ, t->load.read[c]);
		book(d, tier, c, TMODEL_WRITE, t->load.write[c]);
	}
	if (load.write_bytes)
		tmodel_wear_write(&t->wear, profile(d, tier), d->clock_ns, load.write_bytes,
				  &d->sat);
	sum(d, &load.read_bytes, t->load.out);
	sum(d, &load.write_bytes, t->load.in);
	ns = tmodel_tier_ns(profile(d, tier), &load, 1000, &d->sat);
	sum(d, &t->busy_ns, ns);
	t->load = (struct driver_load) {};
	return ns;
}

/* Model time goes on, and with it idle power. */
static void pass_time(struct model_driver *d, __u64 compute_ns, __u64 ns)
{
	sum(d, &d->clock_ns, ns);
	for (uint32_t i = 0; i < d->file.n_tiers; i++)
		tmodel_energy_power(&d->tiers[i].idle, profile(d, i)->idle_uw, ns, &d->sat);
	tmodel_accel_energy(&d->accel, &d->file.accel, compute_ns, ns, &d->sat);
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
		tmodel_bound_add(&bound, i, charge_tier(d, i), &d->sat);
	pass_time(d, bound.compute_ns, bound.overlapped_ns);
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
	for (size_t i = 0; i < d->n_weights; i++)
		d->extents[i].sealed = true;
	for (uint32_t i = 0; i < d->file.n_tiers; i++) {
		struct driver_tier *t = &d->tiers[i];
		__u64 written = t->entry[TERRACE_CLASS_WEIGHTS].model_write_bytes;

		*t = (struct driver_tier) {
			.capacity_bytes = t->capacity_bytes,
			.free_bytes = t->free_bytes,
			.load_bytes = written,
		};
		tmodel_wear_init(&t->wear, d->clock_ns);
	}
	d->accel = (struct tmodel_energy) {};
	return 0;
}

static int driver_advance(void *ctx, uint64_t ns, struct engine_error *e)
{
	struct model_driver *d = ctx;

	(void)e;
	pass_time(d, 0, ns);
	return 0;
}

/* ---- content and migration ---- */

static int driver_kv(void *ctx, enum sched_kv_event event, uint32_t block, uint64_t content,
		     struct engine_error *e)
{
	struct model_driver *d = ctx;
	__u64 start = block * d->layout->block_real_bytes;
	__u64 last = (start + d->layout->block_real_bytes - 1) >> d->extent_shift;
	bool has = event != SCHED_KV_FREE;

	(void)content;
	(void)e;
	if (d->has_content[block] == has)
		return 0;
	d->has_content[block] = has;
	for (__u64 i = start >> d->extent_shift; i <= last; i++)
		d->live[i] += has ? 1 : -1;
	return 0;
}

/* Extents without content change their home without a byte being moved. */
static bool is_empty(const struct model_driver *d, size_t extent)
{
	return extent >= d->n_weights && !d->live[extent - d->n_weights];
}

static void charge_move(struct model_driver *d, const struct policy_move *m)
{
	__u64 bytes = d->extents[m->extent].bytes;
	uint32_t class_id = d->extents[m->extent].class_id;
	struct driver_tier *from = &d->tiers[m->from];
	struct driver_tier *to = &d->tiers[m->to];
	__u64 out = tmodel_granules_bytes(profile(d, m->from), TMODEL_READ, 0, bytes, &d->sat);
	__u64 in = tmodel_granules_bytes(profile(d, m->to), TMODEL_WRITE, 0, bytes, &d->sat);

	sum(d, &from->load.out, out);
	sum(d, &from->entry[class_id].model_out_bytes, out);
	tmodel_energy_access(&from->migration, profile(d, m->from), TMODEL_READ, out, 0, &d->sat);
	sum(d, &to->load.in, in);
	sum(d, &to->entry[class_id].model_in_bytes, in);
	tmodel_energy_access(&to->migration, profile(d, m->to), TMODEL_WRITE, in, 0, &d->sat);
	tmodel_wear_write(&to->wear, profile(d, m->to), d->clock_ns, in, &d->sat);
	d->migrations++;
}

static void do_move(struct model_driver *d, const struct policy_move *m, __u64 now_ns)
{
	struct policy_extent *x = &d->extents[m->extent];

	if (!is_empty(d, m->extent))
		charge_move(d, m);
	d->tiers[m->from].free_bytes += x->bytes;
	d->tiers[m->to].free_bytes -= x->bytes;
	x->tier = (uint16_t)m->to;
	x->moved_ns = now_ns;
}

static int driver_rebalance(void *ctx, uint64_t now_ns, struct engine_error *e)
{
	struct policy_tier tiers[TMODEL_TIERS_MAX] = {};
	struct model_driver *d = ctx;
	size_t n_moves;
	int err;

	for (uint32_t i = 0; i < d->file.n_tiers; i++) {
		const struct engine_tier *t = &d->file.tiers[i];

		tiers[i] = (struct policy_tier) {
			.online = true,
			.rank = t->rank,
			.classes = t->classes,
			.capacity_bytes = d->tiers[i].capacity_bytes,
			.free_bytes = d->tiers[i].free_bytes,
			.read_bps = t->profile.read_bps,
			.endurance_cycles = t->profile.endurance_cycles,
		};
	}
	err = policy_decide(&d->policy, tiers, d->file.n_tiers, d->extents,
			    d->n_weights + d->n_kv, now_ns, d->moves, &n_moves);
	if (err)
		engine_error_set(e, "the policy could not decide: its options are out of range, or memory is short");
	for (size_t i = 0; i < n_moves; i++)
		do_move(d, &d->moves[i], now_ns);
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

static void fill_tier(const struct model_driver *d, uint32_t tier, struct ledger_tier *l,
		      struct tmodel_sat *sat)
{
	const struct driver_tier *t = &d->tiers[tier];
	const struct tmodel_profile *p = profile(d, tier);

	memcpy(l->name, d->file.tiers[tier].name, sizeof(l->name));
	memcpy(l->class, t->entry, sizeof(l->class));
	l->rank = d->file.tiers[tier].rank;
	l->capacity_bytes = p->capacity_bytes;
	l->read_bps = p->read_bps;
	l->busy_ns = t->busy_ns;
	l->migration_uj = t->migration.uj;
	l->idle_uj = t->idle.uj;
	l->load_bytes = t->load_bytes;
	l->wears = p->endurance_cycles;
	if (!l->wears)
		return;
	l->host_bytes = t->wear.host_bytes;
	l->media_bytes = t->wear.media_bytes;
	l->cycles_milli = tmodel_wear_cycles_milli(&t->wear, p, sat);
	tmodel_wear_lifetime(&t->wear, p, d->clock_ns, &l->lifetime, sat);
}

void model_driver_ledger(const struct model_driver *d, struct ledger *l)
{
	struct tmodel_sat sat = d->sat;

	*l = (struct ledger) {
		.charging = TERRACE_CHARGING_DECLARED,
		.simulated = true,
		.n_tiers = d->file.n_tiers,
		.accel_uj = d->accel.uj,
		.migrations = d->migrations,
	};
	for (uint32_t i = 0; i < d->file.n_tiers; i++)
		fill_tier(d, i, &l->tiers[i], &sat);
	l->saturations = sat.count;
}
