/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Report of a search: settings, the best by each metric, the front of two, and with @all all.
 *
 * CSV: a line for each point or layout, columns by the first line; the first column says what it
 * is: best-METRIC, front, point, no-room, excluded.
 * JSON lines: {"kind": "settings" ...}, then an object for each line of the CSV, the same kinds.
 */
#ifndef _SIM_SEARCH_REPORT_H
#define _SIM_SEARCH_REPORT_H

#include "sim/run_args.h"
#include "sim/search_space.h"

enum search_format { SEARCH_TEXT, SEARCH_JSON, SEARCH_CSV };

/**
 * struct search_asked - what is told
 * @best: bit m is set when the best by metric m is
 * @front: metrics of the front
 * @all: all points, and layouts that are none
 * @places: they were searched
 */
struct search_asked {
	unsigned int best;
	enum search_metric front[2];
	bool all;
	bool places;
	enum search_format format;
};

/**
 * search_report - print it on standard output
 * @args: for the settings
 *
 * Return: an exit status (cli/command.h).
 */
int search_report(const struct search *s, const struct run_args *args,
		  const struct search_asked *asked);

/* ---- lines of it, search_line.c ---- */

#define SEARCH_CELLS_MAX	32

enum search_unit { SEARCH_AS_TEXT, SEARCH_AS_NUMBER };

/**
 * struct search_cell - a value of a line
 * @name: with its unit
 * @text: of SEARCH_AS_TEXT
 * @value: NAN or infinite when there is none
 */
struct search_cell {
	const char *name;
	enum search_unit as;
	char text[96];
	double value;
};

/**
 * struct search_line - cells, the same names in the same order of every point
 */
struct search_line {
	struct search_cell cell[SEARCH_CELLS_MAX];
	size_t n;
};

/**
 * search_line_point - a line of a point
 */
void search_line_point(const struct search *s, const struct search_point *p,
		       struct search_line *out);

/**
 * search_line_layout - "TP8 PP1 DP2 EP1", of a split "16: TP8 ... | 48: TP8 ..."
 * @places: with the order of the tiers
 */
void search_line_layout(const struct search *s, const struct search_point *p, bool places,
			char *text, size_t size);

/**
 * search_bound_name - "compute", "hbm0"
 */
const char *search_bound_name(const struct search *s, unsigned int bound);

const char *search_limit_name(enum search_limit limit);

#endif /* _SIM_SEARCH_REPORT_H */
