// SPDX-License-Identifier: LGPL-2.1-or-later
/* Printing tables. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "sim/table.h"

#define CELL_MAX	64

static const char *const verdicts[] = {
	[TABLE_COMPUTED] = "computed",
	[TABLE_QUOTED] = "quoted",
	[TABLE_AGREES] = "agrees",
	[TABLE_DIFFERS] = "differs",
};

/* Five digits: as many as the inputs have. */
static void computed_cell(const struct table_row *r, char out[CELL_MAX])
{
	if (*r->words || isnan(r->computed))
		snprintf(out, CELL_MAX, "%s", *r->words ? r->words : "-");
	else if (isinf(r->computed))
		snprintf(out, CELL_MAX, "unlimited");
	else if (fabs(r->computed) >= 10000 && fabs(r->computed) < 1e9)
		snprintf(out, CELL_MAX, "%.0f", r->computed);
	else
		snprintf(out, CELL_MAX, "%.4g", r->computed);
}

/* ---- text ---- */

/* Return: the number of a source, by the first key that has its text; 0 = none. */
static size_t source_number(const struct table_inputs *in, const struct engine_source *source)
{
	size_t i, k, number = 0;

	for (i = 0; source && i < in->n; i++) {
		for (k = 0; k < i; k++)
			if (!strcmp(in->source[k].text, in->source[i].text) &&
			    in->source[k].published == in->source[i].published)
				break;
		number += k == i;
		if (!strcmp(in->source[i].text, source->text) &&
		    in->source[i].published == source->published)
			return number;
	}
	return 0;
}

static void print_row(const struct table *t, const struct table_row *r)
{
	enum table_verdict verdict;
	char computed[CELL_MAX], difference[CELL_MAX], published[CELL_MAX + 16] = "-";
	double by;

	verdict = table_verdict(r, &by);
	computed_cell(r, computed);
	snprintf(difference, sizeof(difference), "%s", verdicts[verdict]);
	if (verdict == TABLE_DIFFERS && !isnan(by))
		snprintf(difference, sizeof(difference), "%+.3g %%", by * 100);
	if (r->published)
		snprintf(published, sizeof(published), "%s [%zu]", r->published,
			 source_number(&t->in, r->source));
	printf("%-18s %-26s %-19s %-13s %-9s %-9s %s\n", r->subject, r->figure, published, computed,
	       r->unit, difference, r->basis);
}

static void print_inputs(const struct table_inputs *in)
{
	size_t i;

	printf("\ninputs\n");
	for (i = 0; i < in->n; i++) {
		const struct table_value *v = &in->value[i];

		if (v->key->kind != TABLE_PUBLISHED)
			printf("%-18s %-26s %-19s [%zu]\n", v->section, v->key->name, v->text,
			       source_number(in, &in->source[i]));
	}
}

static void print_sources(const struct table_inputs *in)
{
	size_t i, number, last = 0;

	printf("\nsources\n");
	for (i = 0; i < in->n; i++) {
		number = source_number(in, &in->source[i]);
		if (number <= last)
			continue;
		last = number;
		printf("[%zu] %s: %s\n", number, in->source[i].published ? "published" : "assumed",
		       in->source[i].text);
	}
}

static int print_text(const struct table *t)
{
	size_t i;

	printf("%s\n\n", t->in.description);
	printf("%-18s %-26s %-19s %-13s %-9s %-9s %s\n", "", "", "published", "computed", "unit",
	       "", "computed from");
	for (i = 0; i < t->n; i++)
		print_row(t, &t->row[i]);
	print_inputs(&t->in);
	print_sources(&t->in);
	return STATUS_DONE;
}

/* ---- CSV ---- */

static void print_field(const char *text, char end)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	printf("\"%c", end);
}

static void print_number(double value)
{
	if (isfinite(value))
		printf("%.17g", value);
	putchar(',');
}

static int print_csv(const struct table *t)
{
	double by;
	size_t i;

	printf("subject,figure,unit,published,computed,difference,verdict,basis,source\n");
	for (i = 0; i < t->n; i++) {
		const struct table_row *r = &t->row[i];
		enum table_verdict verdict = table_verdict(r, &by);

		print_field(r->subject, ',');
		print_field(r->figure, ',');
		print_field(r->unit, ',');
		print_field(r->published ?: "", ',');
		if (*r->words)
			print_field(r->words, ',');
		else
			print_number(r->computed);
		print_number(by);
		print_field(verdicts[verdict], ',');
		print_field(r->basis, ',');
		print_field(r->source ? r->source->text : "", '\n');
	}
	return STATUS_DONE;
}

/* ---- JSON ---- */

static json_t *json_row(const struct table_row *r)
{
	enum table_verdict verdict;
	json_t *computed, *difference;
	double by;

	verdict = table_verdict(r, &by);
	computed = *r->words ? json_string(r->words) :
		   isfinite(r->computed) ? json_real(r->computed) : json_null();
	difference = isfinite(by) ? json_real(by) : json_null();
	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:o, s:o, s:s, s:s}",
			 "subject", r->subject, "figure", r->figure, "unit", r->unit,
			 "published", r->published, "source", r->source ? r->source->text : NULL,
			 "computed", computed, "difference", difference,
			 "verdict", verdicts[verdict], "basis", r->basis);
}

static json_t *json_input(const struct table_inputs *in, size_t i)
{
	const struct table_value *v = &in->value[i];

	return json_pack("{s:s, s:s, s:s, s:b, s:s}", "section", v->section, "key", v->key->name,
			 "value", v->text, "published", in->source[i].published,
			 "source", in->source[i].text);
}

static int print_all_json(const char *name, const struct table *t)
{
	json_t *rows = json_array(), *inputs = json_array();
	size_t i;

	for (i = 0; i < t->n; i++)
		json_array_append_new(rows, json_row(&t->row[i]));
	for (i = 0; i < t->in.n; i++)
		json_array_append_new(inputs, json_input(&t->in, i));
	return print_json(json_pack("{s:s, s:s, s:o, s:o}", "table", name, "description",
				    t->in.description, "rows", rows, "inputs", inputs));
}

int table_print(const char *name, const struct table *t, enum table_format format)
{
	if (format == TABLE_FORMAT_JSON)
		return print_all_json(name, t);
	return format == TABLE_FORMAT_CSV ? print_csv(t) : print_text(t);
}
