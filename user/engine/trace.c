// SPDX-License-Identifier: LGPL-2.1-or-later
/* Request traces: reading the lines, keeping the requests, sorting them. */
#include "engine/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/trace_parse.h"

#define FIRST_ROOM 256

static const char *const format_names[] = {
	[TRACE_MOONCAKE] = "mooncake",
	[TRACE_AZURE] = "azure",
	[TRACE_LENGTHS] = "lengths",
	[TRACE_SERVINGSIM] = "llmservingsim",
	[TRACE_BURSTGPT] = "burstgpt",
};

const char *trace_format_name(enum trace_format format)
{
	return format_names[format];
}

/* Make room for one more element of @size bytes in *@array. */
static int trace_grow(struct trace_reader *r, void **array, size_t *room, size_t used, size_t size)
{
	size_t more = *room ? *room * 2 : FIRST_ROOM;
	void *bigger;

	if (used < *room)
		return 0;
	bigger = reallocarray(*array, more, size);
	if (!bigger) {
		engine_error_set(r->lines.e, "no memory for line %llu of %s; limit the requests",
				 (unsigned long long)r->lines.number, r->lines.path);
		return -ENOMEM;
	}
	*array = bigger;
	*room = more;
	return 0;
}

/* Hash ids up to here belong to requests that have been added. */
static size_t trace_hashes_end(const struct trace *t)
{
	const struct trace_request *last;

	if (!t->n)
		return 0;
	last = &t->requests[t->n - 1];
	return last->first_hash + last->n_hashes;
}

int trace_add_hash(struct trace_reader *r, uint64_t id)
{
	struct trace *t = r->trace;
	int err = trace_grow(r, (void **)&t->hashes, &r->hash_room, t->n_hashes, sizeof(id));

	if (!err)
		t->hashes[t->n_hashes++] = id;
	return err;
}

void trace_drop_hashes(struct trace_reader *r)
{
	r->trace->n_hashes = trace_hashes_end(r->trace);
}

int trace_add_request(struct trace_reader *r, uint64_t arrival_ns, uint32_t input, uint32_t output)
{
	struct trace *t = r->trace;
	size_t first = trace_hashes_end(t);
	int err;

	if (t->n == TRACE_REQUESTS_MAX) {
		engine_error_set(r->lines.e, "%s has more than %u requests; limit the requests",
				 r->lines.path, TRACE_REQUESTS_MAX);
		return -EFBIG;
	}
	err = trace_grow(r, (void **)&t->requests, &r->room, t->n, sizeof(*t->requests));
	if (err)
		return err;
	t->requests[t->n++] = (struct trace_request) {
		.arrival_ns = arrival_ns,
		.input_tokens = input,
		.output_tokens = output,
		.n_hashes = (uint32_t)(t->n_hashes - first),
		.line = (uint32_t)r->lines.number,
		.first_hash = first,
	};
	return 0;
}

static int trace_line(struct trace_reader *r, char *text, size_t len)
{
	if (r->csv)
		return trace_csv_line(r, text);
	if (r->known || *text == '{')
		return trace_json_line(r, text, len);
	return trace_csv_header(r, text);
}

static int trace_read_lines(struct trace_reader *r, size_t limit)
{
	size_t len;
	char *text;
	int ret;

	while (!limit || r->trace->n < limit) {
		ret = lines_next(&r->lines, TRACE_LINE_MAX, &text, &len);
		if (ret <= 0)
			return ret;
		ret = trace_line(r, text, len);
		if (ret)
			return ret;
	}
	return 0;
}

static int compare_arrival(const void *a, const void *b)
{
	const struct trace_request *x = a;
	const struct trace_request *y = b;

	if (x->arrival_ns != y->arrival_ns)
		return x->arrival_ns < y->arrival_ns ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

/* Wall-clock times become times since the earliest request. */
static void trace_rebase(struct trace *t)
{
	uint64_t first = t->requests[0].arrival_ns;

	if (t->format != TRACE_AZURE)
		return;
	for (size_t i = 0; i < t->n; i++)
		t->requests[i].arrival_ns -= first;
}

static int trace_empty(struct trace_reader *r)
{
	if (r->lines.bad)
		engine_error_set(r->lines.e,
				 "%s has no usable request; its first malformed line is %.256s",
				 r->lines.path, r->lines.first_bad);
	else
		engine_error_set(r->lines.e,
				 "%s has no request; expected a Mooncake, Azure, lengths, LLMServingSim or BurstGPT trace",
				 r->lines.path);
	return -EINVAL;
}

int trace_read(const char *path, const struct trace_options *options, struct trace *out,
	       struct engine_error *e)
{
	static const struct trace_options defaults;
	const struct trace_options *o = options ? options : &defaults;
	struct trace_reader r = {
		.lines = {
			.path = path,
			.strict = o->strict,
			.bad_line = o->bad_line,
			.ctx = o->ctx,
			.e = e,
		},
		.trace = out,
	};
	int err;

	*out = (struct trace) {};
	err = lines_open(&r.lines);
	if (err)
		return err;
	err = trace_read_lines(&r, o->limit);
	if (!err && !out->n)
		err = trace_empty(&r);
	lines_close(&r.lines);
	if (err) {
		trace_free(out);
		return err;
	}
	out->bad_lines = r.lines.bad;
	memcpy(out->first_bad, r.lines.first_bad, sizeof(out->first_bad));
	qsort(out->requests, out->n, sizeof(*out->requests), compare_arrival);
	trace_rebase(out);
	return 0;
}

void trace_free(struct trace *t)
{
	free(t->requests);
	free(t->hashes);
	*t = (struct trace) {};
}
