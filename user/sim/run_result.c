// SPDX-License-Identifier: LGPL-2.1-or-later
/* What came out of a run. */
#include "sim/run_result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/run_case.h"
#include "sim/run_json.h"

static json_t *served(const struct run_case *r)
{
	json_t *all = run_json(r);

	if (all && json_object_set_new(all, "refused", json_null())) {
		json_decref(all);
		return NULL;
	}
	return all;
}

json_t *run_result(const struct run_args *args)
{
	struct run_case *r = calloc(1, sizeof(*r));
	struct engine_error e;
	json_t *result = NULL;
	int err;

	if (!r)
		return NULL;
	r->args = *args;
	err = run_case(r, &e);
	if (!err)
		result = served(r);
	else if (err != -ENOMEM)
		result = json_pack("{s:s}", "refused", e.text);
	run_case_free(r);
	free(r);
	return result;
}

const char *run_result_refused(const json_t *result)
{
	return json_string_value(json_object_get(result, "refused"));
}

static int each_of(json_t *figures, const char *prefix, run_result_fn *fn, void *ctx)
{
	char name[128];
	const char *key;
	json_t *figure;
	int err = 0;

	json_object_foreach(figures, key, figure) {
		snprintf(name, sizeof(name), "%s%s", prefix, key);
		err = err ?: fn(ctx, name, figure);
	}
	return err;
}

int run_result_each(json_t *result, run_result_fn *fn, void *ctx)
{
	int err = each_of(json_object_get(result, "figures"), "", fn, ctx);
	char prefix[64];
	json_t *tier;
	size_t i;

	json_array_foreach(json_object_get(result, "tier"), i, tier) {
		snprintf(prefix, sizeof(prefix), "%s.",
			 json_string_value(json_object_get(tier, "name")));
		err = err ?: each_of(json_object_get(tier, "figures"), prefix, fn, ctx);
	}
	return err;
}
