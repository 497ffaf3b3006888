// SPDX-License-Identifier: LGPL-2.1-or-later
/* Accelerators: what is published of their speed and memory. */
#include "sim/accelerators.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/sourced.h"
#include "sim/named_file.h"

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

static int set(struct engine_ini *ini, void *user, size_t i, const char *text)
{
	const struct number *n = &numbers[i];
	struct accelerator *a = user;

	return engine_ini_number(ini, n->key, text, 0, n->lowest, n->highest,
				 (uint64_t *)((char *)a + n->at));
}

int accelerator_read(const char *path, struct accelerator *out, struct engine_error *e)
{
	struct engine_sourced_key keys[NUMBERS] = { 0 };
	struct engine_source sources[NUMBERS] = { 0 };
	struct engine_sourced file = {
		.section = "accelerator", .keys = keys, .n_keys = NUMBERS, .set = set,
		.text = { "aliases", out->aliases, sizeof(out->aliases) }, .user = out,
		.sources = sources,
	};
	size_t i;
	int err;

	*out = (struct accelerator) { 0 };
	for (i = 0; i < NUMBERS; i++)
		keys[i].name = numbers[i].key;
	err = engine_sourced_read(path, &file, e);
	if (!err && !out->bandwidth_bps) {
		engine_error_set(e, "%s: bandwidth_bps is missing", path);
		err = -EINVAL;
	}
	memcpy(out->name, file.name, sizeof(out->name));
	memcpy(out->description, file.description, sizeof(out->description));
	return err;
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
