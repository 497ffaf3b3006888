// SPDX-License-Identifier: LGPL-2.1-or-later
/* Report of a run. */
#include "sim/run_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "sim/run_figures.h"

static const char *tier_name(const struct run_facts *f, int tier)
{
	return tier < 0 ? "" : f->shard->system->tiers.tiers[tier].name;
}

/* ---- text ---- */

static void print_value(const struct run_figure *g)
{
	char bytes[UNIT_MAX];

	if (!isfinite(g->value)) {
		printf("%14s\n", isinf(g->value) ? "unlimited" : "-");
		return;
	}
	if (!strcmp(g->unit, "B") || !strcmp(g->unit, "B/s")) {
		format_decimal_bytes(bytes, g->value);
		printf("%14s%s\n", bytes, g->unit + 1);
	} else if (g->value == floor(g->value) && fabs(g->value) < 1e15) {
		printf("%14.0f %s\n", g->value, g->unit);
	} else {
		printf("%14.5g %s\n", g->value, g->unit);
	}
}

static int print_text(const struct run_facts *f, const struct run_figures *figures)
{
	int tier = -1;
	size_t i;

	for (i = 0; i < f->n_settings; i++)
		printf("%-32s  %s%s\n", f->settings[i].name, f->settings[i].value,
		       f->settings[i].is_default ? " (default)" : "");
	printf("\nAll figures are modelled.\n\n");
	for (i = 0; i < figures->n; i++) {
		const struct run_figure *g = &figures->figure[i];

		if (g->tier != tier)
			printf("\ntier %s: of all devices; per_device: of the fullest one\n",
			       tier_name(f, g->tier));
		tier = g->tier;
		printf("%-32s", g->name);
		print_value(g);
	}
	return STATUS_DONE;
}

/* ---- CSV ---- */

static int print_csv(const struct run_facts *f, const struct run_figures *figures)
{
	size_t i;

	printf("tier,figure,value,unit\n");
	for (i = 0; i < figures->n; i++) {
		const struct run_figure *g = &figures->figure[i];

		printf("%s,%s,", tier_name(f, g->tier), g->name);
		if (isfinite(g->value))
			printf("%.17g", g->value);
		printf(",%s\n", g->unit);
	}
	return STATUS_DONE;
}

/* ---- JSON ---- */

static json_t *number(double value)
{
	if (!isfinite(value))
		return json_null();
	if (value == floor(value) && fabs(value) < 0x1p53)
		return json_integer((json_int_t)value);
	return json_real(value);
}

static json_t *json_settings(const struct run_facts *f)
{
	json_t *all = json_object();
	size_t i;

	for (i = 0; i < f->n_settings; i++)
		json_object_set_new(all, f->settings[i].name,
				    json_pack("{s:s, s:b}", "value", f->settings[i].value,
					      "default", f->settings[i].is_default));
	return all;
}

static json_t *json_figures(const struct run_figures *figures, int tier)
{
	json_t *all = json_object();
	size_t i;

	for (i = 0; i < figures->n; i++) {
		const struct run_figure *g = &figures->figure[i];

		if (g->tier == tier)
			json_object_set_new(all, g->name,
					    json_pack("{s:o, s:s}", "value", number(g->value),
						      "unit", g->unit));
	}
	return all;
}

static json_t *json_tiers(const struct run_facts *f, const struct run_figures *figures)
{
	const struct engine_tierfile *t = &f->shard->system->tiers;
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < t->n_tiers; i++)
		json_array_append_new(all, json_pack("{s:s, s:i, s:o}", "name", t->tiers[i].name,
						     "rank", (int)t->tiers[i].rank, "figures",
						     json_figures(figures, (int)i)));
	return all;
}

static int print_all_json(const struct run_facts *f, const struct run_figures *figures)
{
	return print_json(json_pack("{s:s, s:o, s:o, s:o}", "basis", "modelled", "settings",
				    json_settings(f), "figures", json_figures(figures, -1), "tier",
				    json_tiers(f, figures)));
}

int run_report(const struct run_facts *f, enum run_format format)
{
	struct run_figures *figures = malloc(sizeof(*figures));
	int status;

	if (!figures)
		return command_failed("no memory for the report: free some and try again");
	run_figures(f, figures);
	if (format == RUN_JSON)
		status = print_all_json(f, figures);
	else if (format == RUN_CSV)
		status = print_csv(f, figures);
	else
		status = print_text(f, figures);
	free(figures);
	return status;
}
