/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines of the trace formats: what trace.c calls for each line. Internal to the trace reader.
 */
#ifndef _ENGINE_TRACE_PARSE_H
#define _ENGINE_TRACE_PARSE_H

#include "engine/lines.h"
#include "engine/trace.h"

#define TRACE_COLUMNS_MAX	64

/**
 * struct trace_columns - where a CSV keeps what a request is made of
 * @arrival, @input, @output: column numbers from 0
 */
struct trace_columns {
	size_t arrival;
	size_t input;
	size_t output;
};

/**
 * struct trace_reader - a trace that is being read
 * @lines: the file
 * @trace: what there is so far
 * @known: the format is known
 * @csv: it is a CSV
 * @columns: of a CSV
 * @epoch_ns: Azure: time of the first good line, since 1970; 0 before it
 * @room, @hash_room: elements that @trace's arrays have room for
 */
struct trace_reader {
	struct lines lines;
	struct trace *trace;
	bool known;
	bool csv;
	struct trace_columns columns;
	int64_t epoch_ns;
	size_t room;
	size_t hash_room;
};

/**
 * trace_add_request - keep a request whose numbers are checked
 *
 * Return: 0, -ENOMEM, -EFBIG.
 */
int trace_add_request(struct trace_reader *r, uint64_t arrival_ns, uint32_t input, uint32_t output);

/**
 * trace_add_hash - one more hash id of the request that is added next
 * trace_drop_hashes - forget those of a line that turned out to be malformed
 */
int trace_add_hash(struct trace_reader *r, uint64_t id);
void trace_drop_hashes(struct trace_reader *r);

/**
 * trace_json_line - a line of a JSONL trace; the first good one settles the format
 * trace_csv_header - the first line of a CSV; settles the format
 * trace_csv_line - one of the others
 *
 * Return: 0 (also for a malformed line that is left out), -EINVAL, -ENOMEM, -EFBIG.
 */
int trace_json_line(struct trace_reader *r, const char *text, size_t len);
int trace_csv_header(struct trace_reader *r, char *text);
int trace_csv_line(struct trace_reader *r, char *text);

#endif /* _ENGINE_TRACE_PARSE_H */
