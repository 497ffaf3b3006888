/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What things cost, in money and in carbon, at a date: inputs, never facts of the simulator.
 *
 * Files user/prices/NAME.ini (engine/sourced.h, section [prices]), named after their date. All keys
 * are compulsory.
 */
#ifndef _SIM_PRICES_H
#define _SIM_PRICES_H

#include "engine/sourced.h"

enum prices_memory {
	PRICES_HBM,
	PRICES_HBF,
	PRICES_DDR,
	PRICES_LPDDR,
	PRICES_NAND,
	PRICES_MEMORY_KINDS
};

enum prices_key {
	PRICES_LIFE_YEARS,
	PRICES_UTILISATION,
	PRICES_PUE,
	PRICES_ELECTRICITY,
	PRICES_GRID,
	PRICES_ACCELERATOR_USD,
	PRICES_ACCELERATOR_KG,
	PRICES_SERVER_USD,
	PRICES_SERVER_KG,
	PRICES_MEMORY_FIRST,	/* USD per GB, then g per GB, of each kind */
	PRICES_KEYS = PRICES_MEMORY_FIRST + 2 * PRICES_MEMORY_KINDS
};

/**
 * struct prices - a file of prices
 * @name: its date
 * @value: by enum prices_key: years; 0 to 1 of the life at work; facility by computer energy, at
 *         least 1; USD per kWh; g CO2e per kWh; USD and kg CO2e of an accelerator without memory
 *         and of its share of the server; then of memories, per 10^9 bytes
 * @source: where each is from
 */
struct prices {
	char name[ENGINE_SOURCED_NAME_MAX];
	char description[ENGINE_SOURCED_DESCRIPTION_MAX];
	double value[PRICES_KEYS];
	struct engine_source source[PRICES_KEYS];
};

/**
 * prices_read - read a file of prices
 * @path: the file
 *
 * Return: 0; as engine_sourced_read(); -EINVAL a key is missing.
 */
int prices_read(const char *path, struct prices *out, struct engine_error *e);

/**
 * prices_key_name - a key as it is written in the file
 */
const char *prices_key_name(enum prices_key key);

/**
 * prices_memory_kind - the kind of a profile: "hbm4" is hbm, "cxl-ddr5-x8" ddr, "nvme-tlc" nand
 *
 * Return: PRICES_MEMORY_KINDS when its name says none.
 */
enum prices_memory prices_memory_kind(const char *profile);

static inline double prices_memory_usd(const struct prices *p, enum prices_memory kind)
{
	return p->value[PRICES_MEMORY_FIRST + 2 * kind];
}

static inline double prices_memory_g(const struct prices *p, enum prices_memory kind)
{
	return p->value[PRICES_MEMORY_FIRST + 2 * kind + 1];
}

#endif /* _SIM_PRICES_H */
