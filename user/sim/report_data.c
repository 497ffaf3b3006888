// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a report is made of. */
#include "sim/report_data.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "sim/report_points.h"

void report_data_init(struct report_data *d)
{
	*d = (struct report_data) {
		.runs = json_array(),
		.points = json_array(),
		.settings = json_array(),
		.others = json_array(),
	};
}

void report_data_free(struct report_data *d)
{
	json_decref(d->runs);
	json_decref(d->points);
	json_decref(d->settings);
	json_decref(d->others);
}

static bool is_run(json_t *object)
{
	json_t *tiers = json_object_get(object, "tier"), *tier;
	size_t i;

	json_array_foreach(tiers, i, tier)
		if (!json_is_object(json_object_get(tier, "figures")))
			return false;
	return json_is_object(json_object_get(object, "settings")) &&
	       json_is_object(json_object_get(object, "figures")) && json_is_array(tiers);
}

static bool is_settings(json_t *object)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));

	return kind && !strcmp(kind, "settings");
}

/* Where something is from, and it under a name. JSON is UTF-8, which names of files need not be. */
static json_t *entry(const char *file, size_t line, const char *name, json_t *value)
{
	return json_pack("{s:o, s:I, s:O}", "file", json_string(file) ?: json_string("a file"),
			 "line", (json_int_t)line, name, value);
}

static int take_run(struct report_data *d, const char *file, size_t line, json_t *object,
		    json_t *point)
{
	size_t number = json_array_size(d->runs);

	if (number == REPORT_RUNS_MAX) {
		d->left_out++;
		return 0;
	}
	json_object_set_new(point, "run", json_integer((json_int_t)number));
	return json_array_append_new(d->runs, entry(file, line, "report", object));
}

static int take_point(struct report_data *d, const char *file, size_t line, json_t *object,
		      json_t *parts)
{
	json_t *point = entry(file, line, "numbers", json_object_get(parts, "numbers"));
	int err;

	if (!point)
		return -1;
	err = json_object_set(point, "texts", json_object_get(parts, "texts")) ?:
	      json_object_set_new(point, "run", json_null());
	if (!err && is_run(object))
		err = take_run(d, file, line, object, point);
	return json_array_append_new(d->points, point) ?: err;
}

int report_data_take(void *ctx, const char *file, size_t line, json_t *object,
		     struct engine_error *e)
{
	json_t *parts = report_point(object), *texts = json_object_get(parts, "texts");
	struct report_data *d = ctx;
	int err = 0;

	if (is_settings(object)) {
		err = json_array_append_new(d->settings, entry(file, line, "settings", object));
	} else if (json_object_size(json_object_get(parts, "numbers"))) {
		err = take_point(d, file, line, object, parts);
	} else if (json_object_size(texts)) {
		err = json_array_append_new(d->others, entry(file, line, "texts", texts));
	} else if (parts) {
		engine_error_set(e, "%s:%zu: no run and no number: give what `terrace-sim run "
				 "--json` prints, or JSON lines of points", file, line);
		json_decref(parts);
		return -EINVAL;
	}
	if (!parts || err)
		engine_error_set(e, "no memory for %s", file);
	err = !parts || err ? -ENOMEM : 0;
	json_decref(parts);
	return err;
}

json_t *report_data_json(const struct report_data *d, const char *program, const char *x,
			 const char *y)
{
	return json_pack("{s:s, s:s?, s:s?, s:I, s:O, s:O, s:O, s:O}", "program", program, "x", x,
			 "y", y, "left_out", d->left_out, "runs", d->runs, "points", d->points,
			 "settings", d->settings, "others", d->others);
}
