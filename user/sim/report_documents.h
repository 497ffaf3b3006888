/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON documents of a file, one after the other: a report that goes over lines, or JSON lines.
 */
#ifndef _SIM_REPORT_DOCUMENTS_H
#define _SIM_REPORT_DOCUMENTS_H

#include <jansson.h>
#include <stddef.h>

#include "engine/error.h"

#define REPORT_FILE_MAX	(256U << 20)	/* bytes of a file */

/**
 * report_document_fn - take a document
 * @file, @line: where it begins
 * @object: is freed afterwards
 *
 * Return: 0; negative with @e set ends the reading.
 */
typedef int report_document_fn(void *ctx, const char *file, size_t line, json_t *object,
			       struct engine_error *e);

/**
 * report_documents - read all documents of a file
 * @path: the file; "-" is standard input
 *
 * Elements of an array are documents of their own, all on its line. Return: 0; -EINVAL it is not
 * JSON, too long, or a document is no object; errno of fopen(3); what @fn returned.
 */
int report_documents(const char *path, report_document_fn *fn, void *ctx, struct engine_error *e);

#endif /* _SIM_REPORT_DOCUMENTS_H */
