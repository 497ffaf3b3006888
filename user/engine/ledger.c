// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ledger: sums over tiers and classes. */
#include "engine/ledger.h"

#include <string.h>

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* ---- what came of a run ---- */

static void subtract_entry(struct terrace_ledger_entry *to, const struct terrace_ledger_entry *now,
			   const struct terrace_ledger_entry *then)
{
	to->model_read_bytes = now->model_read_bytes - then->model_read_bytes;
	to->model_write_bytes = now->model_write_bytes - then->model_write_bytes;
	to->model_in_bytes = now->model_in_bytes - then->model_in_bytes;
	to->model_out_bytes = now->model_out_bytes - then->model_out_bytes;
	to->model_energy_uj = now->model_energy_uj - then->model_energy_uj;
}

static void fill_energy(struct ledger_tier *l, const struct tmodel_profile *p, uint64_t tier_uj,
			uint64_t ran_ns, struct tmodel_sat *sat)
{
	struct tmodel_energy idle = {};
	uint64_t accesses_uj = 0;

	for (int c = 0; c < TERRACE_CLASSES; c++)
		accesses_uj += l->class[c].model_energy_uj;
	/* Each figure has lost less than a microjoule: the difference may be a few of them off. */
	l->migration_uj = tier_uj > accesses_uj ? tier_uj - accesses_uj : 0;
	tmodel_energy_power(&idle, p->idle_uw, ran_ns, sat);
	l->idle_uj = idle.uj;
}

/* What is left of the memory, at the rate of the run. */
static void fill_lifetime(struct tmodel_lifetime *l, const struct tmodel_profile *p,
			  uint64_t used_bytes, uint64_t run_bytes, uint64_t ran_ns,
			  struct tmodel_sat *sat)
{
	uint64_t all = tmodel_muldiv(p->capacity_bytes, p->endurance_cycles, 1, TMODEL_DOWN, sat);
	uint64_t left = all > used_bytes ? all - used_bytes : 0;

	l->valid = ran_ns >= TMODEL_NS_PER_MINUTE;
	l->extrapolated = ran_ns < TMODEL_NS_PER_DAY;
	l->seconds = run_bytes ? tmodel_muldiv(left, ran_ns / TMODEL_NS_PER_S, run_bytes,
					       TMODEL_DOWN, sat) : TMODEL_U64_MAX;
}

void ledger_tier_fill(struct ledger_tier *l, const struct engine_tier *t,
		      const struct ledger_count *sealed, const struct ledger_count *now,
		      uint64_t ran_ns, struct tmodel_sat *sat)
{
	*l = (struct ledger_tier) {
		.rank = t->rank,
		.capacity_bytes = t->profile.capacity_bytes,
		.read_bps = t->profile.read_bps,
		.wears = t->profile.endurance_cycles,
	};
	memcpy(l->name, t->name, sizeof(l->name));
	for (int c = 0; c < TERRACE_CLASSES; c++) {
		subtract_entry(&l->class[c], &now->class[c], &sealed->class[c]);
		l->load_bytes += sealed->class[c].model_write_bytes;
	}
	fill_energy(l, &t->profile, now->energy_uj - sealed->energy_uj, ran_ns, sat);
	if (!l->wears)
		return;
	l->host_bytes = now->host_bytes - sealed->host_bytes;
	l->media_bytes = now->media_bytes - sealed->media_bytes;
	l->cycles_milli = now->cycles_milli - sealed->cycles_milli;
	fill_lifetime(&l->lifetime, &t->profile, now->media_bytes, l->media_bytes, ran_ns, sat);
}

/* ---- names and sums ---- */

const char *ledger_charging_name(uint32_t charging)
{
	static const char *const names[] = {
		[TERRACE_CHARGING_DECLARED] = "declared",
		[TERRACE_CHARGING_OBSERVED] = "observed",
		[TERRACE_CHARGING_SAMPLED] = "sampled",
	};

	return charging <= TERRACE_CHARGING_SAMPLED ? names[charging] : "unknown";
}

uint64_t ledger_served_bytes(const struct ledger_tier *t)
{
	uint64_t sum = 0;

	for (int c = 0; c < TERRACE_CLASSES; c++)
		sum = add(sum, add(t->class[c].model_read_bytes, t->class[c].model_write_bytes));
	return sum;
}

double ledger_rank0_share(const struct ledger *l)
{
	const struct ledger_tier *first = l->tiers;
	uint64_t all = 0;

	for (uint32_t i = 0; i < l->n_tiers; i++) {
		all = add(all, ledger_served_bytes(&l->tiers[i]));
		if (l->tiers[i].rank < first->rank)
			first = &l->tiers[i];
	}
	return all ? (double)ledger_served_bytes(first) / (double)all : 0;
}

uint64_t ledger_memory_uj(const struct ledger *l)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < l->n_tiers; i++) {
		const struct ledger_tier *t = &l->tiers[i];

		for (int c = 0; c < TERRACE_CLASSES; c++)
			sum = add(sum, t->class[c].model_energy_uj);
		sum = add(sum, add(t->migration_uj, t->idle_uj));
	}
	return sum;
}

uint64_t ledger_flash_bytes(const struct ledger *l)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < l->n_tiers; i++)
		if (l->tiers[i].wears)
			sum = add(sum, l->tiers[i].media_bytes);
	return sum;
}

uint64_t ledger_moved_bytes(const struct ledger *l)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < l->n_tiers; i++)
		for (int c = 0; c < TERRACE_CLASSES; c++)
			sum = add(sum, l->tiers[i].class[c].model_in_bytes);
	return sum;
}
