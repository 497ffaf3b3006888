/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inputs of a table: files user/tables/NAME.ini (engine/sourced.h, main section [table]), or those
 * in folders of TERRACE_TABLES. Each table has its keys; all are compulsory.
 *
 * A published figure is written as a number, "< 80", "> 20.5", "10 to 100", or in words.
 */
#ifndef _SIM_TABLE_INPUTS_H
#define _SIM_TABLE_INPUTS_H

#include "engine/sourced.h"

#define TABLE_TEXT_MAX	64

/**
 * enum table_key_kind - what a value is
 * @TABLE_NUMBER: within limits
 * @TABLE_NAME: of a model, a profile and so on
 * @TABLE_PUBLISHED: a published figure, which is compared with
 */
enum table_key_kind { TABLE_NUMBER, TABLE_NAME, TABLE_PUBLISHED };

/**
 * struct table_key - a key of a section
 * @lowest, @highest: of a TABLE_NUMBER
 */
struct table_key {
	const char *name;
	enum table_key_kind kind;
	double lowest;
	double highest;
};

/**
 * struct table_group - sections with the same keys
 * @sections: ends with NULL
 * @keys: ends with a name of NULL
 */
struct table_group {
	const char *const *sections;
	const struct table_key *keys;
};

/* The main section alone. */
extern const char *const table_main[];

/**
 * struct table_value - a value of a file
 * @text: as it was written
 * @number: of a TABLE_NUMBER
 */
struct table_value {
	const char *section;
	const struct table_key *key;
	char text[TABLE_TEXT_MAX];
	double number;
};

/**
 * struct table_inputs - a file
 * @value: @n of them, section by section
 * @source: of each
 */
struct table_inputs {
	char name[ENGINE_SOURCED_NAME_MAX];
	char description[ENGINE_SOURCED_DESCRIPTION_MAX];
	struct table_value value[ENGINE_SOURCED_KEYS];
	size_t n;
	struct engine_source source[ENGINE_SOURCED_KEYS];
};

/**
 * table_inputs_read - read a file
 * @groups: end with sections of NULL; ENGINE_SOURCED_KEYS keys at most
 *
 * Return: 0; -EINVAL a key is missing; as engine_sourced_read().
 */
int table_inputs_read(const char *path, const struct table_group *groups, struct table_inputs *out,
		      struct engine_error *e);

/**
 * table_input - index of a key, which must be one of the table's
 * @section: NULL = the main section
 */
size_t table_input(const struct table_inputs *in, const char *section, const char *name);

static inline double table_number(const struct table_inputs *in, const char *section,
				  const char *name)
{
	return in->value[table_input(in, section, name)].number;
}

static inline const char *table_text(const struct table_inputs *in, const char *section,
				     const char *name)
{
	return in->value[table_input(in, section, name)].text;
}

/**
 * struct table_range - what a published figure says
 * @low, @high: infinite where it does not say; both NAN for words
 * @step: one in its last digit
 */
struct table_range {
	double low;
	double high;
	double step;
};

/**
 * table_range - read a published figure
 */
struct table_range table_range(const char *text);

#endif /* _SIM_TABLE_INPUTS_H */
