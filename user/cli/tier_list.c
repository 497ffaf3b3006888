// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace tier list: the tiers that are online. */
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/sysfs.h"
#include "cli/tiers.h"

static const struct argp argp = {
	.options = command_json_options,
	.parser = command_json_parser,
	.doc = "List the tiers that are online, the fastest first. Capacity and use are real bytes, what "
	       "follows MODELLED is of the memory the tier stands for.\v"
	       "Examples:\n"
	       "  terrace tier list\n"
	       "  terrace tier list --json | jq '.[].name'",
};

static void print_tier(const struct terrace_tier_info *t)
{
	char capacity[UNIT_MAX], used[UNIT_MAX], modelled[UNIT_MAX], read[UNIT_MAX],
	     write[UNIT_MAX], latency[UNIT_MAX], classes[64], backing[SYSFS_VALUE_MAX];

	format_bytes(capacity, t->capacity_bytes);
	format_bytes(used, t->used_bytes);
	format_bytes(modelled, t->model_capacity_bytes);
	format_bandwidth(read, t->model_read_bps);
	format_bandwidth(write, t->model_write_bps);
	format_time(latency, t->model_read_latency_ns);
	tiers_classes(classes, sizeof(classes), t->classes);
	if (sysfs_read(t->name, "backing", backing))
		snprintf(backing, sizeof(backing), "?");
	printf("%-12s %4u %-8s %12s %12s %12s %14s %14s %10s  %s\n", t->name, t->rank, backing,
	       capacity, used, modelled, read, write, latency, classes);
}

static json_t *tier_json(const struct terrace_tier_info *t)
{
	char backing[SYSFS_VALUE_MAX];
	json_t *classes = json_array();
	uint32_t c;

	for (c = 0; c < TERRACE_CLASSES; c++)
		if (t->classes & (1U << c))
			json_array_append_new(classes, json_string(terrace_class_name(c)));
	return json_pack("{s:s, s:i, s:i, s:o?, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "name", t->name, "index", t->tier, "rank", t->rank,
			 "backing", sysfs_read(t->name, "backing", backing) ? NULL :
				    json_string(backing),
			 "classes", classes,
			 "capacity_bytes", json_amount(t->capacity_bytes),
			 "used_bytes", json_amount(t->used_bytes),
			 "detached_bytes", json_amount(t->detached_bytes),
			 "model_capacity_bytes", json_amount(t->model_capacity_bytes),
			 "model_read_bytes_per_second", json_amount(t->model_read_bps),
			 "model_write_bytes_per_second", json_amount(t->model_write_bps),
			 "model_read_latency_ns", json_amount(t->model_read_latency_ns),
			 "endurance_cycles", json_amount(t->endurance_cycles));
}

static int list_json(const struct tiers *tiers)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < tiers->count; i++)
		json_array_append_new(list, tier_json(&tiers->tier[i]));
	return print_json(list);
}

static int list(const struct tiers *tiers)
{
	uint32_t i;

	if (!tiers->count) {
		puts("No tier is online: load a tier file with 'terrace tier load FILE'.");
		return STATUS_DONE;
	}
	printf("%-12s %4s %-8s %12s %12s %12s %14s %14s %10s  %s\n", "NAME", "RANK", "BACKING",
	       "CAPACITY", "USED", "MODELLED", "READ", "WRITE", "LATENCY", "CLASSES");
	for (i = 0; i < tiers->count; i++)
		print_tier(&tiers->tier[i]);
	return STATUS_DONE;
}

int cmd_tier_list(int argc, char **argv)
{
	struct terrace_session *s;
	struct tiers tiers;
	bool json = false;
	int status;

	command_parse(&argp, argc, argv, &json);
	if (terrace_session_open(NULL, &s))
		return command_failed("%s", terrace_error());
	if (tiers_read(s, &tiers))
		status = command_failed("%s", terrace_error());
	else
		status = json ? list_json(&tiers) : list(&tiers);
	terrace_session_close(s);
	return status;
}
