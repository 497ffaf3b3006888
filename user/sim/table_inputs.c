// SPDX-License-Identifier: LGPL-2.1-or-later
/* Inputs of a table. */
#include "sim/table_inputs.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAIN	"table"

const char *const table_main[] = { MAIN, NULL };

/* ---- reading ---- */

static void add_group(struct table_inputs *in, const struct table_group *g)
{
	const char *const *section;
	const struct table_key *key;

	for (section = g->sections; *section; section++)
		for (key = g->keys; key->name; key++) {
			if (in->n == ENGINE_SOURCED_KEYS)
				abort();
			in->value[in->n].section = *section;
			in->value[in->n++].key = key;
		}
}

static int set(struct engine_ini *ini, void *user, size_t i, const char *text)
{
	struct table_inputs *in = user;
	struct table_value *v = &in->value[i];

	if ((size_t)snprintf(v->text, sizeof(v->text), "%s", text) >= sizeof(v->text))
		return engine_ini_fail(ini, "%s has more than %zu bytes: cut it", v->key->name,
				       sizeof(v->text) - 1);
	if (v->key->kind != TABLE_NUMBER)
		return 0;
	return engine_sourced_number(ini, v->key->name, text, v->key->lowest, v->key->highest,
				     &v->number);
}

static int check_all(const struct table_inputs *in, const char *path, struct engine_error *e)
{
	size_t i;

	for (i = 0; i < in->n; i++)
		if (!in->source[i].given) {
			engine_error_set(e, "%s: %s is missing in [%s]: set it, with its source",
					 path, in->value[i].key->name, in->value[i].section);
			return -EINVAL;
		}
	return 0;
}

int table_inputs_read(const char *path, const struct table_group *groups, struct table_inputs *out,
		      struct engine_error *e)
{
	struct engine_sourced_key names[ENGINE_SOURCED_KEYS];
	struct engine_sourced file = {
		.section = MAIN, .keys = names, .set = set, .user = out, .sources = out->source,
	};
	size_t i;
	int err;

	memset(out, 0, sizeof(*out));
	for (; groups->sections; groups++)
		add_group(out, groups);
	for (i = 0; i < out->n; i++)
		names[i] = (struct engine_sourced_key) {
			out->value[i].section, out->value[i].key->name
		};
	file.n_keys = out->n;
	err = engine_sourced_read(path, &file, e) ?: check_all(out, path, e);
	memcpy(out->name, file.name, sizeof(out->name));
	memcpy(out->description, file.description, sizeof(out->description));
	return err;
}

size_t table_input(const struct table_inputs *in, const char *section, const char *name)
{
	size_t i;

	for (i = 0; i < in->n; i++)
		if (!strcmp(in->value[i].key->name, name) &&
		    !strcmp(in->value[i].section, section ?: MAIN))
			return i;
	abort();
}

/* ---- published figures ---- */

/* 1 for "48", 0.1 for "20.5" */
static double last_digit(const char *number, const char *end)
{
	const char *point = memchr(number, '.', (size_t)(end - number));

	return point ? pow(10, -(double)(end - point - 1)) : 1;
}

static bool whole_number(const char *text, double *value, double *step)
{
	char *end;

	*value = strtod(text, &end);
	*step = last_digit(text, end);
	return end != text && !*end;
}

/* "10 to 100" */
static bool two_numbers(const char *text, struct table_range *r)
{
	const char *to = strstr(text, " to ");
	char *end;

	if (!to)
		return false;
	r->low = strtod(text, &end);
	return end == to && whole_number(to + 4, &r->high, &r->step);
}

struct table_range table_range(const char *text)
{
	struct table_range r = { -INFINITY, INFINITY, 0 };

	if (*text == '<' && whole_number(text + 1, &r.high, &r.step))
		return r;
	if (*text == '>' && whole_number(text + 1, &r.low, &r.step))
		return r;
	if (two_numbers(text, &r))
		return r;
	if (whole_number(text, &r.low, &r.step)) {
		r.high = r.low;
		return r;
	}
	return (struct table_range) { NAN, NAN, 0 };
}
