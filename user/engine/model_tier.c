// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model_tier.h"

#include <errno.h>
#include <string.h>

#define FULL_SPEED	1000	/* permille: nothing is too hot */

static const struct tmodel_profile *profile(const struct model_tier *t)
{
	return &t->tier->profile;
}

static void sum(__u64 *to, __u64 n, struct tmodel_sat *sat)
{
	*to = tmodel_add(*to, n, sat);
}

void model_tier_init(struct model_tier *t, const struct engine_tier *tier, uint32_t scale_shift,
		     struct tmodel_sat *sat)
{
	*t = (struct model_tier) {
		.tier = tier,
		.capacity_bytes = tier->profile.capacity_bytes >> scale_shift << scale_shift,
	};
	tmodel_wear_init(&t->wear, 0);
	tmodel_budget_init(&t->budget, &tier->profile, tier->classes, 0, sat);
}

size_t model_tier_take(struct model_tier *t, __u64 extent_bytes, size_t count)
{
	__u64 fit = (t->capacity_bytes - t->used_bytes) / extent_bytes;

	if (fit < count)
		count = fit;
	t->used_bytes += count * extent_bytes;
	return count;
}

/* ---- accesses ---- */

void model_tier_access(struct model_tier *t, uint32_t class_id, enum tmodel_dir dir, __u64 offset,
		       __u64 bytes, bool dependent, struct tmodel_sat *sat)
{
	__u64 moved = tmodel_granules_bytes(profile(t), dir, offset, bytes, sat);
	struct model_load *load = &t->load;

	sum(dir == TMODEL_READ ? &load->read[class_id] : &load->write[class_id], moved, sat);
	if (dependent)
		sum(&load->exposed_ns, tmodel_wear_exposed_ns(&t->wear, profile(t), dir, moved,
							      FULL_SPEED, sat), sat);
}

/* One direction of one class. */
static void book(struct model_tier *t, uint32_t class_id, enum tmodel_dir dir, __u64 bytes,
		 struct tmodel_sat *sat)
{
	struct terrace_ledger_entry *entry = &t->entry[class_id];

	sum(dir == TMODEL_READ ? &entry->model_read_bytes : &entry->model_write_bytes, bytes, sat);
	tmodel_energy_access(&t->accesses[class_id], profile(t), dir, bytes, 0, sat);
	tmodel_energy_access(&t->traffic[class_id], profile(t), dir, bytes, 0, sat);
	entry->model_energy_uj = t->accesses[class_id].uj;
}

/* It has been written: nothing is refused. */
static void wear(struct model_tier *t, __u64 now_ns, struct tmodel_sat *sat)
{
	for (uint32_t c = 0; c < TMODEL_CLASSES; c++) {
		tmodel_wear_write(&t->wear, profile(t), now_ns, t->load.write[c], sat);
		tmodel_budget_spend(&t->budget, c, now_ns, t->load.write[c]);
	}
}

__u64 model_tier_step(struct model_tier *t, __u64 now_ns, struct tmodel_sat *sat)
{
	struct tmodel_tier_load load = { .exposed_ns = t->load.exposed_ns };
	__u64 ns;

	for (uint32_t c = 0; c < TMODEL_CLASSES; c++) {
		sum(&load.read_bytes, t->load.read[c], sat);
		sum(&load.write_bytes, t->load.write[c], sat);
		book(t, c, TMODEL_READ, t->load.read[c], sat);
		book(t, c, TMODEL_WRITE, t->load.write[c], sat);
	}
	if (load.write_bytes)
		wear(t, now_ns, sat);
	sum(&load.read_bytes, t->load.out, sat);
	sum(&load.write_bytes, t->load.in, sat);
	ns = tmodel_tier_ns(profile(t), &load, FULL_SPEED, sat);
	sum(&t->busy_ns, ns, sat);
	t->load = (struct model_load) {};
	return ns;
}

/* ---- migration ---- */

static void move_out(struct model_tier *t, uint32_t class_id, __u64 extent_bytes,
		     struct tmodel_sat *sat)
{
	__u64 bytes = tmodel_granules_bytes(profile(t), TMODEL_READ, 0, extent_bytes, sat);

	sum(&t->load.out, bytes, sat);
	sum(&t->entry[class_id].model_out_bytes, bytes, sat);
	tmodel_energy_access(&t->traffic[class_id], profile(t), TMODEL_READ, bytes, 0, sat);
}

static void move_in(struct model_tier *t, uint32_t class_id, __u64 extent_bytes, __u64 now_ns,
		    struct tmodel_sat *sat)
{
	__u64 bytes = tmodel_granules_bytes(profile(t), TMODEL_WRITE, 0, extent_bytes, sat);

	sum(&t->load.in, bytes, sat);
	sum(&t->entry[class_id].model_in_bytes, bytes, sat);
	tmodel_energy_access(&t->traffic[class_id], profile(t), TMODEL_WRITE, bytes, 0, sat);
	tmodel_wear_write(&t->wear, profile(t), now_ns, bytes, sat);
}

int model_tier_move(struct model_tier *from, struct model_tier *to, uint32_t class_id,
		    __u64 extent_bytes, bool content, __u64 now_ns, struct tmodel_sat *sat)
{
	if (!model_tier_take(to, extent_bytes, 1))
		return -ENOSPC;
	if (content && !tmodel_budget_admit(&to->budget, class_id, now_ns, extent_bytes)) {
		to->used_bytes -= extent_bytes;
		return -EAGAIN;
	}
	from->used_bytes -= extent_bytes;
	if (!content)
		return 0;
	move_out(from, class_id, extent_bytes, sat);
	move_in(to, class_id, extent_bytes, now_ns, sat);
	return 0;
}

/* ---- what is known of it ---- */

/* What of a class's share may be written now; a debt leaves nothing. */
static __u64 write_left(struct model_tier *t, uint32_t class_id, __u64 now_ns)
{
	__s64 left = tmodel_budget_left(&t->budget, class_id, now_ns);

	return left > 0 ? (__u64)left : 0;
}

void model_tier_describe(struct model_tier *t, __u64 now_ns, struct policy_tier *out)
{
	*out = (struct policy_tier) {
		.online = true,
		.rank = t->tier->rank,
		.classes = t->tier->classes,
		.capacity_bytes = t->capacity_bytes,
		.free_bytes = t->capacity_bytes - t->used_bytes,
		.read_bps = t->tier->profile.read_bps,
		.endurance_cycles = t->tier->profile.endurance_cycles,
		.write_limited = true,
	};
	for (uint32_t c = 0; c < TMODEL_CLASSES; c++)
		out->write_left_bytes[c] = write_left(t, c, now_ns);
}

void model_tier_count(const struct model_tier *t, struct ledger_count *out, struct tmodel_sat *sat)
{
	struct tmodel_energy energy = {};

	for (uint32_t c = 0; c < TMODEL_CLASSES; c++)
		tmodel_energy_add(&energy, &t->traffic[c], sat);
	*out = (struct ledger_count) {
		.energy_uj = energy.uj,
		.host_bytes = t->wear.host_bytes,
		.media_bytes = t->wear.media_bytes,
		.cycles_milli = tmodel_wear_cycles_milli(&t->wear, profile(t), sat),
	};
	memcpy(out->class, t->entry, sizeof(out->class));
}
