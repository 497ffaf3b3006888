// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ledger: sums over tiers and classes. */
#include "engine/ledger.h"

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

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
