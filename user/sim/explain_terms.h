/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the words of a figure's formula mean: other figures, and inputs with their values and
 * sources.
 *
 * A word is the name of a figure, of a key of prices, profiles, the tier file's accelerator or of a
 * constant; with '*' it is a pattern of keys. "network" stands for all keys of the network file.
 */
#ifndef _SIM_EXPLAIN_TERMS_H
#define _SIM_EXPLAIN_TERMS_H

#include "engine/error.h"
#include "sim/figures.h"

#define EXPLAIN_INPUTS_MAX	256

/**
 * struct explain_files - where inputs are: paths or names; NULL = the defaults of sim/system.h
 */
struct explain_files {
	const char *tiers;
	const char *network;
	const char *prices;
};

/**
 * struct explain_input - an input
 * @of: "prices", "tier hbm0", "accelerator", "network", "constant", "default"
 * @value: NAN when it is no number
 * @profile: the profile's own value, where the tier file changed it; else NAN
 * @basis: "published", "assumed", "default" (not given), "tier file"
 * @source: "" when there is none
 */
struct explain_input {
	char of[80];
	const char *name;
	double value;
	double profile;
	const char *basis;
	char source[512];
};

/**
 * struct explain_terms - of a formula
 * @part: @n_parts other figures, in the order of the formula
 * @input: @n_inputs
 */
struct explain_terms {
	enum figure_index part[FIGURES_N];
	size_t n_parts;
	struct explain_input input[EXPLAIN_INPUTS_MAX];
	size_t n_inputs;
};

/**
 * explain_parts - the other figures that a formula names
 *
 * Sets part and n_parts alone. No file is read.
 */
void explain_parts(enum figure_index figure, struct explain_terms *out);

/**
 * explain_terms - figures and inputs
 *
 * Files are read only when the formula names something of theirs.
 *
 * Return: 0; errors of the files' readers.
 */
int explain_terms(enum figure_index figure, const struct explain_files *files,
		  struct explain_terms *out, struct engine_error *e);

#endif /* _SIM_EXPLAIN_TERMS_H */
