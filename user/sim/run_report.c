// SPDX-License-Identifier: LGPL-2.1-or-later
/* Report of a run. */
#include "sim/run_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "sim/run_figures.h"
#include "sim/run_json.h"
#include "sim/run_settings.h"

static const char *tier_name(const struct run_case *r, int tier)
{
	return tier < 0 ? "" : r->system.tiers.tiers[tier].name;
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

static int print_text(const struct run_case *r, const struct run_figures *figures)
{
	struct run_settings settings;
	int tier = -1;
	size_t i;

	run_settings(r, &settings);
	for (i = 0; i < settings.n; i++)
		printf("%-32s  %s%s\n", settings.setting[i].name, settings.setting[i].value,
		       settings.setting[i].is_default ? " (default)" : "");
	printf("\nAll figures are modelled.\n\n");
	for (i = 0; i < figures->n; i++) {
		const struct run_figure *g = &figures->figure[i];

		if (g->tier != tier)
			printf("\ntier %s: of all devices; per_device: of the fullest one\n",
			       tier_name(r, g->tier));
		tier = g->tier;
		printf("%-32s", g->name);
		print_value(g);
	}
	return STATUS_DONE;
}

/* ---- CSV ---- */

static int print_csv(const struct run_case *r, const struct run_figures *figures)
{
	size_t i;

	printf("tier,figure,value,unit\n");
	for (i = 0; i < figures->n; i++) {
		const struct run_figure *g = &figures->figure[i];

		printf("%s,%s,", tier_name(r, g->tier), g->name);
		if (isfinite(g->value))
			printf("%.17g", g->value);
		printf(",%s\n", g->unit);
	}
	return STATUS_DONE;
}

int run_report(const struct run_case *r, enum run_format format)
{
	struct run_figures *figures;
	int status;

	if (format == RUN_JSON)
		return print_json(run_json(r));
	figures = malloc(sizeof(*figures));
	if (!figures)
		return command_failed("no memory for the report: free some and try again");
	run_figures(r, figures);
	status = format == RUN_CSV ? print_csv(r, figures) : print_text(r, figures);
	free(figures);
	return status;
}
