// SPDX-License-Identifier: LGPL-2.1-or-later
/* Report of a run, as JSON. */
#include "sim/run_json.h"

#include <math.h>
#include <stdlib.h>

#include "sim/run_figures.h"
#include "sim/run_operators_json.h"
#include "sim/run_settings.h"

static json_t *number(double value)
{
	if (!isfinite(value))
		return json_null();
	if (value == floor(value) && fabs(value) < 0x1p53)
		return json_integer((json_int_t)value);
	return json_real(value);
}

static json_t *json_settings(const struct run_case *r)
{
	struct run_settings settings;
	json_t *all = json_object();
	size_t i;

	run_settings(r, &settings);
	for (i = 0; i < settings.n; i++) {
		const struct run_setting *s = &settings.setting[i];

		json_object_set_new(all, s->name, json_pack("{s:s, s:b}", "value", s->value,
							    "default", s->is_default));
	}
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

static json_t *json_tiers(const struct run_case *r, const struct run_figures *figures)
{
	const struct engine_tierfile *t = &r->system.tiers;
	json_t *all = json_array();
	uint32_t i;

	for (i = 0; i < t->n_tiers; i++)
		json_array_append_new(all, json_pack("{s:s, s:i, s:o}", "name", t->tiers[i].name,
						     "rank", (int)t->tiers[i].rank, "figures",
						     json_figures(figures, (int)i)));
	return all;
}

json_t *run_json(const struct run_case *r)
{
	struct run_figures *figures = malloc(sizeof(*figures));
	json_t *all;

	if (!figures)
		return NULL;
	run_figures(r, figures);
	all = json_pack("{s:s, s:o, s:o, s:o, s:o}", "basis", "modelled", "settings",
			json_settings(r), "figures", json_figures(figures, -1), "tier",
			json_tiers(r, figures), "roofline", run_operators_json(r));
	free(figures);
	return all;
}
