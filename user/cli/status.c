// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace status: the device, its tiers and its sessions at a glance. */
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/status_sessions.h"
#include "cli/sysfs.h"
#include "cli/tiers.h"

static const struct argp argp = {
	.options = command_json_options,
	.parser = command_json_parser,
	.doc = "Print what the device is set to, what each tier holds and did since it came online, and what "
	       "each session did: its steps, tokens per second and bytes. Used, size and held are real "
	       "bytes; bytes read, written and moved, energy and lifetime are modelled.\v"
	       "Examples:\n"
	       "  terrace status\n"
	       "  terrace status --json | jq '.tiers[] | {name, used_bytes}'\n"
	       "  terrace status --json | jq '.open_sessions[] | {pid, decode}'",
};

/* The values of a tier that status shows, by their names in sysfs. */
enum value {
	READ, WRITE, IN, OUT, ENERGY, IDLE, FAULTS, SIGBUS, LIFETIME, VALUES
};

static const char * const value_names[VALUES] = {
	[READ]		= "model_read_bytes",
	[WRITE]		= "model_write_bytes",
	[IN]		= "model_in_bytes",
	[OUT]		= "model_out_bytes",
	[ENERGY]	= "model_energy_uj",
	[IDLE]		= "model_idle_energy_uj",
	[FAULTS]	= "faults",
	[SIGBUS]	= "sigbus",
	[LIFETIME]	= "lifetime_seconds",
};

/* The counters of the device itself. */
static const char * const counter_names[] = { "sessions", "buffers", "saturations", "sigbus" };

#define COUNTERS (sizeof(counter_names) / sizeof(counter_names[0]))

/* A value in a column; - when there is none. */
static void print_column(const char *tier, enum value value, int width,
			 void (*format)(char out[UNIT_MAX], uint64_t value))
{
	char text[UNIT_MAX] = "-";
	uint64_t number;

	if (!sysfs_number(tier, value_names[value], &number))
		format(text, number);
	printf(" %*s", width, text);
}

static void print_tier(const struct terrace_tier_info *t)
{
	char used[UNIT_MAX], capacity[UNIT_MAX];

	format_bytes(used, t->used_bytes);
	format_bytes(capacity, t->capacity_bytes);
	printf("%-12s %12s %12s %4.0f%%", t->name, used, capacity,
	       t->capacity_bytes ? 100.0 * t->used_bytes / t->capacity_bytes : 0);
	print_column(t->name, READ, 12, format_bytes);
	print_column(t->name, WRITE, 12, format_bytes);
	print_column(t->name, IN, 12, format_bytes);
	print_column(t->name, OUT, 12, format_bytes);
	print_column(t->name, ENERGY, 11, format_energy);
	print_column(t->name, IDLE, 11, format_energy);
	print_column(t->name, LIFETIME, 14, format_lifetime);
	putchar('\n');
}

static void print_device(const struct terrace_info *info)
{
	uint64_t counters[COUNTERS] = { 0 };
	char clock[UNIT_MAX];
	size_t i;

	for (i = 0; i < COUNTERS; i++)
		sysfs_number(NULL, counter_names[i], &counters[i]);
	format_time(clock, info->clock_ns);
	printf("scale        1 : %u, modelled bytes for each real byte\n", 1U << info->scale_shift);
	printf("model clock  %s\n", clock);
	if (info->peak_flops)
		printf("accelerator  %.1f TFLOP/s peak, %.1f %% of it reached\n",
		       info->peak_flops / 1e12, info->efficiency_permille / 10.0);
	else
		printf("accelerator  none, computing takes no time\n");
	printf("in use by    %llu sessions, %llu buffers (this command is one of the sessions)\n",
	       (unsigned long long)counters[0], (unsigned long long)counters[1]);
	printf("trouble      %llu saturated computations, %llu SIGBUS\n",
	       (unsigned long long)counters[2], (unsigned long long)counters[3]);
}

static void print_tiers(const struct tiers *tiers)
{
	uint32_t i;

	if (!tiers->count) {
		puts("\nNo tier is online: load a tier file with 'terrace tier load FILE'.");
		return;
	}
	printf("\n%-12s %12s %12s %5s %12s %12s %12s %12s %11s %11s %14s\n", "TIER", "USED", "SIZE",
	       "", "READ", "WRITTEN", "MOVED IN", "MOVED OUT", "ENERGY", "IDLE", "LIFETIME");
	for (i = 0; i < tiers->count; i++)
		print_tier(&tiers->tier[i]);
}

static int status_text(const struct terrace_info *info, const struct tiers *tiers,
		       const struct sessions *sessions)
{
	print_device(info);
	print_tiers(tiers);
	status_sessions_text(sessions);
	return STATUS_DONE;
}

static json_t *tier_json(const struct terrace_tier_info *t)
{
	json_t *tier = json_pack("{s:s, s:i, s:o, s:o, s:o}", "name", t->name, "rank", (int)t->rank,
				 "capacity_bytes", json_amount(t->capacity_bytes),
				 "used_bytes", json_amount(t->used_bytes),
				 "detached_bytes", json_amount(t->detached_bytes));
	uint64_t number;
	int i;

	for (i = 0; i < VALUES; i++)
		if (!sysfs_number(t->name, value_names[i], &number))
			json_object_set_new(tier, value_names[i], json_amount(number));
	return tier;
}

static int status_json(const struct terrace_info *info, const struct tiers *tiers,
		       const struct sessions *sessions)
{
	json_t *list = json_array(), *device;
	uint64_t number;
	uint32_t i;

	for (i = 0; i < tiers->count; i++)
		json_array_append_new(list, tier_json(&tiers->tier[i]));
	device = json_pack("{s:i, s:o, s:o, s:o, s:i, s:o, s:o, s:o}",
			   "abi", (int)info->abi_version,
			   "scale", json_amount(1ULL << info->scale_shift),
			   "clock_ns", json_amount(info->clock_ns),
			   "peak_flops", json_amount(info->peak_flops),
			   "efficiency_permille", (int)info->efficiency_permille, "tiers", list,
			   "open_sessions", status_sessions_json(sessions),
			   "unseen_sessions", json_amount(sessions->unseen));
	for (i = 0; i < COUNTERS; i++)
		if (!sysfs_number(NULL, counter_names[i], &number))
			json_object_set_new(device, counter_names[i], json_amount(number));
	return print_json(device);
}

int cmd_status(int argc, char **argv)
{
	struct terrace_session *s;
	struct sessions sessions;
	struct terrace_info info;
	struct tiers tiers;
	bool json = false;
	int status, err;

	command_parse(&argp, argc, argv, &json);
	if (terrace_session_open(NULL, &s))
		return command_failed("%s", terrace_error());
	if (terrace_session_info(s, &info) || tiers_read(s, &tiers)) {
		status = command_failed("%s", terrace_error());
		goto out;
	}
	err = sessions_read(s, &sessions);
	if (err) {
		status = command_failed("cannot find the sessions in /proc: %s", strerror(-err));
		goto out;
	}
	status = json ? status_json(&info, &tiers, &sessions) :
			status_text(&info, &tiers, &sessions);
	sessions_free(&sessions);
out:
	terrace_session_close(s);
	return status;
}
