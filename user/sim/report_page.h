/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The page of a report: one file of HTML that needs no other, with the data in it.
 *
 * `make report` puts it together from user/report and the chart library; it has one place for data,
 * a script element of type application/json.
 */
#ifndef _SIM_REPORT_PAGE_H
#define _SIM_REPORT_PAGE_H

#include <jansson.h>

#include "engine/error.h"

/**
 * report_page_read - find and read the page
 * @out: to be freed by free()
 *
 * In share/terrace/report of the build or the installation, or a folder of TERRACE_REPORT. Return:
 * 0; -ENOENT it has not been made; -EINVAL it has no place for data; -ENOMEM, -EIO.
 */
int report_page_read(char **out, struct engine_error *e);

/**
 * report_page_write - write the page with data in its place
 * @path: the file, "-" for standard output; a file that exists is replaced when all is written
 *
 * Data are written so that nothing in them ends the element they are in. Return: 0; -ENOMEM; -EIO
 * or errno of fopen(3), and nothing is left behind.
 */
int report_page_write(const char *page, json_t *data, const char *path, struct engine_error *e);

#endif /* _SIM_REPORT_PAGE_H */
