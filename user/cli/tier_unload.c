// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace tier unload: take tiers offline. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <terrace/terrace.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/sysfs.h"

#define TIERS	"/sys/kernel/config/terrace/tiers"

struct unload_args {
	char **names;	/* NULL = all */
	int count;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct unload_args *args = state->input;

	(void)arg;
	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case ARGP_KEY_ARGS:
		args->names = state->argv + state->next;
		args->count = state->argc - state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = { OPTION_JSON, { 0 } };

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[NAME...]",
	.doc = "Take tiers offline, all of them without a NAME. What a named tier holds is moved to the "
	       "others first; when it fits nowhere, the tier stays. All are taken offline only when no "
	       "buffer is left. Needs root.\v"
	       "Examples:\n"
	       "  terrace tier unload cxl0\n"
	       "  terrace tier unload",
};

static int unload(char **names, int count, json_t *done)
{
	int i, status = STATUS_DONE;

	for (i = 0; i < count; i++) {
		if (terrace_tier_offline(names[i]))
			status = command_failed("%s", terrace_error());
		else
			json_array_append_new(done, json_string(names[i]));
	}
	return status;
}

static int is_tier(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Tiers that a program left behind before they came online have a directory as well. */
static int unload_all(json_t *done)
{
	struct dirent **entries;
	uint64_t buffers;
	int i, n, status = STATUS_DONE;

	if (!sysfs_number(NULL, "buffers", &buffers) && buffers)
		return command_failed("the tiers still hold buffers (%llu): end the programs that use them first, see 'terrace buffers'",
				      (unsigned long long)buffers);
	n = scandir(TIERS, &entries, is_tier, alphasort);
	if (n < 0)
		return command_failed(TIERS " cannot be read (%s): load the module with 'modprobe terrace' or 'make load' and mount configfs",
				      strerror(errno));
	for (i = 0; i < n; i++) {
		char *name = entries[i]->d_name;

		if (unload(&name, 1, done))
			status = STATUS_FAILED;
		free(entries[i]);
	}
	free(entries);
	return status;
}

int cmd_tier_unload(int argc, char **argv)
{
	struct unload_args args = { 0 };
	json_t *done, *name;
	size_t i;
	int status;

	command_parse(&argp, argc, argv, &args);
	done = json_array();
	status = args.count ? unload(args.names, args.count, done) : unload_all(done);
	if (args.json) {
		int printed = print_json(json_pack("{s:o}", "unloaded", done));

		return status ? status : printed;
	}
	json_array_foreach(done, i, name)
		printf("tier %s is offline\n", json_string_value(name));
	json_decref(done);
	return status;
}
