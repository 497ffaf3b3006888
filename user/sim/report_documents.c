// SPDX-License-Identifier: LGPL-2.1-or-later
/* JSON documents of a file. */
#include "sim/report_documents.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE	(1U << 16)

/**
 * struct source - a file that is read whole
 * @at: where the next document begins, @line of it
 */
struct source {
	const char *name;
	char *text;
	size_t size;
	size_t room;
	size_t at;
	size_t line;
	struct engine_error *e;
};

/* ---- the text ---- */

static int grow(struct source *s)
{
	size_t room = s->room ? 2 * s->room : PIECE;
	char *text;

	if (s->size < s->room)
		return 0;
	if (s->size >= REPORT_FILE_MAX) {
		engine_error_set(s->e, "%s is longer than %u bytes: give fewer runs or points",
				 s->name, REPORT_FILE_MAX);
		return -EINVAL;
	}
	text = realloc(s->text, room);
	if (!text) {
		engine_error_set(s->e, "no memory to read %s", s->name);
		return -ENOMEM;
	}
	s->text = text;
	s->room = room;
	return 0;
}

static int read_all(struct source *s, FILE *file)
{
	size_t n;
	int err;

	do {
		err = grow(s);
		if (err)
			return err;
		n = fread(s->text + s->size, 1, s->room - s->size, file);
		s->size += n;
	} while (n);
	if (!ferror(file))
		return 0;
	engine_error_set(s->e, "%s: %s", s->name, strerror(errno));
	return -EIO;
}

static int read_file(struct source *s, const char *path)
{
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "re");
	int err;

	if (!file) {
		err = -errno;
		engine_error_set(s->e, "%s: %s", path, strerror(errno));
		return err;
	}
	err = read_all(s, file);
	if (!standard)
		fclose(file);
	return err;
}

/* ---- documents ---- */

static void advance(struct source *s, size_t n)
{
	const char *end = s->text + s->at + n, *c;

	for (c = s->text + s->at; c < end; c++)
		s->line += *c == '\n';
	s->at += n;
}

/* Return: whether anything but white space is left. */
static bool more(struct source *s)
{
	while (s->at < s->size && strchr(" \t\r\n", s->text[s->at]) && s->text[s->at])
		advance(s, 1);
	return s->at < s->size;
}

static int take(struct source *s, json_t *value, size_t line, report_document_fn *fn, void *ctx)
{
	if (json_is_object(value))
		return fn(ctx, s->name, line, value, s->e);
	engine_error_set(s->e, "%s:%zu: not an object: give what `terrace-sim run --json` prints, or "
			 "JSON lines", s->name, line);
	return -EINVAL;
}

static int take_all(struct source *s, json_t *value, size_t line, report_document_fn *fn, void *ctx)
{
	json_t *element;
	size_t i;
	int err;

	if (!json_is_array(value))
		return take(s, value, line, fn, ctx);
	json_array_foreach(value, i, element) {
		err = take(s, element, line, fn, ctx);
		if (err)
			return err;
	}
	return 0;
}

static int next(struct source *s, report_document_fn *fn, void *ctx)
{
	size_t flags = JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	size_t line = s->line;
	json_error_t error;
	json_t *value;
	int err;

	value = json_loadb(s->text + s->at, s->size - s->at, flags, &error);
	if (!value) {
		engine_error_set(s->e, "%s:%zu: not JSON: %s", s->name,
				 line + (error.line > 0 ? (size_t)error.line - 1 : 0), error.text);
		return -EINVAL;
	}
	advance(s, (size_t)error.position);
	err = take_all(s, value, line, fn, ctx);
	json_decref(value);
	return err;
}

int report_documents(const char *path, report_document_fn *fn, void *ctx, struct engine_error *e)
{
	const char *name = strcmp(path, "-") ? path : "standard input";
	struct source s = { .name = name, .line = 1, .e = e };
	int err = read_file(&s, path);

	while (!err && more(&s))
		err = next(&s, fn, ctx);
	free(s.text);
	return err;
}
