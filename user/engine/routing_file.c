// SPDX-License-Identifier: LGPL-2.1-or-later
/* Files of recorded routing choices: CSV "layer,expert" and JSONL with "topk_experts". */
#include "engine/routing_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "engine/lines.h"

#define FIRST_ROOM	256
#define LINE_MAX_BYTES	(16U << 20)

/* A file that is being read. */
struct file_reader {
	struct lines lines;
	const struct model_config *m;
	struct routing_record *record;
};

static int add_expert(struct file_reader *r, uint32_t layer, uint32_t expert)
{
	struct routing_layer *l = &r->record->layers[layer];
	size_t room = l->room ? l->room * 2 : FIRST_ROOM;
	uint16_t *experts;

	if (l->n == l->room) {
		experts = reallocarray(l->experts, room, sizeof(*experts));
		if (!experts) {
			engine_error_set(r->lines.e, "no memory for line %llu of %s",
					 (unsigned long long)r->lines.number, r->lines.path);
			return -ENOMEM;
		}
		l->experts = experts;
		l->room = room;
	}
	l->experts[l->n++] = (uint16_t)expert;
	return 0;
}

/* Does the expert occur in the token that the layer's numbers end with? */
static bool is_repeated(const struct routing_layer *l, uint32_t top_k, uint32_t expert)
{
	for (size_t i = l->n - l->n % top_k; i < l->n; i++)
		if (l->experts[i] == expert)
			return true;
	return false;
}

/* Check and keep one choice. Return: 1 kept; else as of lines_bad(). */
static int take_expert(struct file_reader *r, long long layer, long long expert)
{
	int err;

	if (layer < 0 || layer >= r->m->layers || !model_is_moe(r->m, (uint32_t)layer))
		return lines_bad(&r->lines, "layer %lld has no experts in %s", layer, r->m->name);
	if (expert < 0 || expert >= r->m->experts)
		return lines_bad(&r->lines, "expert %lld is not 0 to %u", expert,
				 r->m->experts - 1);
	if (is_repeated(&r->record->layers[layer], r->m->top_k, (uint32_t)expert))
		return lines_bad(&r->lines, "expert %lld occurs twice in a token of layer %lld",
				 expert, layer);
	err = add_expert(r, (uint32_t)layer, (uint32_t)expert);
	return err ? err : 1;
}

/* A whole number from 0 with blanks around. Return: what follows it, NULL when there is none. */
static const char *scan_number(const char *text, long long *number)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	if (!isdigit((unsigned char)*text))
		return NULL;
	errno = 0;
	*number = strtoll(text, &end, 10);
	if (errno)
		return NULL;
	while (isspace((unsigned char)*end))
		end++;
	return end;
}

static bool is_header(const char *text)
{
	return !strncmp(text, "layer", 5) && strstr(text, "expert");
}

static int csv_line(struct file_reader *r, const char *text)
{
	long long layer, expert;
	const char *rest;
	int ret;

	if (r->lines.number == 1 && is_header(text))
		return 0;
	rest = scan_number(text, &layer);
	rest = rest && *rest == ',' ? scan_number(rest + 1, &expert) : NULL;
	if (!rest || *rest)
		return lines_bad(&r->lines, "not \"layer,expert\" in whole numbers");
	ret = take_expert(r, layer, expert);
	return ret < 0 ? ret : 0;
}

/* One token's list. Return: 1 kept; else as of lines_bad(). */
static int json_token(struct file_reader *r, long long layer, const json_t *token)
{
	const json_t *expert;
	size_t i;
	int ret;

	if (!json_is_array(token) || json_array_size(token) != r->m->top_k)
		return lines_bad(&r->lines, "a token has no list of %u experts", r->m->top_k);
	json_array_foreach(token, i, expert) {
		if (!json_is_integer(expert))
			return lines_bad(&r->lines, "an expert is not a whole number");
		ret = take_expert(r, layer, json_integer_value(expert));
		if (ret <= 0)
			return ret;
	}
	return 1;
}

static int json_tokens(struct file_reader *r, const json_t *object)
{
	const json_t *layer = json_object_get(object, "layer");
	const json_t *tokens = json_object_get(object, "topk_experts");
	long long number = json_integer_value(layer);
	const json_t *token;
	size_t i, former;
	int ret;

	if (!json_is_integer(layer) || !json_is_array(tokens))
		return lines_bad(&r->lines, "layer or topk_experts is missing");
	if (number < 0 || number >= r->m->layers)
		return lines_bad(&r->lines, "layer %lld is not 0 to %u", number,
				 r->m->layers - 1);
	former = r->record->layers[number].n;
	json_array_foreach(tokens, i, token) {
		ret = json_token(r, number, token);
		if (ret > 0)
			continue;
		/* A malformed line leaves nothing behind. */
		r->record->layers[number].n = former;
		return ret;
	}
	return 0;
}

static int json_line(struct file_reader *r, const char *text, size_t len)
{
	json_error_t error;
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	int err;

	if (!object)
		return lines_bad(&r->lines, "not JSON at column %d: %s", error.column, error.text);
	err = json_tokens(r, object);
	json_decref(object);
	return err;
}

static int read_lines(struct file_reader *r)
{
	size_t len;
	char *text;
	int ret;

	while ((ret = lines_next(&r->lines, LINE_MAX_BYTES, &text, &len)) > 0) {
		ret = *text == '{' ? json_line(r, text, len) : csv_line(r, text);
		if (ret)
			break;
	}
	return ret;
}

static int check_complete(struct file_reader *r)
{
	for (uint32_t i = 0; i < r->m->layers; i++) {
		struct routing_layer *l = &r->record->layers[i];

		l->tokens = l->n / r->m->top_k;
		if (!model_is_moe(r->m, i) || l->tokens)
			continue;
		engine_error_set(r->lines.e,
				 "%s has no token of %u experts for layer %u of %s%s%.200s; record that layer too",
				 r->lines.path, r->m->top_k, i, r->m->name,
				 r->lines.bad ? "; its first malformed line is " : "",
				 r->lines.first_bad);
		return -EINVAL;
	}
	return 0;
}

int routing_file_read(const char *path, bool strict, const struct model_config *m,
		      struct routing_record *out, struct engine_error *e)
{
	struct file_reader r = {
		.lines = { .path = path, .strict = strict, .e = e },
		.m = m,
		.record = out,
	};
	int err;

	*out = (struct routing_record) { .n_layers = m->layers };
	err = lines_open(&r.lines);
	if (err)
		return err;
	out->layers = calloc(m->layers, sizeof(*out->layers));
	if (out->layers) {
		err = read_lines(&r);
	} else {
		engine_error_set(e, "no memory for the layers of %s", path);
		err = -ENOMEM;
	}
	lines_close(&r.lines);
	out->bad_lines = r.lines.bad;
	return err ? err : check_complete(&r);
}

void routing_record_free(struct routing_record *r)
{
	for (uint32_t i = 0; r->layers && i < r->n_layers; i++)
		free(r->layers[i].experts);
	free(r->layers);
	*r = (struct routing_record) {};
}
