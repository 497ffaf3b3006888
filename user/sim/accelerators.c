// SPDX-License-Identifier: LGPL-2.1-or-later
/* Accelerators: what is published of their speed and memory. */
#include "sim/accelerators.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/inifile.h"
#include "sim/named_file.h"

#define SOURCE		".source"
#define AT(field)	offsetof(struct accelerator, field)

/* The numbers of a file; @at: where in struct accelerator. */
static const struct number {
	const char *key;
	size_t at;
	uint64_t lowest;
	uint64_t highest;
} numbers[] = {
	{ "peak_bf16_ops", AT(peak_ops[ACCELERATOR_BF16]), 1000000, 1ULL << 60 },
	{ "peak_fp8_ops", AT(peak_ops[ACCELERATOR_FP8]), 1000000, 1ULL << 60 },
	{ "peak_int8_ops", AT(peak_ops[ACCELERATOR_INT8]), 1000000, 1ULL << 60 },
	{ "peak_fp4_ops", AT(peak_ops[ACCELERATOR_FP4]), 1000000, 1ULL << 60 },
	{ "bandwidth_bps", AT(bandwidth_bps), 1000000, 1ULL << 50 },
	{ "capacity_bytes", AT(capacity_bytes), 4096, 1ULL << 60 },
	{ "tdp_watts", AT(tdp_watts), 1, 1000000 },
};

#define NUMBERS	(sizeof(numbers) / sizeof(*numbers))

/* A file that is being read; lines of values and of their sources, 0 = none yet. */
struct reader {
	struct accelerator *out;
	unsigned int value[NUMBERS];
	unsigned int source[NUMBERS];
};

static int read_text(struct engine_ini *ini, const char *key, const char *value, char *to,
		     size_t size)
{
	size_t used = strlen(to);

	if (used && !ini->continued)
		return engine_ini_fail(ini, "%s is given a second time: remove one", key);
	if ((size_t)snprintf(to + used, size - used, "%s%s", used ? " " : "", value) < size - used)
		return 0;
	return engine_ini_fail(ini, "the text of %s has more than %zu bytes: cut it", key,
			       size - 1);
}

static int unknown(struct engine_ini *ini, const char *key)
{
	static const char *const texts[] = { "name", "aliases", "description" };
	const char *names[NUMBERS + 3] = { texts[0], texts[1], texts[2] };
	size_t i;

	for (i = 0; i < NUMBERS; i++)
		names[3 + i] = numbers[i].key;
	return engine_ini_fail(ini, "an accelerator has no key '%s'; the nearest one is '%s'", key,
			       engine_nearest(key, names, NUMBERS + 3));
}

static int read_number(struct engine_ini *ini, struct reader *r, size_t i, const char *value)
{
	const struct number *n = &numbers[i];
	uint64_t *to = (uint64_t *)((char *)r->out + n->at);

	if (r->value[i])
		return engine_ini_fail(ini, "%s is given a second time: remove one", n->key);
	r->value[i] = ini->line;
	return engine_ini_number(ini, n->key, value, 0, n->lowest, n->highest, to);
}

static bool begins(const char *value, const char *with)
{
	size_t n = strlen(with);

	return !strncmp(value, with, n) && value[n];
}

static int read_source(struct engine_ini *ini, struct reader *r, size_t i, const char *value)
{
	if (ini->continued)
		return 0;
	if (r->source[i])
		return engine_ini_fail(ini, "%s.source is given a second time: remove one",
				       numbers[i].key);
	if (!begins(value, "published: ") && !begins(value, "assumed: "))
		return engine_ini_fail(ini, "%s.source must be 'published: ...' or 'assumed: ...'",
				       numbers[i].key);
	r->source[i] = ini->line;
	return 0;
}

/* A number or the source of one. */
static int read_figure(struct engine_ini *ini, struct reader *r, const char *key, const char *value)
{
	size_t i, n;

	for (i = 0; i < NUMBERS; i++) {
		n = strlen(numbers[i].key);
		if (strncmp(key, numbers[i].key, n))
			continue;
		if (!key[n])
			return read_number(ini, r, i, value);
		if (!strcmp(key + n, SOURCE))
			return read_source(ini, r, i, value);
	}
	return unknown(ini, key);
}

static int entry(struct engine_ini *ini, void *user, const char *section, const char *key,
		 const char *value)
{
	struct reader *r = user;

	if (strcmp(section, "accelerator"))
		return engine_ini_fail(ini, "there is no section [%s]: put its keys into "
				       "[accelerator]", section);
	if (!strcmp(key, "name"))
		return read_text(ini, key, value, r->out->name, sizeof(r->out->name));
	if (!strcmp(key, "aliases"))
		return read_text(ini, key, value, r->out->aliases, sizeof(r->out->aliases));
	if (!strcmp(key, "description"))
		return read_text(ini, key, value, r->out->description, sizeof(r->out->description));
	return read_figure(ini, r, key, value);
}

static int check_sources(const struct reader *r, const char *path, struct engine_error *e)
{
	size_t i;

	for (i = 0; i < NUMBERS; i++) {
		if (!r->value[i] == !r->source[i])
			continue;
		engine_error_set(e, "%s:%u: %s and its source belong together: add %s%s", path,
				 r->value[i] ?: r->source[i], numbers[i].key, numbers[i].key,
				 r->value[i] ? SOURCE : "");
		return -EINVAL;
	}
	return 0;
}

static int check_compulsory(const struct accelerator *a, const char *path, struct engine_error *e)
{
	const char *missing = !*a->name ? "name" : !*a->description ? "description" :
			      !a->bandwidth_bps ? "bandwidth_bps" : NULL;

	if (!missing)
		return 0;
	engine_error_set(e, "%s: %s is missing", path, missing);
	return -EINVAL;
}

int accelerator_read(const char *path, struct accelerator *out, struct engine_error *e)
{
	struct reader r = { .out = out };
	int err;

	*out = (struct accelerator) { 0 };
	err = engine_ini_read(path, entry, &r, e);
	return err ?: check_sources(&r, path, e) ?: check_compulsory(out, path, e);
}

struct wanted {
	char plain[PLAIN_NAME_MAX];
	struct accelerator *out;
	struct engine_error *e;
};

static bool same(const struct wanted *w, const char *name)
{
	char plain[PLAIN_NAME_MAX];

	plain_name(name, plain);
	return !strcmp(plain, w->plain);
}

static bool is_wanted(const struct wanted *w)
{
	char aliases[ACCELERATOR_TEXT_MAX], *rest, *alias;

	if (same(w, w->out->name))
		return true;
	snprintf(aliases, sizeof(aliases), "%s", w->out->aliases);
	for (alias = strtok_r(aliases, ",", &rest); alias; alias = strtok_r(NULL, ",", &rest))
		if (same(w, alias))
			return true;
	return false;
}

static int look(void *ctx, const char *path, const char *name)
{
	const struct wanted *w = ctx;
	int err = accelerator_read(path, w->out, w->e);

	(void)name;
	return err ?: is_wanted(w) ? 0 : -ENOENT;
}

int accelerator_find(const char *name, struct accelerator *out, struct engine_error *e)
{
	struct wanted w = { .out = out, .e = e };
	int err;

	plain_name(name, w.plain);
	err = named_file_search("accelerators", "TERRACE_ACCELERATORS", ".ini", look, &w);
	if (err == -ENOENT)
		engine_error_set(e, "there is no accelerator '%s': describe it in a file in a "
				 "folder of TERRACE_ACCELERATORS", name);
	return err;
}
