// SPDX-License-Identifier: LGPL-2.1-or-later
/* The text of /proc/PID/fdinfo of a session. */
#include "cli/fdinfo.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number's key, and where it goes. */
struct field {
	const char *key;
	size_t offset;
};

#define PREFILL(name)	offsetof(struct fdinfo, kind[TERRACE_STEP_PREFILL].name)
#define DECODE(name)	offsetof(struct fdinfo, kind[TERRACE_STEP_DECODE].name)

static const struct field session_fields[] = {
	{ "session", offsetof(struct fdinfo, session) },
	{ "replay", offsetof(struct fdinfo, replay) },
	{ "pace_permille", offsetof(struct fdinfo, pace_permille) },
	{ "records", offsetof(struct fdinfo, records) },
	{ "rejected", offsetof(struct fdinfo, rejected) },
	{ "prefill_steps", PREFILL(steps) },
	{ "prefill_tokens", PREFILL(tokens) },
	{ "prefill_model_ns", PREFILL(model_ns) },
	{ "prefill_wall_ns", PREFILL(wall_ns) },
	{ "prefill_absorbed_ns", PREFILL(absorbed_ns) },
	{ "prefill_last_model_ns", PREFILL(last_model_ns) },
	{ "prefill_last_wall_ns", PREFILL(last_wall_ns) },
	{ "decode_steps", DECODE(steps) },
	{ "decode_tokens", DECODE(tokens) },
	{ "decode_model_ns", DECODE(model_ns) },
	{ "decode_wall_ns", DECODE(wall_ns) },
	{ "decode_absorbed_ns", DECODE(absorbed_ns) },
	{ "decode_last_model_ns", DECODE(last_model_ns) },
	{ "decode_last_wall_ns", DECODE(last_wall_ns) },
};

static const struct field bytes_fields[] = {
	{ "model_read_bytes", offsetof(struct fdinfo_bytes, read_bytes) },
	{ "model_write_bytes", offsetof(struct fdinfo_bytes, write_bytes) },
	{ "model_in_bytes", offsetof(struct fdinfo_bytes, in_bytes) },
	{ "model_out_bytes", offsetof(struct fdinfo_bytes, out_bytes) },
	{ "model_energy_uj", offsetof(struct fdinfo_bytes, energy_uj) },
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* Put the number of a key in its place; what is no number, and keys of others, are passed over. */
static void set_number(const struct field *fields, size_t count, void *to, const char *key,
		       const char *value)
{
	unsigned long long number;
	char *end;
	size_t i;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (errno || end == value || *end || *value == '-')
		return;
	for (i = 0; i < count; i++)
		if (!strcmp(fields[i].key, key))
			*(uint64_t *)((char *)to + fields[i].offset) = number;
}

struct fdinfo_bytes *fdinfo_bytes(struct fdinfo *info, const char *tier, const char *class_name)
{
	struct fdinfo_bytes *b;
	uint32_t i;

	for (i = 0; i < info->bytes_count; i++)
		if (!strcmp(info->bytes[i].tier, tier) &&
		    !strcmp(info->bytes[i].class_name, class_name))
			return &info->bytes[i];
	if (i == FDINFO_BYTES_MAX)
		return NULL;
	b = &info->bytes[info->bytes_count++];
	snprintf(b->tier, sizeof(b->tier), "%s", tier);
	snprintf(b->class_name, sizeof(b->class_name), "%s", class_name);
	return b;
}

/* "TIER-CLASS: NAME=NUMBER ..."; a tier's name may have a '-' of its own. */
static void parse_bytes(struct fdinfo *info, char *key, char *class_name, char *value)
{
	struct fdinfo_bytes *b;
	char *word, *number, *rest;

	*class_name++ = 0;
	b = fdinfo_bytes(info, key, class_name);
	for (word = strtok_r(value, " ", &rest); b && word; word = strtok_r(NULL, " ", &rest)) {
		number = strchr(word, '=');
		if (!number)
			continue;
		*number++ = 0;
		set_number(bytes_fields, COUNT(bytes_fields), b, word, number);
	}
}

static void parse_line(struct fdinfo *info, char *line)
{
	char *value = strstr(line, ":\t"), *dash;

	if (!value)
		return;
	*value = 0;
	value += 2;
	dash = strrchr(line, '-');
	if (dash)
		parse_bytes(info, line, dash, value);
	else if (!strcmp(line, "charging"))
		snprintf(info->charging, sizeof(info->charging), "%s", value);
	else
		set_number(session_fields, COUNT(session_fields), info, line, value);
}

bool fdinfo_parse(char *text, struct fdinfo *info)
{
	char *line, *rest;

	memset(info, 0, sizeof(*info));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		parse_line(info, line);
	return info->session && info->charging[0];
}

double fdinfo_rate(uint64_t tokens, uint64_t ns)
{
	return ns ? tokens * 1e9 / ns : 0;
}
