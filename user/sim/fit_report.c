// SPDX-License-Identifier: LGPL-2.1-or-later
/* Report of a fit. */
#include "sim/fit_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"

static const char *tier_name(const struct fit_case *f, int tier)
{
	return tier < 0 ? "" : f->run.system.tiers.tiers[tier].name;
}

static const char *tiers_name(const struct fit_case *f)
{
	return run_args_text(&f->run.args, RUN_TIERS) ?: SYSTEM_TIERS;
}

static const char *dtype_name(const struct fit_case *f)
{
	return f->run.model.weight_dtype == MODEL_FP8 ? "fp8" : "bf16";
}

static uint32_t devices_of(const struct fit_case *f, int stage)
{
	const struct capacity_shard *s = &f->run.shard.options.shard;

	return stage < 0 ? f->run.system.devices : f->run.shard.stage[stage].stages * s->tp * s->dp;
}

/* ---- text ---- */

static void print_heading(const struct fit_case *f, const struct fit_item *g)
{
	uint32_t first;

	if (g->tier >= 0) {
		printf("\n  tier %s\n", tier_name(f, g->tier));
		return;
	}
	first = fit_first_stage(f, (uint32_t)g->stage);
	printf("\neach of %u devices of stage %u", devices_of(f, g->stage), first);
	if (f->run.shard.stage[g->stage].stages > 1)
		printf(" to %u", first + f->run.shard.stage[g->stage].stages - 1);
	putchar('\n');
}

static void print_item(const struct fit_item *g)
{
	char bytes[UNIT_MAX];

	printf("%*s%-*s", g->tier < 0 ? 0 : 2, "", g->tier < 0 ? 32 : 30, g->name);
	if (g->missing) {
		printf("%20s\n", "-");
		return;
	}
	printf("%20" PRIu64 " %s", g->value, g->unit);
	format_decimal_bytes(bytes, (double)g->value);
	if (!strcmp(g->unit, "B") && g->value >= 1000)
		printf(" = %s", bytes);
	putchar('\n');
}

static void print_text(const struct fit_case *f, const struct fit_items *items)
{
	int stage = -1, tier = -1;
	char explained[512];
	size_t i;

	fit_explain(f, explained, sizeof(explained));
	printf("%s, %s, tiers %s\n%s.\n\nAll figures are modelled.\n\n", f->run.model.name,
	       dtype_name(f), tiers_name(f), explained);
	for (i = 0; i < items->n; i++) {
		const struct fit_item *g = &items->item[i];

		if (g->stage != stage || g->tier != tier)
			print_heading(f, g);
		stage = g->stage;
		tier = g->tier;
		print_item(g);
	}
}

/* ---- CSV ---- */

static void print_csv(const struct fit_case *f, const struct fit_items *items)
{
	size_t i;

	printf("stage,devices,tier,item,value,unit\n");
	for (i = 0; i < items->n; i++) {
		const struct fit_item *g = &items->item[i];

		if (g->stage >= 0)
			printf("%u", fit_first_stage(f, (uint32_t)g->stage));
		printf(",%u,%s,%s,", devices_of(f, g->stage), tier_name(f, g->tier), g->name);
		if (!g->missing)
			printf("%" PRIu64, g->value);
		printf(",%s\n", g->unit);
	}
}

/* ---- JSON ---- */

static json_t *json_figures(const struct fit_items *items, int stage, int tier)
{
	json_t *all = json_object();
	size_t i;

	for (i = 0; i < items->n; i++) {
		const struct fit_item *g = &items->item[i];

		if (g->stage == stage && g->tier == tier)
			json_object_set_new(all, g->name,
					    json_pack("{s:o, s:s}", "value", g->missing ?
						      json_null() : json_amount(g->value),
						      "unit", g->unit));
	}
	return all;
}

static json_t *json_tiers(const struct fit_case *f, const struct fit_items *items, int stage)
{
	json_t *all = json_array();
	int i;

	for (i = 0; i < (int)f->run.system.tiers.n_tiers; i++)
		json_array_append_new(all, json_pack("{s:s, s:o}", "name", tier_name(f, i),
						     "figures", json_figures(items, stage, i)));
	return all;
}

static json_t *json_stage(const struct fit_case *f, const struct fit_items *items, int stage)
{
	return json_pack("{s:i, s:i, s:i, s:o, s:o}",
			 "first", (int)fit_first_stage(f, (uint32_t)stage),
			 "stages", (int)f->run.shard.stage[stage].stages,
			 "devices", (int)devices_of(f, stage),
			 "figures", json_figures(items, stage, -1),
			 "tier", json_tiers(f, items, stage));
}

static json_t *json_stages(const struct fit_case *f, const struct fit_items *items)
{
	json_t *all = json_array();
	int i;

	for (i = 0; i < (int)f->run.shard.n_stages; i++)
		json_array_append_new(all, json_stage(f, items, i));
	return all;
}

static json_t *fit_json(const struct fit_case *f, const struct fit_items *items)
{
	char explained[512];

	fit_explain(f, explained, sizeof(explained));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "basis", "modelled",
			 "model", f->run.model.name, "dtype", dtype_name(f), "tiers", tiers_name(f),
			 "explained", explained, "figures", json_figures(items, -1, -1), "stage",
			 json_stages(f, items));
}

int fit_report(const struct fit_case *f, bool near, enum run_format format)
{
	struct fit_items items;
	int status = STATUS_DONE;

	if (fit_items(f, near, &items))
		status = command_failed("no memory for the report: free some and try again");
	else if (format == RUN_JSON)
		status = print_json(fit_json(f, &items));
	else if (format == RUN_CSV)
		print_csv(f, &items);
	else
		print_text(f, &items);
	fit_items_free(&items);
	return status;
}
