// SPDX-License-Identifier: LGPL-2.1-or-later
/* The kernel module's statistics as metrics. */
#include "daemon/sysfs_metrics.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIER_NAMES	64	/* more than there can be tiers */

/* A file of one number and the metric made of it: number / 10^decimals. */
struct file_metric {
	const char *file;
	const char *name;
	const char *type;
	unsigned int decimals;
	const char *help;
};

static const struct file_metric device_files[] = {
	{ "clock_ns", "terrace_model_clock_seconds", "gauge", 9, "Model clock." },
	{ "sessions", "terrace_sessions", "gauge", 0, "Open sessions." },
	{ "buffers", "terrace_buffers", "gauge", 0, "Buffers." },
	{ "saturations", "terrace_saturations_total", "counter", 0,
	  "Model computations that met the largest number and stopped there." },
	{ "sigbus", "terrace_sigbus_total", "counter", 0, "Page faults answered by SIGBUS." },
	{ "policy_rejected", "terrace_policy_rejected_total", "counter", 0,
	  "Answers of a placement policy that were not allowed." },
};

static const struct file_metric tier_files[] = {
	{ "rank", "terrace_tier_rank", "gauge", 0, "Rank, 0 = fastest." },
	{ "capacity_bytes", "terrace_tier_capacity_bytes", "gauge", 0, "Real capacity." },
	{ "poisoned_bytes", "terrace_tier_poisoned_bytes", "gauge", 0,
	  "Real bytes lost to broken pages." },
	{ "used_bytes", "terrace_tier_used_bytes", "gauge", 0,
	  "Real bytes that are some extent's home, or detached." },
	{ "detached_bytes", "terrace_tier_detached_bytes", "gauge", 0,
	  "Real bytes whose buffer is gone while pins keep the pages." },
	{ "read_bytes", "terrace_tier_read_bytes_total", "counter", 0, "Real bytes read." },
	{ "write_bytes", "terrace_tier_write_bytes_total", "counter", 0, "Real bytes written." },
	{ "model_capacity_bytes", "terrace_tier_model_capacity_bytes", "gauge", 0,
	  "Modelled capacity." },
	{ "model_read_bytes", "terrace_tier_model_read_bytes_total", "counter", 0,
	  "Modelled bytes read." },
	{ "model_write_bytes", "terrace_tier_model_write_bytes_total", "counter", 0,
	  "Modelled bytes written." },
	{ "model_in_bytes", "terrace_tier_model_in_bytes_total", "counter", 0,
	  "Modelled bytes that migrations and fills brought in." },
	{ "model_out_bytes", "terrace_tier_model_out_bytes_total", "counter", 0,
	  "Modelled bytes that migrations took away." },
	{ "model_busy_ns", "terrace_tier_model_busy_seconds_total", "counter", 9,
	  "Modelled time the tier was busy for steps." },
	{ "model_migrate_busy_ns", "terrace_tier_model_migrate_busy_seconds_total", "counter", 9,
	  "Modelled time the tier's channels were busy for migrations." },
	{ "model_energy_uj", "terrace_tier_model_energy_joules_total", "counter", 6,
	  "Modelled energy of accesses, without idle power." },
	{ "model_idle_energy_uj", "terrace_tier_model_idle_energy_joules_total", "counter", 6,
	  "Modelled energy of idle power since the tier came online." },
	{ "model_bandwidth_bytes_per_second", "terrace_tier_model_bandwidth_bytes_per_second",
	  "gauge", 0, "Modelled bandwidth used in the last model second." },
	{ "derate_permille", "terrace_tier_derate_ratio", "gauge", 3,
	  "Bandwidth left by thermal derating, 1 = all." },
	{ "faults", "terrace_tier_faults_total", "counter", 0,
	  "Page faults answered from the tier." },
	{ "major_faults", "terrace_tier_major_faults_total", "counter", 0,
	  "Page faults that waited for media." },
	{ "migrations_in", "terrace_tier_migrations_in_total", "counter", 0,
	  "Extents that moved to the tier." },
	{ "migrations_out", "terrace_tier_migrations_out_total", "counter", 0,
	  "Extents that moved away from the tier." },
	{ "migrate_busy", "terrace_tier_migrate_busy_total", "counter", 0,
	  "Moves refused because an extent was pinned." },
	{ "allocation_fallbacks", "terrace_tier_allocation_fallbacks_total", "counter", 0,
	  "Frames that came from elsewhere than asked for." },
	{ "sigbus", "terrace_tier_sigbus_total", "counter", 0,
	  "Page faults on extents of the tier answered by SIGBUS." },
	{ "wear_host_bytes", "terrace_tier_wear_host_bytes_total", "counter", 0,
	  "Modelled bytes written by the host to a tier of limited endurance." },
	{ "wear_media_bytes", "terrace_tier_wear_media_bytes_total", "counter", 0,
	  "Modelled bytes programmed, write amplification included." },
	{ "wear_cycles_milli", "terrace_tier_wear_cycles_total", "counter", 3,
	  "Mean program/erase cycles used." },
	{ "wear_durable", "terrace_tier_wear_durable", "gauge", 0,
	  "1 when the wear outlasts the tier: it is on a device." },
	{ "landing_bytes", "terrace_tier_landing_bytes", "gauge", 0,
	  "Real bytes a flash tier's landing pool may have." },
	{ "landing_used_bytes", "terrace_tier_landing_used_bytes", "gauge", 0,
	  "Real bytes of it in use." },
	{ "landing_session_bytes", "terrace_tier_landing_session_bytes", "gauge", 0,
	  "Real bytes of it that one session may have." },
	{ "readaheads", "terrace_tier_readaheads_total", "counter", 0,
	  "Extents that were filled before they were asked for." },
	{ "evictions", "terrace_tier_evictions_total", "counter", 0,
	  "Extents that left the landing pool." },
	{ "writebacks", "terrace_tier_writebacks_total", "counter", 0,
	  "Extents that were programmed because they were evicted or sealed." },
	{ "media_errors", "terrace_tier_media_errors_total", "counter", 0,
	  "Blocks that could not be programmed or read, or read back wrong." },
	{ "retention_losses", "terrace_tier_retention_losses_total", "counter", 0,
	  "Reads of extents whose retention was over." },
	{ "read_disturbs", "terrace_tier_read_disturbs_total", "counter", 0,
	  "Extents that were read often enough to need a refresh." },
	{ "refreshed_bytes", "terrace_tier_refreshed_bytes_total", "counter", 0,
	  "Real bytes rewritten to keep them." },
	{ "zero_writes_avoided_bytes", "terrace_tier_zero_writes_avoided_bytes_total", "counter", 0,
	  "Real bytes that were not programmed, since they were zero." },
	{ "flash_programmed_bytes", "terrace_tier_flash_programmed_bytes_total", "counter", 0,
	  "Real bytes programmed since the device was formatted." },
	{ "flash_uncertain_bytes", "terrace_tier_flash_uncertain_bytes", "gauge", 0,
	  "Real bytes that may have been programmed uncounted before a crash." },
	{ "flash_retired_bytes", "terrace_tier_flash_retired_bytes", "gauge", 0,
	  "Real bytes of retired segments." },
	{ "pe_cycles_average_milli", "terrace_tier_pe_cycles_average", "gauge", 3,
	  "Program/erase cycles of the device's mean segment." },
	{ "pe_cycles_max_milli", "terrace_tier_pe_cycles_max", "gauge", 3,
	  "Program/erase cycles of the device's segment worn most." },
	{ "lifetime_seconds", "terrace_tier_lifetime_seconds", "gauge", 0,
	  "Time the tier lasts at the rate of the last model day, +Inf without writes." },
	{ "lifetime_extrapolated", "terrace_tier_lifetime_extrapolated", "gauge", 0,
	  "1 while the lifetime rests on less than a model day." },
	{ "write_budget_bytes_per_day", "terrace_tier_write_budget_bytes_per_day", "gauge", 0,
	  "Modelled bytes the host may write a model day to reach the lifetime target, or +Inf." },
	{ "write_budget_left_weights_bytes", "terrace_tier_write_budget_left_weights_bytes",
	  "gauge", 0, "What is left of the share of class weights, or +Inf." },
	{ "write_budget_left_kv_bytes", "terrace_tier_write_budget_left_kv_bytes",
	  "gauge", 0, "What is left of the share of class kv, or +Inf." },
	{ "write_budget_left_context_bytes", "terrace_tier_write_budget_left_context_bytes",
	  "gauge", 0, "What is left of the share of class context, or +Inf." },
	{ "write_budget_left_activation_bytes", "terrace_tier_write_budget_left_activation_bytes",
	  "gauge", 0, "What is left of the share of class activation, or +Inf." },
	{ "write_budget_debt_bytes", "terrace_tier_write_budget_debt_bytes", "gauge", 0,
	  "Modelled bytes spent beyond the shares." },
	{ "write_budget_refusals", "terrace_tier_write_budget_refusals_total", "counter", 0,
	  "Moves that were refused for want of budget." },
};

/* Reads a file's text without its newline. */
static int read_text(const char *folder, const char *file, char *to, size_t room)
{
	char path[PATH_MAX];
	ssize_t got;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, to, room - 1);
	close(fd);
	if (got < 0)
		return -EIO;
	to[got] = '\0';
	to[strcspn(to, "\n")] = '\0';
	return 0;
}

static int read_number(const char *folder, const char *file, __u64 *out)
{
	char text[64] = "", *end;

	if (read_text(folder, file, text, sizeof(text)))
		return -ENOENT;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return text[0] < '0' || text[0] > '9' || *end || errno ? -EINVAL : 0;
}

static void write_device(struct metrics *m, const char *root)
{
	__u64 v;

	if (!read_number(root, "scale_shift", &v) && v < 64) {
		metrics_family(m, "terrace_scale_ratio", "gauge", "Modelled bytes per real byte.");
		metrics_value(m, NULL, 0, 1ULL << v, 0);
	}
	for (size_t i = 0; i < sizeof(device_files) / sizeof(device_files[0]); i++) {
		const struct file_metric *f = &device_files[i];

		if (read_number(root, f->file, &v))
			continue;
		metrics_family(m, f->name, f->type, f->help);
		metrics_value(m, NULL, 0, v, f->decimals);
	}
}

struct tier_names {
	char names[TIER_NAMES][NAME_MAX + 1];
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void list_tiers(const char *folder, struct tier_names *t)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	t->n = 0;
	if (!dir)
		return;
	while (t->n < TIER_NAMES && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			strcpy(t->names[t->n++], entry->d_name);
	closedir(dir);
	qsort(t->names, t->n, sizeof(t->names[0]), by_name);
}

static void write_tier_infos(struct metrics *m, const char *folder, const struct tier_names *t)
{
	char path[PATH_MAX], backing[512], classes[128];

	metrics_family(m, "terrace_tier_info", "gauge",
		       "What backs the tier and which classes it may hold; always 1.");
	for (size_t i = 0; i < t->n; i++) {
		struct metrics_label labels[] = {
			{ "tier", t->names[i] }, { "backing", backing }, { "classes", classes },
		};

		if (snprintf(path, sizeof(path), "%s/%s", folder, t->names[i]) >=
		    (int)sizeof(path) ||
		    read_text(path, "backing", backing, sizeof(backing)) ||
		    read_text(path, "classes", classes, sizeof(classes)))
			continue;
		metrics_value(m, labels, 3, 1, 0);
	}
}

static void write_tier_family(struct metrics *m, const char *folder, const struct tier_names *t,
			      const struct file_metric *f)
{
	bool begun = false;
	char path[PATH_MAX];
	__u64 v;

	for (size_t i = 0; i < t->n; i++) {
		struct metrics_label label = { "tier", t->names[i] };

		if (snprintf(path, sizeof(path), "%s/%s", folder, t->names[i]) >=
		    (int)sizeof(path) ||
		    read_number(path, f->file, &v))
			continue;
		if (!begun)
			metrics_family(m, f->name, f->type, f->help);
		begun = true;
		metrics_value(m, &label, 1, v, f->decimals);
	}
}

void sysfs_metrics_write(struct metrics *m, const char *root)
{
	struct tier_names tiers;
	char folder[PATH_MAX];

	write_device(m, root);
	if (snprintf(folder, sizeof(folder), "%s/tiers", root) >= (int)sizeof(folder))
		return;
	list_tiers(folder, &tiers);
	if (!tiers.n)
		return;
	write_tier_infos(m, folder, &tiers);
	for (size_t i = 0; i < sizeof(tier_files) / sizeof(tier_files[0]); i++)
		write_tier_family(m, folder, &tiers, &tier_files[i]);
}
