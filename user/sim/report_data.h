/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a report is made of: runs, points and what comes with them, out of JSON of any command.
 *
 * {"program", "x", "y": names of the axes or null, "left_out": runs that are points only,
 *  "runs": [{"file", "line", "report": sim/run_json.h}],
 *  "points": [{"file", "line", "run", "numbers", "texts"}]; of a run its index, else null,
 *  "settings": [{"file", "line", "settings"}], "others": [{"file", "line", "texts"}]}
 *
 * A run is what sim/run_json.h describes; each is a point as well, as is any other object with a
 * number. Of kind "settings" are those of a search. Others have texts alone: why a cell of a sweep
 * could not be.
 */
#ifndef _SIM_REPORT_DATA_H
#define _SIM_REPORT_DATA_H

#include "sim/report_documents.h"

#define REPORT_RUNS_MAX	24	/* that have charts of their own */

/**
 * struct report_data - what has been read; arrays as above
 */
struct report_data {
	json_t *runs;
	json_t *points;
	json_t *settings;
	json_t *others;
	json_int_t left_out;
};

/**
 * report_data_init - empty; to be freed by report_data_free()
 */
void report_data_init(struct report_data *d);
void report_data_free(struct report_data *d);

/**
 * report_data_take - a report_document_fn; its context is a struct report_data
 *
 * Return: 0; -EINVAL nothing in it can be shown; -ENOMEM.
 */
int report_data_take(void *ctx, const char *file, size_t line, json_t *object,
		     struct engine_error *e);

/**
 * report_data_json - all of it
 * @program: name and version
 * @x, @y: names of the axes; may be NULL
 *
 * Return: to be freed by json_decref(); NULL without memory.
 */
json_t *report_data_json(const struct report_data *d, const char *program, const char *x,
			 const char *y);

#endif /* _SIM_REPORT_DATA_H */
