/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Report: what a run showed, as text and as JSON.
 *
 * Every figure carries its unit, how bytes were charged (declared, observed, sampled) and whether
 * it is modelled (computed from profiles) or measured (on this host, in its real bytes). That a
 * tier's flash was written once for each sealed byte shows in flash_writes_per_sealed_byte: 1, and
 * less while sealed extents wait in the landing pool.
 *
 * JSON: {"trace", "model", "tiers", "policy", "scale", "interrupted", "simulated",
 * "requests": {...}, "figures": {NAME: {"value", "unit", "charging", "basis"}}, "tier": [{"name",
 * "rank", "figures", "class": [{"class", "figures"}]}]}. A value that does not exist (a percentile
 * of nothing) is null.
 */
#ifndef _ENGINE_REPORT_H
#define _ENGINE_REPORT_H

#include <stdio.h>

#include <jansson.h>

#include "engine/engine.h"
#include "engine/ledger.h"

/**
 * struct report_run - one run
 * @trace, @model, @tiers, @policy: names for people
 * @scale_shift: modelled bytes = real bytes << scale_shift
 * @bad_lines: malformed lines of the trace that were left out
 */
struct report_run {
	const char *trace;
	const char *model;
	const char *tiers;
	const char *policy;
	uint32_t scale_shift;
	uint64_t bad_lines;
	const struct engine_result *result;
	const struct ledger *ledger;
};

/**
 * report_json - the report as JSON
 *
 * Return: a new reference; NULL when memory is short.
 */
json_t *report_json(const struct report_run *run);

/**
 * report_text - the report for people
 *
 * Return: 0, -EIO.
 */
int report_text(FILE *f, const struct report_run *run);

#endif /* _ENGINE_REPORT_H */
