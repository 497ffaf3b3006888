// SPDX-License-Identifier: LGPL-2.1-or-later
/* The inputs that a figure's formula names, with their values and sources. */
#include "sim/explain_uses.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>

/* Figures and keys are patterns. */
static const struct {
	const char *figure;
	const char *key;
} uses[] = {
	{ "cost_time", "life_years" }, { "cost_time", "utilisation" }, { "cost_time", "*_usd*gb" },
	{ "cost_time", "accelerator_usd" }, { "cost_time", "server_usd" },
	{ "cost_wear", "*_usd_per_gb" }, { "cost_energy", "pue" },
	{ "cost_energy", "electricity_usd_per_kwh" }, { "co2e_operational", "pue" },
	{ "co2e_operational", "grid_g_per_kwh" }, { "co2e_embodied", "*_kg" },
	{ "co2e_embodied", "*_g_per_gb" }, { "co2e_embodied", "life_years" },
	{ "co2e_embodied", "utilisation" }, { "capacity_per_device", "capacity_bytes" },
	{ "energy_moving", "*_fj_per_bit" }, { "energy_memory_moving", "*_fj_per_bit" },
	{ "energy_idle", "idle_uw" }, { "energy_memory_idle", "idle_uw" },
	{ "flash_refreshed", "retention_s" }, { "flash_life*", "retention_s" },
	{ "flash_life*", "waf_permille" }, { "flash_life*", "endurance_cycles" },
	{ "flash_life*", "capacity_bytes" },
};

static bool used(const char *figure, const char *key)
{
	size_t i;

	for (i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (!fnmatch(uses[i].figure, figure, 0) && !fnmatch(uses[i].key, key, 0))
			return true;
	return false;
}

static void print_source(const struct engine_source *s)
{
	if (!s->given)
		printf("    the default\n");
	else
		printf("    %s: %s\n", s->published ? "published" : "assumed", s->text);
}

/* The profile's own value is told where stacks or an override of the tier file changed it. */
static int tier_uses(const char *figure, const struct sim_system *s, const struct engine_tier *t,
		     struct engine_error *e)
{
	struct tmodel_profile here = t->profile;
	struct engine_profile p;
	int err = engine_profile_find_file(t->profile_name, s->tiers_path, &p, e);
	uint64_t ours, file;
	size_t i;

	for (i = 0; !err && i < ENGINE_PROFILE_FIELDS; i++) {
		const struct engine_profile_field *f = &engine_profile_fields[i];

		if (!used(figure, f->name))
			continue;
		ours = *engine_profile_value(&here, f->index);
		file = *engine_profile_value(&p.model, f->index);
		printf("  %s %s = %" PRIu64, t->name, f->name, ours);
		if (ours != file)
			printf(" (profile %s: %" PRIu64 ")", t->profile_name, file);
		putchar('\n');
		print_source(&p.sources[f->index]);
	}
	return err;
}

int explain_uses(const char *figure, const struct sim_system *s, struct engine_error *e)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < PRICES_KEYS; i++) {
		if (!used(figure, prices_key_name(i)))
			continue;
		printf("  %s = %.6g\n", prices_key_name(i), s->prices.value[i]);
		print_source(&s->prices.source[i]);
	}
	for (i = 0; !err && i < s->tiers.n_tiers; i++)
		err = tier_uses(figure, s, &s->tiers.tiers[i], e);
	return err;
}
