/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Write budget and lifetime of a tier in words: the numbers they are made of and what comes out.
 * The values are the kernel's; nothing is computed anew but the rate that the lifetime implies.
 */
#ifndef _CLI_WEAR_H
#define _CLI_WEAR_H

#include <linux/terrace.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct wear_values - what the kernel says of a tier of limited endurance
 * @capacity_bytes: modelled, as are all bytes here
 * @endurance_cycles: not 0
 * @waf_permille: write amplification
 * @target_s: lifetime target in seconds; 0 = none
 * @budget_bytes: host bytes a day; UINT64_MAX without a target
 * @cycles_milli: used
 * @lifetime_known: not before the first model minute is over
 * @lifetime_s: UINT64_MAX when nothing was written in the last model day
 * @extrapolated: less than a model day was seen
 * @held: by class, does the tier hold it?
 * @left_bytes: by class, what is left of its share of the budget
 * @debt_bytes: what was written beyond the shares
 */
struct wear_values {
	uint64_t capacity_bytes;
	uint64_t endurance_cycles;
	uint64_t waf_permille;
	uint64_t target_s;
	uint64_t budget_bytes;
	uint64_t cycles_milli;
	bool lifetime_known;
	uint64_t lifetime_s;
	bool extrapolated;
	bool held[TERRACE_CLASSES];
	uint64_t left_bytes[TERRACE_CLASSES];
	uint64_t debt_bytes;
};

/**
 * wear_read - ask the kernel
 *
 * Return: 0; -ENODATA the tier's endurance is not limited; another negative errno.
 */
int wear_read(const char *tier, struct wear_values *w);

/**
 * wear_print - a line for the budget and one for the lifetime
 */
void wear_print(FILE *f, const struct wear_values *w);

#endif /* _CLI_WEAR_H */
