// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace tier show: all values of a tier. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <terrace/terrace.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/sysfs.h"
#include "cli/wear.h"

struct show_args {
	const char *name;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct show_args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (args->name)
			argp_error(state, "one NAME at a time, not '%s' as well", arg);
		args->name = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a tier's NAME is missing: see 'terrace tier list'");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = { OPTION_JSON, { 0 } };

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Print all values of a tier: its settings and what it did since it came online. Names that "
	       "begin with model_ are of the modelled memory. Of a memory of limited endurance also, in "
	       "words, how write budget and lifetime come about. JSON has the values alone, and null for "
	       "one that is not limited.\v"
	       "Examples:\n"
	       "  terrace tier show hbf0\n"
	       "  terrace tier show hbf0 --json | jq .wear_cycles_milli",
};

/* How to write a value of which the name ends so. */
static const struct {
	const char *suffix;
	void (*format)(char out[UNIT_MAX], uint64_t value);
} formats[] = {
	{ "_bytes", format_bytes },
	{ "_bytes_per_second", format_bandwidth },
	{ "_ns", format_time },
	{ "_uj", format_energy },
	{ "lifetime_seconds", format_lifetime },
	{ "_bytes_per_day", format_bytes },
};

static bool ends_with(const char *word, const char *suffix)
{
	size_t n = strlen(word), m = strlen(suffix);

	return n >= m && !strcmp(word + n - m, suffix);
}

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && !*end;
}

static int print_value(const char *attribute, const char *text, void *context)
{
	char readable[UNIT_MAX];
	uint64_t value;
	size_t i;

	(void)context;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!ends_with(attribute, formats[i].suffix) || !parse_number(text, &value))
			continue;
		formats[i].format(readable, value);
		if (value == UINT64_MAX)
			printf("%-36s unlimited\n", attribute);
		else
			printf("%-36s %s (%s)\n", attribute, text, readable);
		return 0;
	}
	printf("%-36s %s\n", attribute, text);
	return 0;
}

static int add_value(const char *attribute, const char *text, void *context)
{
	json_t *object = context;
	uint64_t value;

	return json_object_set_new(object, attribute, parse_number(text, &value) ?
				   json_amount(value) : json_string(text)) ? -ENOMEM : 0;
}

static int show(const char *name)
{
	struct wear_values wear;
	int err = sysfs_each(name, print_value, NULL);

	if (err)
		return err;
	err = wear_read(name, &wear);
	if (!err)
		wear_print(stdout, &wear);
	else if (err != -ENODATA)
		printf("write budget and lifetime: their settings cannot be read in /sys/kernel/config/terrace/tiers/%s (%s)\n",
		       name, strerror(-err));
	return 0;
}

/* Why there are no values: ask the device, which names what is missing. */
static int explain(const char *name, int err)
{
	struct terrace_session *s;
	int status;

	if (terrace_session_open(NULL, &s))
		return command_failed("%s", terrace_error());
	if (terrace_tier_find(s, name) < 0)
		status = command_failed("%s", terrace_error());
	else
		status = command_failed("cannot read the values of tier %s in /sys/class/misc/terrace/tiers: %s",
					name, strerror(-err));
	terrace_session_close(s);
	return status;
}

int cmd_tier_show(int argc, char **argv)
{
	struct show_args args = { 0 };
	json_t *object;
	int err;

	command_parse(&argp, argc, argv, &args);
	if (!args.json) {
		err = show(args.name);
		return err ? explain(args.name, err) : STATUS_DONE;
	}
	object = json_pack("{s:s}", "name", args.name);
	err = sysfs_each(args.name, add_value, object);
	if (!err)
		return print_json(object);
	json_decref(object);
	return explain(args.name, err);
}
