// SPDX-License-Identifier: LGPL-2.1-or-later
/* Points of a Pareto front, out of JSON of any command. */
#include "sim/report_points.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES	256
#define DEPTH_MAX	4
#define USUAL_MAX	6

static void flatten(json_t *object, const char *path, int depth, json_t *out);

static bool has_no_path(const char *key, const char *path)
{
	return !*path && (!strcmp(key, "figures") || !strcmp(key, "settings") ||
			  !strcmp(key, "values"));
}

static void flatten_member(const char *key, json_t *value, const char *path, int depth, json_t *out)
{
	char name[NAME_MAX_BYTES] = "";
	json_t *inner = json_object_get(value, "value");

	if (inner)
		value = inner;
	if (!has_no_path(key, path) &&
	    snprintf(name, sizeof(name), "%s%s%s", path, *path ? "." : "", key) >=
	    (int)sizeof(name))
		return;
	if (json_is_number(value))
		json_object_set(json_object_get(out, "numbers"), name, value);
	else if (json_is_string(value))
		json_object_set(json_object_get(out, "texts"), name, value);
	else if (json_is_object(value) && depth < DEPTH_MAX)
		flatten(value, name, depth + 1, out);
}

static void flatten(json_t *object, const char *path, int depth, json_t *out)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
		flatten_member(key, value, path, depth, out);
}

json_t *report_point(json_t *object)
{
	json_t *out = json_pack("{s:{}, s:{}}", "numbers", "texts");

	if (out)
		flatten(object, "", 0, out);
	return out;
}

size_t report_points_with(json_t *points, const char *name)
{
	json_t *point;
	size_t i, n = 0;

	json_array_foreach(points, i, point)
		if (json_object_get(json_object_get(point, "numbers"), name))
			n++;
	return n;
}

static bool differ(json_t *points, const char *name)
{
	json_t *point, *first = NULL, *value;
	size_t i;

	json_array_foreach(points, i, point) {
		value = json_object_get(json_object_get(point, "numbers"), name);
		if (value && first && json_number_value(value) != json_number_value(first))
			return true;
		first = first ?: value;
	}
	return false;
}

void report_points_axes(json_t *points, const char *axes[2])
{
	static const char *const usual[2][USUAL_MAX] = {
		{ "tpot_p50", "tpot_mean", "tpot_ms", "tpot", "ttft_p50", "ttft_ms" },
		{ "useful_tokens_per_second", "tokens_per_second", "tokens_s", "throughput",
		  "cost_per_million_tokens", "usd_per_million_tokens" },
	};
	size_t most, n;
	int axis, i;

	for (axis = 0; axis < 2; axis++) {
		axes[axis] = NULL;
		most = 0;
		for (i = 0; i < USUAL_MAX; i++) {
			n = report_points_with(points, usual[axis][i]);
			if (n <= most || !differ(points, usual[axis][i]))
				continue;
			axes[axis] = usual[axis][i];
			most = n;
		}
	}
}
