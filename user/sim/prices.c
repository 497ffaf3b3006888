// SPDX-License-Identifier: LGPL-2.1-or-later
/* What things cost, in money and in carbon, at a date. */
#include "sim/prices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	double lowest;
	double highest;
} keys[PRICES_KEYS] = {
	{ "life_years", 0.1, 100 },
	{ "utilisation", 0.001, 1 },
	{ "pue", 1, 10 },
	{ "electricity_usd_per_kwh", 0, 100 },
	{ "grid_g_per_kwh", 0, 10000 },
	{ "accelerator_usd", 0, 1e9 },
	{ "accelerator_kg", 0, 1e9 },
	{ "server_usd", 0, 1e9 },
	{ "server_kg", 0, 1e9 },
	{ "hbm_usd_per_gb", 0, 1e6 },
	{ "hbm_g_per_gb", 0, 1e6 },
	{ "hbf_usd_per_gb", 0, 1e6 },
	{ "hbf_g_per_gb", 0, 1e6 },
	{ "ddr_usd_per_gb", 0, 1e6 },
	{ "ddr_g_per_gb", 0, 1e6 },
	{ "lpddr_usd_per_gb", 0, 1e6 },
	{ "lpddr_g_per_gb", 0, 1e6 },
	{ "nand_usd_per_gb", 0, 1e6 },
	{ "nand_g_per_gb", 0, 1e6 },
};

const char *prices_key_name(enum prices_key key)
{
	return keys[key].name;
}

static int set(struct engine_ini *ini, void *user, size_t i, const char *text)
{
	struct prices *p = user;

	return engine_sourced_number(ini, keys[i].name, text, keys[i].lowest, keys[i].highest,
				     &p->value[i]);
}

static int check_all(const struct prices *p, const char *path, struct engine_error *e)
{
	size_t i;

	for (i = 0; i < PRICES_KEYS; i++)
		if (!p->source[i].given) {
			engine_error_set(e, "%s: %s is missing: set it, from %g to %g", path,
					 keys[i].name, keys[i].lowest, keys[i].highest);
			return -EINVAL;
		}
	return 0;
}

int prices_read(const char *path, struct prices *out, struct engine_error *e)
{
	struct engine_sourced_key names[PRICES_KEYS] = { 0 };
	struct engine_sourced file = {
		.section = "prices", .keys = names, .n_keys = PRICES_KEYS, .set = set,
		.user = out, .sources = out->source,
	};
	int err;
	size_t i;

	for (i = 0; i < PRICES_KEYS; i++)
		names[i].name = keys[i].name;
	memset(out, 0, sizeof(*out));
	err = engine_sourced_read(path, &file, e) ?: check_all(out, path, e);
	memcpy(out->name, file.name, sizeof(out->name));
	memcpy(out->description, file.description, sizeof(out->description));
	return err;
}

enum prices_memory prices_memory_kind(const char *profile)
{
	static const struct {
		const char *begin;
		enum prices_memory kind;
	} kinds[] = {
		{ "hbm", PRICES_HBM }, { "hbf", PRICES_HBF },
		{ "ddr", PRICES_DDR }, { "cxl-ddr", PRICES_DDR },
		{ "lpddr", PRICES_LPDDR }, { "nvme", PRICES_NAND },
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(profile, kinds[i].begin, strlen(kinds[i].begin)))
			return kinds[i].kind;
	return PRICES_MEMORY_KINDS;
}
