// SPDX-License-Identifier: LGPL-2.1-or-later
/* Runs beside each other, as text and CSV. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sim/compare_table.h"
#include "sim/csv.h"

#define CELL_MAX	32	/* bytes of a number as text */

/* ---- text ---- */

static void print_settings(json_t *table)
{
	json_t *values, *runs = json_object_get(table, "runs");
	const char *name;
	size_t i;

	for (i = 0; i < json_array_size(runs); i++)
		printf("%c  %s\n", (int)('A' + i), json_string_value(json_array_get(runs, i)));
	printf("\nSettings that differ:\n");
	json_object_foreach(json_object_get(table, "settings"), name, values)
		for (i = 0; i < json_array_size(runs); i++)
			printf("%-20s  %c  %s\n", i ? "" : name, (int)('A' + i),
			       json_string_value(json_array_get(values, i)));
	printf("\nAll figures are modelled.\n\n");
}

/* Bytes in the unit that is right for the greatest of the values. */
static double scale_of(json_t *values, const char *unit, const char **prefix)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T", "P", "E" };
	bool bytes = !strcmp(unit, "B") || !strcmp(unit, "B/s");
	size_t i, last = sizeof(prefixes) / sizeof(*prefixes) - 1;
	double most = 0, scale = 1;
	json_t *value;

	json_array_foreach(values, i, value)
		if (json_is_number(value))
			most = fmax(most, fabs(json_number_value(value)));
	for (i = 0; bytes && i < last && most / scale >= 1000; i++)
		scale *= 1000;
	*prefix = prefixes[i];
	return scale;
}

static void print_number(json_t *number, double scale, const char *format)
{
	char text[CELL_MAX] = "-";
	double value = json_number_value(number) / scale;

	if (json_is_number(number) && value == floor(value) && fabs(value) < 1e9)
		snprintf(text, sizeof(text), "%.0f", value);
	else if (json_is_number(number))
		snprintf(text, sizeof(text), format, value);
	printf("  %12s", text);
}

static void print_line(const char *name, json_t *line)
{
	const char *unit = json_string_value(json_object_get(line, "unit")), *prefix;
	json_t *values = json_object_get(line, "values");
	json_t *differences = json_object_get(line, "differences");
	json_t *ratios = json_object_get(line, "ratios");
	double scale = scale_of(values, unit, &prefix);
	size_t i;

	printf("%-32s", name);
	print_number(json_array_get(values, 0), scale, "%.5g");
	for (i = 0; i < json_array_size(ratios); i++) {
		print_number(json_array_get(values, i + 1), scale, "%.5g");
		print_number(json_array_get(differences, i), scale, "%.5g");
		print_number(json_array_get(ratios, i), 1, "%.4g");
	}
	printf("  %s%s\n", prefix, unit);
}

static void print_head(size_t n)
{
	char text[CELL_MAX];
	size_t i;

	printf("%-32s  %12s", "figure", "A");
	for (i = 1; i < n; i++) {
		printf("  %12c", (int)('A' + i));
		snprintf(text, sizeof(text), "%c - A", (int)('A' + i));
		printf("  %12s", text);
		snprintf(text, sizeof(text), "%c / A", (int)('A' + i));
		printf("  %12s", text);
	}
	printf("  unit\n");
}

void compare_print_text(json_t *table)
{
	const char *name;
	json_t *line;

	print_settings(table);
	print_head(json_array_size(json_object_get(table, "runs")));
	json_object_foreach(json_object_get(table, "figures"), name, line)
		print_line(name, line);
}

/* ---- CSV ---- */

static void put_head(json_t *runs)
{
	const char *first = json_string_value(json_array_get(runs, 0));
	char text[4096];
	size_t i;

	printf("figure,unit,");
	csv_put(stdout, first);
	for (i = 1; i < json_array_size(runs); i++) {
		const char *other = json_string_value(json_array_get(runs, i));

		putchar(',');
		csv_put(stdout, other);
		snprintf(text, sizeof(text), "%s - %s", other, first);
		putchar(',');
		csv_put(stdout, text);
		snprintf(text, sizeof(text), "%s / %s", other, first);
		putchar(',');
		csv_put(stdout, text);
	}
	putchar('\n');
}

static void put_number(json_t *number)
{
	putchar(',');
	if (json_is_number(number))
		printf("%.17g", json_number_value(number));
}

void compare_print_csv(json_t *table)
{
	const char *name;
	json_t *line;
	size_t i;

	put_head(json_object_get(table, "runs"));
	json_object_foreach(json_object_get(table, "figures"), name, line) {
		json_t *ratios = json_object_get(line, "ratios");

		printf("%s,%s", name, json_string_value(json_object_get(line, "unit")));
		put_number(json_array_get(json_object_get(line, "values"), 0));
		for (i = 0; i < json_array_size(ratios); i++) {
			put_number(json_array_get(json_object_get(line, "values"), i + 1));
			put_number(json_array_get(json_object_get(line, "differences"), i));
			put_number(json_array_get(ratios, i));
		}
		putchar('\n');
	}
}
