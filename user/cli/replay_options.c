// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/replay_options.h"

#include <errno.h>
#include <stdlib.h>

/* Apart from the keys of the commands that have them. */
enum {
	KEY_POLICY = 0x1000, KEY_SCALE, KEY_ROUTING, KEY_SEED, KEY_STRICT, KEY_REPORT,
};

static const struct argp_option options[] = {
	{ "policy", KEY_POLICY, "P", 0, "static (default), lru or class", 0 },
	{ "scale", KEY_SCALE, "N", 0,
	  "Modelled bytes per real byte, a power of two, instead of the tier file's", 0 },
	{ "routing", KEY_ROUTING, "FILE", 0,
	  "Recorded expert choices instead of drawn ones (MoE models)", 0 },
	{ "seed", KEY_SEED, "N", 0, "Of drawn expert choices (1)", 0 },
	{ "strict", KEY_STRICT, NULL, 0, "A malformed line is fatal", 0 },
	{ "report", KEY_REPORT, "DIR", 0, "Also write report.txt and report.json there", 0 },
	{ 0 }
};

static uint64_t parse_number(const char *arg, const char *name, uint64_t low, uint64_t high,
			     struct argp_state *state)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(arg, &end, 10);
	if (errno || *end || end == arg || arg[0] == '-' || value < low || value > high)
		argp_error(state, "--%s is \"%s\"; give a number from %llu to %llu", name, arg,
			   (unsigned long long)low, (unsigned long long)high);
	return value;
}

static void parse_scale(struct replay_choice *c, const char *arg, struct argp_state *state)
{
	c->scale = (uint32_t)parse_number(arg, "scale", 1, 1U << LAYOUT_SCALE_SHIFT_MAX, state);
	if (c->scale & (c->scale - 1))
		argp_error(state, "--scale is %u; give a power of two", c->scale);
}

static void parse_policy(struct replay_choice *c, const char *arg, struct argp_state *state)
{
	int kind = policy_parse(arg);

	if (kind < 0)
		argp_error(state, "--policy is \"%s\"; give static, lru or class", arg);
	c->policy = kind;
}

static const char *name_of(int key)
{
	const struct argp_option *o = options;

	while (o->key && o->key != key)
		o++;
	return o->name;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct replay_choice *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		*c = (struct replay_choice) { .seed = REPLAY_SEED };
		return 0;
	case KEY_POLICY:
		parse_policy(c, arg, state);
		break;
	case KEY_SCALE:
		parse_scale(c, arg, state);
		break;
	case KEY_ROUTING:
		c->routing = arg;
		break;
	case KEY_SEED:
		c->seed = parse_number(arg, "seed", 0, UINT64_MAX, state);
		break;
	case KEY_STRICT:
		c->strict = true;
		break;
	case KEY_REPORT:
		c->report_dir = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	c->given = name_of(key);
	return 0;
}

const struct argp replay_argp = { .options = options, .parser = parse };
