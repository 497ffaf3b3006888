/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Digests of what the model computes from random inputs, to compare kernel and user space.
 *
 * Every function has its own digest, so that a difference names the function. An input runs every
 * function once, on numbers of all lengths, so that saturations are among the results.
 */
#ifndef _TESTS_MODEL_DIGEST_H
#define _TESTS_MODEL_DIGEST_H

#include "model_random.h"

#define MODEL_DIGEST_INPUTS	1000000
#define MODEL_DIGEST_SEED	0x7e44ace5eedULL

/* X(name), one for each digest */
#define MODEL_DIGESTS(X)						\
	X(muldiv) X(add) X(check) X(granules) X(derated) X(transfer)	\
	X(exposed) X(access) X(tier) X(compute) X(bound) X(energy)	\
	X(power) X(accel) X(wear) X(lifetime) X(budget) X(place)

#define MODEL_DIGEST_ENUM(name) MODEL_DIGEST_##name,
#define MODEL_DIGEST_NAME(name) #name,

enum model_digest_id { MODEL_DIGESTS(MODEL_DIGEST_ENUM) MODEL_DIGEST_COUNT };

/**
 * struct model_digest - the state of a run
 * @digest: by enum model_digest_id
 * @random: where the inputs come from
 * @inputs: inputs so far
 * @now_ns: a model clock that goes on by random spans, and starts again now and then
 */
struct model_digest {
	__u64 digest[MODEL_DIGEST_COUNT];
	struct model_random random;
	struct tmodel_sat sat;
	__u64 inputs;
	__u64 now_ns;
	struct tmodel_profile profile;
	struct tmodel_timeline timeline;
	struct tmodel_wear wear;
	struct tmodel_budget buckets;
	struct tmodel_bound bound;
	struct tmodel_energy energy;
	struct tmodel_place_tier tiers[TMODEL_TIERS_MAX];
};

static inline void model_digest_put(struct model_digest *d, enum model_digest_id id, __u64 value)
{
	__u64 x = (d->digest[id] ^ value) * 0x9e3779b97f4a7c15ULL;

	d->digest[id] = x ^ x >> 29;
}

static inline __u64 model_digest_any(struct model_digest *d)
{
	return model_random_any(&d->random);
}

static inline enum tmodel_dir model_digest_dir(struct model_digest *d)
{
	return model_random_next(&d->random) & 1 ? TMODEL_READ : TMODEL_WRITE;
}

static inline __u32 model_digest_derate(struct model_digest *d)
{
	return model_random_next(&d->random) % 1001;
}

static inline void model_digest_arith(struct model_digest *d)
{
	__u64 a = model_digest_any(d);
	__u64 b = model_digest_any(d);
	__u64 c = model_digest_any(d);

	model_digest_put(d, MODEL_DIGEST_muldiv, tmodel_muldiv(a, b, c, TMODEL_DOWN, &d->sat));
	model_digest_put(d, MODEL_DIGEST_muldiv, tmodel_muldiv(a, b, c, TMODEL_UP, &d->sat));
	model_digest_put(d, MODEL_DIGEST_muldiv, d->sat.count);
	model_digest_put(d, MODEL_DIGEST_add, tmodel_add(a, b, &d->sat));
	model_digest_put(d, MODEL_DIGEST_add, d->sat.count);
}

static inline void model_digest_check(struct model_digest *d)
{
	struct tmodel_profile p = d->profile;
	__u64 *fields = (__u64 *)&p;
	const char *field = "";

	fields[model_random_next(&d->random) % (sizeof(p) / sizeof(*fields))] = model_digest_any(d);
	model_digest_put(d, MODEL_DIGEST_check, tmodel_profile_check(&p, &field));
	for (; *field; field++)
		model_digest_put(d, MODEL_DIGEST_check, *field);
}

static inline void model_digest_access(struct model_digest *d)
{
	const struct tmodel_profile *p = &d->profile;
	enum tmodel_dir dir = model_digest_dir(d);
	__u32 derate = model_digest_derate(d);
	__u64 offset = model_digest_any(d);
	__u64 bytes = model_digest_any(d);

	model_digest_put(d, MODEL_DIGEST_granules,
			 tmodel_granules_bytes(p, dir, offset, bytes, &d->sat));
	model_digest_put(d, MODEL_DIGEST_derated, tmodel_derated_bps(bytes, derate));
	model_digest_put(d, MODEL_DIGEST_transfer,
			 tmodel_transfer_ns(p, dir, bytes, derate, &d->sat));
	model_digest_put(d, MODEL_DIGEST_exposed,
			 tmodel_exposed_ns(p, dir, bytes, derate, &d->sat));
	model_digest_put(d, MODEL_DIGEST_access,
			 tmodel_access(&d->timeline, p, dir, d->now_ns, bytes, derate, &d->sat));
	model_digest_put(d, MODEL_DIGEST_access, d->timeline.busy_ns);
	model_digest_put(d, MODEL_DIGEST_access, d->timeline.next);
}

static inline void model_digest_step(struct model_digest *d)
{
	struct tmodel_tier_load load = {};
	struct tmodel_accel accel = {};
	__u64 tier_ns;

	load.read_bytes = model_digest_any(d);
	load.write_bytes = model_digest_any(d);
	load.exposed_ns = model_digest_any(d);
	accel.peak_flops = model_digest_any(d);
	accel.efficiency_permille = model_random_next(&d->random) % 1001;
	accel.idle_uw = model_digest_any(d);
	accel.active_uw = model_digest_any(d);

	tier_ns = tmodel_tier_ns(&d->profile, &load, model_digest_derate(d), &d->sat);
	model_digest_put(d, MODEL_DIGEST_tier, tier_ns);
	model_digest_put(d, MODEL_DIGEST_compute,
			 tmodel_compute_ns(&accel, model_digest_any(d), &d->sat));
	if (!(d->inputs % TMODEL_TIERS_MAX))
		tmodel_bound_reset(&d->bound, model_digest_any(d));
	tmodel_bound_add(&d->bound, d->inputs % TMODEL_TIERS_MAX, tier_ns, &d->sat);
	model_digest_put(d, MODEL_DIGEST_bound, d->bound.overlapped_ns);
	model_digest_put(d, MODEL_DIGEST_bound, d->bound.serial_ns);

	d->energy = (struct tmodel_energy) {};
	tmodel_accel_energy(&d->energy, &accel, load.read_bytes, tier_ns, &d->sat);
	model_digest_put(d, MODEL_DIGEST_accel, d->energy.uj);
	model_digest_put(d, MODEL_DIGEST_accel, d->energy.rest_fj);
}

static inline void model_digest_energy(struct model_digest *d)
{
	enum tmodel_dir dir = model_digest_dir(d);
	int near = model_random_next(&d->random) & 1;
	__u64 bytes = model_digest_any(d);
	__u64 uw = model_digest_any(d);

	tmodel_energy_access(&d->energy, &d->profile, dir, bytes, near, &d->sat);
	model_digest_put(d, MODEL_DIGEST_energy, d->energy.uj);
	model_digest_put(d, MODEL_DIGEST_energy, d->energy.rest_fj);
	d->energy.uj = 0;
	tmodel_energy_power(&d->energy, uw, bytes, &d->sat);
	model_digest_put(d, MODEL_DIGEST_power, d->energy.uj);
	model_digest_put(d, MODEL_DIGEST_power, d->energy.rest_fj);
}

static inline void model_digest_wear(struct model_digest *d)
{
	__u64 pick = model_digest_any(d);
	struct tmodel_lifetime life;

	tmodel_wear_write(&d->wear, &d->profile, d->now_ns, model_digest_any(d) >> 16, &d->sat);
	model_digest_put(d, MODEL_DIGEST_wear, d->wear.media_bytes);
	model_digest_put(d, MODEL_DIGEST_wear, tmodel_wear_day_bytes(&d->wear, d->now_ns));
	model_digest_put(d, MODEL_DIGEST_wear,
			 tmodel_wear_cycles_milli(&d->wear, &d->profile, &d->sat));
	tmodel_wear_lifetime(&d->wear, &d->profile, d->now_ns, &life, &d->sat);
	model_digest_put(d, MODEL_DIGEST_lifetime, life.seconds);
	model_digest_put(d, MODEL_DIGEST_lifetime, life.valid << 1 | life.extrapolated);
	model_digest_put(d, MODEL_DIGEST_lifetime,
			 tmodel_wear_retry_ns(&d->wear, &d->profile, &d->sat));
	model_digest_put(d, MODEL_DIGEST_lifetime,
			 tmodel_wear_exposed_ns(&d->wear, &d->profile, pick & 1, pick, 1000,
						&d->sat));
	model_digest_put(d, MODEL_DIGEST_lifetime,
			 tmodel_wear_age(&d->profile, model_digest_any(d) >> 32,
					 model_digest_any(d)));
	model_digest_put(d, MODEL_DIGEST_budget, tmodel_wear_budget(&d->profile, &d->sat));
}

static inline void model_digest_budget(struct model_digest *d)
{
	__u64 pick = model_random_next(&d->random);
	__u32 class_id = pick % TMODEL_CLASSES;
	__u64 bytes = model_digest_any(d);

	if (!(pick >> 8 & 15))
		tmodel_budget_init(&d->buckets, &d->profile, pick >> 12 & 15, d->now_ns, &d->sat);
	if (pick >> 16 & 1)
		tmodel_budget_spend(&d->buckets, class_id, d->now_ns, bytes);
	else if (tmodel_budget_admit(&d->buckets, class_id, d->now_ns, bytes) && pick >> 17 & 1)
		tmodel_budget_refund(&d->buckets, class_id, bytes);
	model_digest_put(d, MODEL_DIGEST_budget,
			 tmodel_budget_left(&d->buckets, class_id, d->now_ns));
}

static inline void model_digest_place(struct model_digest *d)
{
	__u64 pick = model_random_next(&d->random);
	struct tmodel_place_tier *t = &d->tiers[pick % TMODEL_TIERS_MAX];
	__u32 order[TMODEL_TIERS_MAX];
	__u32 n, i;

	t->online = pick >> 4 & 1;
	t->rank = pick >> 5 & 31;
	t->classes = pick >> 10 & 15;
	t->endurance_cycles = pick >> 14 & 1;
	t->read_bps = pick >> 60;
	n = tmodel_place_order(d->tiers, pick >> 20 & 31, pick >> 25 & 7, order);
	for (i = 0; i < n; i++)
		model_digest_put(d, MODEL_DIGEST_place, order[i]);
	model_digest_put(d, MODEL_DIGEST_place, n);
}

/* A new memory every 64 inputs, of few channels but for every sixteenth: they cost most. */
static inline void model_digest_memory(struct model_digest *d)
{
	if (d->inputs % 64)
		return;
	model_random_profile(&d->random, &d->profile);
	if (d->inputs % 1024)
		d->profile.channels = 1 + d->profile.channels % 4;
	d->now_ns = model_digest_any(d) >> 4;
	d->timeline = (struct tmodel_timeline) {};
	tmodel_wear_init(&d->wear, d->now_ns);
}

static inline void model_digest_begin(struct model_digest *d)
{
	*d = (struct model_digest) { .random = { .state = MODEL_DIGEST_SEED } };
}

static inline void model_digest_input(struct model_digest *d)
{
	model_digest_memory(d);
	model_digest_arith(d);
	model_digest_check(d);
	model_digest_access(d);
	model_digest_step(d);
	model_digest_energy(d);
	model_digest_wear(d);
	model_digest_budget(d);
	model_digest_place(d);
	d->now_ns += model_digest_any(d) >> 12;
	d->inputs++;
}

#endif /* _TESTS_MODEL_DIGEST_H */
