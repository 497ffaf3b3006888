// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading network files. */
#include "sim/network_file.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/datafile.h"
#include "engine/inifile.h"
#include "sim/collective.h"

#define KEY_MAX		64

/* How the value of a key is written. */
enum form { FORM_NUMBER, FORM_NAME, FORM_NAMES, FORM_NUMBERS, FORM_PERCENTILES };

/**
 * struct key - a key
 * @offset: of its value in struct network_file
 * @lowest, @highest: of numbers; the check of the whole file may be stricter
 * @names: @n_names that the value is one or several of
 */
struct key {
	const char *section;
	const char *name;
	enum form form;
	size_t offset;
	uint64_t lowest;
	uint64_t highest;
	const char *const *names;
	size_t n_names;
};

#define NUMBER(section, field, lowest, highest) \
	{ #section, #field, FORM_NUMBER, \
	  offsetof(struct network_file, section.field), lowest, highest, NULL, 0 }
#define NAME(section, key, field, names, count) \
	{ #section, key, FORM_NAME, \
	  offsetof(struct network_file, section.field), 0, 0, names, count }

#define NS_MAX	1000000000000ULL

static const struct key keys[NETWORK_KEYS] = {
	NAME(network, "topology", topology, network_topology_names, NETWORK_TOPOLOGIES),
	NUMBER(network, nodes, 1, NETWORK_NODES_MAX),
	NUMBER(network, radix, 2, NETWORK_NODES_MAX),
	{ "network", "shape", FORM_NUMBERS, offsetof(struct network_file, network.shape), 2,
	  NETWORK_NODES_MAX, NULL, 0 },
	NUMBER(network, router_nodes, 1, NETWORK_NODES_MAX),
	NUMBER(network, group_routers, 1, NETWORK_NODES_MAX),
	NUMBER(network, router_globals, 1, NETWORK_NODES_MAX),
	NUMBER(network, links, 1, 1024),
	NUMBER(network, link_bps, 1, 1000000000000000ULL),
	NUMBER(network, efficiency_permille, 1, 1000),
	NUMBER(network, link_ns, 0, NS_MAX),
	NUMBER(network, hop_ns, 0, NS_MAX),
	NUMBER(network, message_ns, 0, NS_MAX),
	NUMBER(network, launch_ns, 0, NS_MAX),
	NUMBER(network, send_ns, 0, NS_MAX),
	NUMBER(network, memory_ns, 0, NS_MAX),
	NUMBER(network, landing_bytes, 0, 1ULL << 40),
	NUMBER(network, in_network, 0, 1),
	{ "network", "algorithms", FORM_NAMES, offsetof(struct network_file, network.algorithms),
	  0, 0, collective_algorithm_names, ALGORITHMS },
	NAME(straggler, "distribution", kind, straggler_kind_names, STRAGGLER_KINDS),
	NUMBER(straggler, mean_ns, 1, NS_MAX),
	NUMBER(straggler, median_ns, 1, NS_MAX),
	NUMBER(straggler, sigma_permille, 1, 4000),
	{ "straggler", "percentiles", FORM_PERCENTILES, 0, 0, 0, NULL, 0 },
	NUMBER(straggler, timeout_ns, 1, NS_MAX),
	NAME(straggler, "substitute", substitute, straggler_substitute_names, SUBSTITUTES),
	NUMBER(straggler, seed, 0, UINT64_MAX),
	NUMBER(straggler, samples, 1, 1000000),
};

const char *network_file_key(unsigned int index)
{
	return keys[index].name;
}

bool network_file_number(const struct network_file *f, unsigned int index, uint64_t *out)
{
	const struct key *k = &keys[index];

	if (k->form == FORM_NUMBER)
		memcpy(out, (const char *)f + k->offset, sizeof(*out));
	return k->form == FORM_NUMBER;
}

/* One of the names of a key. */
static int take_name(struct engine_ini *ini, const struct key *k, const char *text, uint64_t *out)
{
	for (*out = 0; *out < k->n_names; ++*out)
		if (!strcmp(k->names[*out], text))
			return 0;
	return engine_ini_fail(ini, "there is no %s '%s'; the nearest one is '%s'", k->name, text,
			       engine_nearest(text, k->names, k->n_names));
}

/* The next word of a text; NULL at its end. */
static const char *next_word(const char **text, char word[KEY_MAX])
{
	size_t n;

	*text += strspn(*text, " \t");
	n = strcspn(*text, " \t");
	snprintf(word, KEY_MAX, "%.*s", (int)n, *text);
	*text += n;
	return n ? word : NULL;
}

static int take_names(struct engine_ini *ini, const struct key *k, const char *text, uint64_t *out)
{
	char word[KEY_MAX];
	uint64_t index;

	for (*out = 0; next_word(&text, word); *out |= 1ULL << index)
		if (take_name(ini, k, word, &index))
			return -EINVAL;
	return *out ? 0 : engine_ini_fail(ini, "%s is empty: name one or remove it", k->name);
}

static int take_numbers(struct engine_ini *ini, const struct key *k, const char *text,
			uint64_t *out)
{
	char word[KEY_MAX];
	unsigned int i;

	for (i = 0; next_word(&text, word); i++) {
		if (i == NETWORK_DIMENSIONS_MAX)
			return engine_ini_fail(ini, "%s has more than %u numbers: remove some",
					       k->name, NETWORK_DIMENSIONS_MAX);
		if (engine_ini_number(ini, k->name, word, 0, k->lowest, k->highest, &out[i]))
			return -EINVAL;
	}
	return i ? 0 : engine_ini_fail(ini, "%s is empty: give numbers as '4 4'", k->name);
}

/* "99.9:2000": percent and nanoseconds. */
static int take_percentile(struct engine_ini *ini, char *word, struct straggler_point *out)
{
	char *colon = strchr(word, ':'), *end = word;
	double percent = 0;

	if (colon) {
		*colon = '\0';
		if (isdigit((unsigned char)*word))
			percent = strtod(word, &end);
	}
	if (!colon || end != colon || !(percent >= 0 && percent <= 100))
		return engine_ini_fail(ini, "'%s' is no percentile: write it as 99.9:2000, percent "
				       "from 0 to 100 and nanoseconds", word);
	out->share = percent / 100;
	return engine_ini_number(ini, "a percentile", colon + 1, 0, 0, NS_MAX, &out->ns);
}

static int take_percentiles(struct engine_ini *ini, const char *text, struct straggler *s)
{
	char word[KEY_MAX];

	for (s->n_points = 0; next_word(&text, word); s->n_points++) {
		if (s->n_points == STRAGGLER_POINTS_MAX)
			return engine_ini_fail(ini, "there are more than %u percentiles: remove "
					       "some", STRAGGLER_POINTS_MAX);
		if (take_percentile(ini, word, &s->points[s->n_points]))
			return -EINVAL;
	}
	return 0;
}

static int set(struct engine_ini *ini, void *user, size_t i, const char *value)
{
	const struct key *k = &keys[i];
	struct network_file *out = user;
	void *at = (char *)out + k->offset;
	uint64_t index;
	int err;

	switch (k->form) {
	case FORM_NUMBER:
		return engine_ini_number(ini, k->name, value, 0, k->lowest, k->highest, at);
	case FORM_NAMES:
		return take_names(ini, k, value, at);
	case FORM_NUMBERS:
		return take_numbers(ini, k, value, at);
	case FORM_PERCENTILES:
		return take_percentiles(ini, value, &out->straggler);
	default:
		err = take_name(ini, k, value, &index);
		*(unsigned int *)at = index;
		return err;
	}
}

static bool is_needed(const char *key)
{
	return !strcmp(key, "topology") || !strcmp(key, "nodes") || !strcmp(key, "link_bps");
}

static int check_given(const struct network_file *f, const char *path, struct engine_error *e)
{
	size_t i;

	for (i = 0; i < NETWORK_KEYS; i++) {
		if (f->sources[i].given || !is_needed(keys[i].name))
			continue;
		engine_error_set(e, "%s: [network] has no %s: add it", path, keys[i].name);
		return -EINVAL;
	}
	return 0;
}

int network_file_read(const char *path, struct network_file *out, struct engine_error *e)
{
	struct engine_sourced_key names[NETWORK_KEYS];
	struct engine_sourced file = {
		.section = "network", .keys = names, .n_keys = NETWORK_KEYS, .set = set,
		.user = out, .sources = out->sources,
	};
	size_t i;
	int err;

	*out = (struct network_file) { 0 };
	network_init(&out->network);
	straggler_init(&out->straggler);
	for (i = 0; i < NETWORK_KEYS; i++)
		names[i] = (struct engine_sourced_key) { keys[i].section, keys[i].name };
	err = engine_sourced_read(path, &file, e);
	memcpy(out->name, file.name, sizeof(out->name));
	memcpy(out->description, file.description, sizeof(out->description));
	if (!err)
		err = check_given(out, path, e);
	if (!err)
		err = network_check(&out->network, path, e);
	if (!err)
		err = straggler_check(&out->straggler, path, e);
	return err;
}

struct wanted {
	const char *name;
	struct network_file *out;
	struct engine_error *e;
};

static int look_into(void *ctx, const char *folder)
{
	const struct wanted *w = ctx;
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s.ini", folder, w->name) >= sizeof(path))
		return -ENOENT;
	return network_file_read(path, w->out, w->e);
}

int network_file_find(const char *name, struct network_file *out, struct engine_error *e)
{
	struct wanted w = { name, out, e };
	int err = -ENOENT;

	if (*name && !strchr(name, '/'))
		err = engine_datafile_search("networks", "TERRACE_NETWORKS", NULL, look_into, &w);
	if (err == -ENOENT)
		engine_error_set(e, "there is no network '%s': put %s.ini into a folder of "
				 "TERRACE_NETWORKS", name, name);
	return err;
}
